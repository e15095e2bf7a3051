// Keys of 32 bytes by their words: copied, compared, hashed. The BigInts of the copy never exist: the
// compiler joins load and store to one machine word (measured, no garbage). Pure; any runtime.
import { keyBytes } from "./transaction-layout.ts";

const hashFactor = 0x9e37_79b1 | 0;

/** One key, written out: a loop costs as much again, Uint8Array.set 20 ns by itself. */
export const copyKey = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  to.setBigInt64(toAt, from.getBigInt64(fromAt, true), true);
  to.setBigInt64(toAt + 8, from.getBigInt64(fromAt + 8, true), true);
  to.setBigInt64(toAt + 16, from.getBigInt64(fromAt + 16, true), true);
  to.setBigInt64(toAt + 24, from.getBigInt64(fromAt + 24, true), true);
};

/** Whether two keys are the same. */
export const isSameKey = (a: DataView, aAt: number, b: DataView, bAt: number): boolean => {
  for (let i = 0; i < keyBytes; i += 4) {
    if (a.getInt32(aAt + i, true) !== b.getInt32(bAt + i, true)) return false;
  }
  return true;
};

/** 32 bits, of which the upper ones differ most. */
export const hashOfKey = (view: DataView, at: number): number =>
  Math.imul(view.getInt32(at, true) ^ view.getInt32(at + 12, true), hashFactor);
