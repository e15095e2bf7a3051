// Layout of a slot ring's memory: records of one fixed size whose fields are the caller's. Made by
// slot-ring.ts; the control block in front is in ring-control-layout.ts.
//
//  0            1024                        1024 + slots x slotBytes   + a quarter of it
//  | control    | slot 0 | slot 1 | ...     | copies                   |
//                 written by the writer       drop-oldest only: written by the reader, which
//                                             copies what it takes before it can be overwritten
//
// A slot has no header. A ring whose sojourn time matters reserves an Int32 of its slot for
// stampNowUs() (enqueue-stamp.ts), written from one clock reading per batch.
import { controlBytes } from "./ring-control-layout.ts";

/** Slot sizes are multiples of this, so that each field of 8 bytes is aligned in each slot. */
export const slotAlignmentBytes = 8;
export const slotBytesMax = 65_536;
/** A quarter of the slots, which a drop-oldest reader copies at once, is one slot at least. */
export const slotsMin = 4;
export const slotDataBytesMax: number = 2 ** 30;
const copiesShare = 4;

/** Slots that a drop-oldest reader can hold as copies. */
export const copySlotsOf = (slots: number): number => slots / copiesShare;

/** Byte index of the first copy, behind the slots. */
export const copiesBase = (slots: number, slotBytes: number): number =>
  controlBytes + slots * slotBytes;
