// The protobuf wire format below the messages: varints, tags, lengths, skipping. Pure functions on
// bytes; a position and a refusal share one number: 0 and up is the next position, below 0 is the
// negated scan code. Nothing here reads at or after `end`.
import { scanCode } from "./limits.ts";

export const wireType = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

const varintBytesMax = 10;
const tagBytesMax = 5;

/** The byte at a position that the caller has checked. */
export const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number;

/** The tag of a field: what stands before its value. */
export const tagOf = (field: number, type: number): number => (field << 3) | type;

/** Bytes of the varint at `at`, 1 to 10, or a negated code. */
export const varintSize = (bytes: Uint8Array, at: number, end: number): number => {
  for (let size = 1; size <= varintBytesMax; size += 1) {
    if (at + size > end) return -scanCode.truncated;
    if (byteAt(bytes, at + size - 1) < 128) return size;
  }
  return -scanCode.varintTooLong;
};

/** Low 32 bits, signed, of a varint that `varintSize` accepted. */
export const varintLow = (bytes: Uint8Array, at: number): number => {
  const first = byteAt(bytes, at);
  if (first < 128) return first;
  const second = byteAt(bytes, at + 1);
  let low = (first & 127) | ((second & 127) << 7);
  if (second < 128) return low;
  for (let shift = 14, i = at + 2; shift < 35; shift += 7, i += 1) {
    const byte = byteAt(bytes, i);
    low |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return low;
};

/** High 32 bits, signed, of a varint that `varintSize` accepted. */
export const varintHigh = (bytes: Uint8Array, at: number): number => {
  for (let i = 0; i < 4; i += 1) if (byteAt(bytes, at + i) < 128) return 0;
  // The fifth byte gives bits 28 to 34: its upper three are the lowest of the high word.
  let byte = byteAt(bytes, at + 4);
  let high = (byte & 127) >>> 4;
  for (let shift = 3, i = at + 5; byte > 127; shift += 7, i += 1) {
    byte = byteAt(bytes, i);
    high |= (byte & 127) << shift;
  }
  return high;
};

/** Bytes of the tag at `at`, 1 to 5, or a negated code. */
export const tagSize = (bytes: Uint8Array, at: number, end: number): number => {
  const size = varintSize(bytes, at, end);
  if (size < tagBytesMax) return size;
  return size === tagBytesMax && byteAt(bytes, at + 4) < 16 ? size : -scanCode.badTag;
};

/** Bytes of the length at `at`, 1 to 5, or a negated code; its value is then `varintLow`. */
const lengthSize = (bytes: Uint8Array, at: number, end: number): number => {
  const size = varintSize(bytes, at, end);
  if (size < tagBytesMax) return size;
  return size === tagBytesMax && byteAt(bytes, at + 4) < 8 ? size : -scanCode.badLength;
};

/** Where the length-delimited value at `at` begins, behind its length, or a negated code. */
export const delimitedStart = (bytes: Uint8Array, at: number, end: number): number => {
  const short = at < end ? byteAt(bytes, at) : 128;
  if (short < 128) return short >= end - at ? -scanCode.truncated : at + 1;
  const size = lengthSize(bytes, at, end);
  if (size < 0) return size;
  return varintLow(bytes, at) > end - at - size ? -scanCode.truncated : at + size;
};

/** The position behind the value of this wire type, or a negated code. */
export const skipValue = (bytes: Uint8Array, at: number, end: number, type: number): number => {
  let next = -scanCode.badWireType;
  if (type === wireType.varint) {
    const size = varintSize(bytes, at, end);
    next = size < 0 ? size : at + size;
  } else if (type === wireType.delimited) {
    const start = delimitedStart(bytes, at, end);
    next = start < 0 ? start : start + varintLow(bytes, at);
  } else if (type === wireType.fixed64) next = at + 8;
  else if (type === wireType.fixed32) next = at + 4;
  return next > end ? -scanCode.truncated : next;
};

/** Bytes that a length or tag of this value takes, 1 to 5. */
export const lengthBytes = (value: number): number => {
  if (value < 1 << 7) return 1;
  if (value < 1 << 14) return 2;
  if (value < 1 << 21) return 3;
  return value < 1 << 28 ? 4 : 5;
};

/** Writes a length or tag; returns the position behind it. */
export const writeLength = (out: Uint8Array, at: number, value: number): number => {
  let rest = value;
  let next = at;
  while (rest > 127) {
    out[next] = (rest & 127) | 128;
    rest >>>= 7;
    next += 1;
  }
  out[next] = rest;
  return next + 1;
};
