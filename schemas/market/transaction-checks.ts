// Invariants of a transaction that need the whole of it: header against keys, account indexes
// against static and loaded keys, no key twice. Used by both parsers.
import type { TransactionView } from "./transaction.ts";
import {
  accountsMax,
  instructionField,
  keyBytes,
  transactionCode as codes,
  type TransactionCode,
} from "./transaction-layout.ts";

/** Reads the header's other two bytes and checks that the keys can satisfy it. */
export const checkHeader = (
  into: TransactionView,
  view: DataView,
  headerAt: number,
): TransactionCode => {
  const readonlySigned = view.getUint8(headerAt + 1);
  const readonlyUnsigned = view.getUint8(headerAt + 2);
  into.readonlySigned = readonlySigned;
  into.readonlyUnsigned = readonlyUnsigned;
  if (readonlySigned >= into.signatureCount) return codes.header;
  return into.signatureCount + readonlyUnsigned > into.keyCount ? codes.header : codes.ok;
};

/**
 * Every account index must name a static or a loaded key; called when the instructions and
 * lookups of `from` are known.
 */
export const checkAccounts = (from: TransactionView, view: DataView): TransactionCode => {
  const accounts = from.keyCount + from.loadedWritable + from.loadedReadonly;
  if (accounts > accountsMax) return codes.accountCount;
  if (accounts === accountsMax) return codes.ok;
  const { instructions } = from;
  const last = from.instructionCount * instructionField.words;
  for (let word = 0; word < last; word += instructionField.words) {
    const at = instructions[word + instructionField.accountsAt] as number;
    const count = instructions[word + instructionField.accountCount] as number;
    if (!allBelow(view, at, at + count, accounts)) return codes.accountIndex;
  }
  return codes.ok;
};

// Four indexes are compared at once while `limit` leaves the high bit free: after the addition a
// byte's high bit is set exactly when the byte is `limit` or more.
const allBelow = (view: DataView, start: number, end: number, limit: number): boolean => {
  let at = start;
  if (limit <= 0x80) {
    const excess = Math.imul(0x80 - limit, 0x0101_0101);
    for (; at + 4 <= end; at += 4) {
      const four = view.getInt32(at, true);
      if (((((four & 0x7f7f_7f7f) + excess) | four) & 0x8080_8080) !== 0) return false;
    }
  }
  for (; at < end; at += 1) if (view.getUint8(at) >= limit) return false;
  return true;
};

const seenSlots = 2048;
const seenShift = 21;
const hashFactor = 0x9e37_79b1 | 0;

/**
 * Finds equal keys in one pass: a table of stamps by hash, valid for one transaction without
 * clearing. Only when two keys share a place are earlier keys compared.
 */
export class SeenKeys {
  readonly #stamps = new Int32Array(seenSlots);
  #stamp = 0;

  hasDuplicate(view: DataView, keysAt: number, keyCount: number): boolean {
    if (this.#stamp === 0x7fff_ffff) {
      this.#stamps.fill(0);
      this.#stamp = 0;
    }
    this.#stamp += 1;
    const end = keysAt + keyCount * keyBytes;
    let at = this.#nextShared(view, keysAt, end);
    while (at >= 0 && !isAmong(view, keysAt, at)) {
      at = this.#nextShared(view, at + keyBytes, end);
    }
    return at >= 0;
  }

  // The first key of [from, end) whose slot is taken, or -1. Nothing else is in the loop.
  #nextShared(view: DataView, from: number, end: number): number {
    const stamp = this.#stamp;
    const stamps = this.#stamps;
    for (let at = from; at < end; at += keyBytes) {
      // A word from the middle: vanity keys and sysvars share their ends.
      const slot = Math.imul(view.getInt32(at + 12, true), hashFactor) >>> seenShift;
      if (stamps[slot] === stamp) return at;
      stamps[slot] = stamp;
    }
    return -1;
  }
}

const isAmong = (view: DataView, keysAt: number, keyAt: number): boolean => {
  for (let at = keysAt; at < keyAt; at += keyBytes) if (sameKey(view, at, keyAt)) return true;
  return false;
};

const sameKey = (view: DataView, a: number, b: number): boolean => {
  for (let i = 0; i < keyBytes; i += 4) {
    if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  }
  return true;
};
