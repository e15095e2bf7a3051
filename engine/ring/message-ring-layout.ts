// Layout of a message ring's memory and of one record. Made by message-ring.ts, used by
// message-ring-writer.ts and message-ring-reader.ts; the control block in front is in ring-control-layout.ts.
//
//  0            1024                      1024 + capacity       + capacity / 4
//  | control    | records                 | copies              |
//                 written by the writer     drop-oldest only: written by the reader, which copies
//                                           what it takes before the writer may overwrite it
//
//  One record, 8-byte aligned, never crossing the end of the ring:
//   0        4                          8         12        16
//   | length | type, priority << 16     | stampUs | unused  | payload ... | to a multiple of 8 |
//
// Type 0 is padding: an aborted claim, or the rest of the ring before a wrap. That rest may be eight
// bytes only, so padding has no stamp, and its length is "size minus header", which may be -8.
const headerBytes = 16;
export const alignmentBytes = 8;
export const paddingType = 0;
/** Types are 1..32767. */
export const messageTypeMax = 32_767;

export const capacityBytesMin = 1024;
/** Positions are compared by signed 32-bit difference: half the range at most. */
export const capacityBytesMax: number = 2 ** 30;
/** A message is an eighth of the ring at most, so that padding at the wrap stays small. */
const messageShare = 8;
const copiesShare = 4;

/** Bytes that a record with this payload takes in the ring. */
export const recordBytes = (length: number): number =>
  (length + headerBytes + alignmentBytes - 1) & -alignmentBytes;
/** The `length` of padding that takes `size` bytes. */
const paddingLength = (size: number): number => size - headerBytes;
export const messageBytesMaxOf = (capacityBytes: number): number => capacityBytes / messageShare;
/** Room for the reader's copies in a drop-oldest ring. */
export const copiesBytesOf = (capacityBytes: number): number => capacityBytes / copiesShare;

/** `at` is the byte index of a record in the memory. */
export const payloadIndex = (at: number): number => at + headerBytes;
export const recordIndex = (payload: number): number => payload - headerBytes;
export const lengthAt = (words: Int32Array, at: number): number => words[at >> 2] as number;
export const tagAt = (words: Int32Array, at: number): number => words[(at >> 2) + 1] as number;
export const stampAt = (words: Int32Array, at: number): number => words[(at >> 2) + 2] as number;

/** Type and priority share a word. */
export const tagOf = (type: number, priority: number): number => type | (priority << 16);
export const typeOfTag = (tag: number): number => tag & 0xffff;
export const priorityOfTag = (tag: number): number => tag >> 16;

export const writeHeader = (words: Int32Array, at: number, length: number, tag: number): void => {
  words[at >> 2] = length;
  words[(at >> 2) + 1] = tag;
};
export const writeStamp = (words: Int32Array, at: number, stampUs: number): void => {
  words[(at >> 2) + 2] = stampUs;
};
export const writeTag = (words: Int32Array, at: number, tag: number): void => {
  words[(at >> 2) + 1] = tag;
};
export const writePadding = (words: Int32Array, at: number, size: number): void => {
  words[at >> 2] = paddingLength(size);
  words[(at >> 2) + 1] = paddingType;
};
