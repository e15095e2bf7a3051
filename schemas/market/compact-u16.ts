// Solana's length prefix: 7 bits a byte, low bits first, at most 3 bytes, shortest form only.
import { transactionCode as codes } from "./transaction-layout.ts";

/** `readCompactU16` packs value and length in one word: no object, no state. */
export const compactValueMask = 0xffff;
export const compactLengthShift = 16;

/**
 * Reads a compact-u16 (7 bits a byte, low first, at most 3 bytes): value | length << 16, or the
 * negated code when it is cut off, not minimal, or above 65535.
 */
export const readCompactU16 = (view: DataView, at: number, end: number): number => {
  if (at >= end) return -codes.truncated;
  const low = view.getUint8(at);
  if (low < 0x80) return low | (1 << compactLengthShift);
  if (at + 1 >= end) return -codes.truncated;
  const middle = view.getUint8(at + 1);
  if (middle < 0x80) {
    if (middle === 0) return -codes.compactU16;
    return (low & 0x7f) | (middle << 7) | (2 << compactLengthShift);
  }
  if (at + 2 >= end) return -codes.truncated;
  const high = view.getUint8(at + 2);
  if (high === 0 || high > 3) return -codes.compactU16;
  return (low & 0x7f) | ((middle & 0x7f) << 7) | (high << 14) | (3 << compactLengthShift);
};
