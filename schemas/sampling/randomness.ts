// The 56 bits of randomness that a sampling decision compares. A trace id's last 7 bytes are taken
// as random whether or not its flags say so (W3C level 2, flag 0x02): the SDKs make them so, every
// other sampler on the way reads them so, and a hash of our own would tear their traces. What has
// no usable trace id gets a hash of its bytes: the same record, sent again, is decided the same.
import type { Bits56 } from "./threshold.ts";

const wordMask = 0xfffffff;
/** Where the last 7 bytes of a trace id begin: the high word is the first 28 bits from there. */
const highAt = 9;
const lowAt = 12;

/** High 28 bits of the randomness of the trace id at `at`. */
export const traceIdHigh = (view: DataView, at: number): number =>
  view.getUint32(at + highAt) >>> 4;

/** Low 28 bits. */
export const traceIdLow = (view: DataView, at: number): number =>
  view.getUint32(at + lowAt) & wordMask;

/** Reads the last 7 of the 16 bytes at `at`. */
export const readTraceIdRandomness = (view: DataView, at: number, into: Bits56): void => {
  into.high = traceIdHigh(view, at);
  into.low = traceIdLow(view, at);
};

/** True for the trace id of 16 zeros, which is none. */
export const isZeroTraceId = (view: DataView, at: number): boolean =>
  (view.getInt32(at) | view.getInt32(at + 4) | view.getInt32(at + 8) | view.getInt32(at + 12)) ===
  0;

/** Spreads each bit of a word over all others: the finisher of MurmurHash3 (public domain). */
const finished = (hash: number): number => {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
};

/** 56 bits of a hash of bytes[start, end). Not against somebody who wants a certain result. */
export const readHashRandomness = (
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Bits56,
): void => {
  // Two FNV-1a lanes with different starts and multipliers.
  let one = 0x811c9dc5 | 0;
  let two = 0x9747b28c | 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x5bd1e995);
  }
  into.high = finished(one) & wordMask;
  into.low = finished(two ^ one) & wordMask;
};
