// The first look at a transaction: size, where its static keys are, and whether one of them is a
// watched program. It reads the envelope and one word of each key, nothing else, and errs only
// towards letting through: bytes whose keys cannot be located pass, so that the next stage names
// what is wrong. The runtime demands that an instruction's program is a static key, in v0 too, so a
// watched outer instruction is never behind a lookup table.
import {
  blockhashBytes as blockhashBytesShared,
  headerBytes as headerBytesShared,
  keyBytes as keyBytesShared,
  signatureBytes as signatureBytesShared,
  transactionBytesMax,
  transactionBytesMaxV1,
  versionByteV0 as versionByteV0Shared,
  versionByteV1,
} from "../../schemas/market/transaction-layout.ts";
import {
  compactLengthShift as compactLengthShiftShared,
  compactValueMask as compactValueMaskShared,
  readCompactU16,
} from "../../schemas/market/compact-u16.ts";
import { verdict as verdictShared } from "./verdict.ts";
import { KeyHits, type WatchList } from "./watch-list.ts";

// Own constants, because an imported binding is loaded at each use.
const blockhashBytes: number = blockhashBytesShared;
const headerBytes: number = headerBytesShared;
const keyBytes: number = keyBytesShared;
const signatureBytes: number = signatureBytesShared;
const versionByteV0: number = versionByteV0Shared;
const compactLengthShift: number = compactLengthShiftShared;
const compactValueMask: number = compactValueMaskShared;
const verdict = verdictShared;

/** Below this nothing is even looked at: a signature alone has as many bytes. */
const transactionBytesMin = 64;

// Offsets in v1: version, header, mask, lifetime, then the two counts and the keys.
const v1KeyCountAt = 1 + headerBytes + 4 + blockhashBytes + 1;
const v1KeysAt = v1KeyCountAt + 1;

/** What is watched, and which sizes and versions are let through. */
export type PrefilterOptions = {
  readonly watch: WatchList;
  /** Let v1 transactions through; their activation on mainnet is not confirmed. */
  readonly v1?: boolean;
  /** Of a whole transaction; 64 by default. */
  readonly bytesMin?: number;
  /** Of a whole transaction; 1232 by default, 4096 with `v1`. */
  readonly bytesMax?: number;
};

/** `verdict.candidate` stands for passed. */
export type PrefilterVerdict =
  | typeof verdict.candidate
  | typeof verdict.vote
  | typeof verdict.notWatched
  | typeof verdict.size;

/** One thread; allocates nothing after construction. */
export class Prefilter {
  readonly watch: WatchList;
  readonly v1: boolean = false;
  /** Of the transaction that passed last; `keyCount` is 0 when its keys could not be located. */
  keysAt = 0;
  keyCount = 0;
  /** Its static keys that are watched programs or the vote program; not told when not located. */
  readonly hits = new KeyHits();
  readonly #bytesMin: number = 0;
  readonly #bytesMax: number = 0;

  constructor({ watch, v1 = false, bytesMin, bytesMax }: PrefilterOptions) {
    const largest = v1 ? transactionBytesMaxV1 : transactionBytesMax;
    this.watch = watch;
    this.v1 = v1;
    this.#bytesMin = bytesMin ?? transactionBytesMin;
    this.#bytesMax = bytesMax ?? largest;
    const isOrdered = this.#bytesMin >= transactionBytesMin && this.#bytesMin <= this.#bytesMax;
    if (isOrdered && this.#bytesMax <= largest) return;
    throw new RangeError(
      `bytesMin=${this.#bytesMin} bytesMax=${this.#bytesMax}; limits ${transactionBytesMin} to ${largest}`,
    );
  }

  /** Judges the transaction [start, end) of `view`, which must lie within it. */
  check(view: DataView, start: number, end: number): PrefilterVerdict {
    const { hits } = this;
    const bytes = end - start;
    if (bytes < this.#bytesMin || bytes > this.#bytesMax) return verdict.size;
    if (!this.#locate(view, start, end)) return verdict.candidate;
    const keysEnd = this.keysAt + this.keyCount * keyBytes;
    this.watch.find(view, this.keysAt, keysEnd, hits);
    if (hits.isWatched) return verdict.candidate;
    if (hits.count === 0) return verdict.notWatched;
    const callsVote = this.#callsHit(view, keysEnd + blockhashBytes, end);
    return callsVote ? verdict.vote : verdict.notWatched;
  }

  #locate(view: DataView, start: number, end: number): boolean {
    const first = view.getUint8(start);
    if (first >= versionByteV0) return this.#locateV1(view, start, end);
    // Envelope, version byte and header; a transaction has no room for 128 keys.
    let at = start + 1 + first * signatureBytes;
    this.keyCount = 0;
    if (at + 5 > end) return false;
    const version = view.getUint8(at);
    if (version > versionByteV0) return false;
    if (version === versionByteV0) at += 1;
    const keyCount = view.getUint8(at + headerBytes);
    at += headerBytes + 1;
    if (at + keyCount * keyBytes > end) return false;
    this.keysAt = at;
    this.keyCount = keyCount;
    return true;
  }

  #locateV1(view: DataView, start: number, end: number): boolean {
    this.keyCount = 0;
    if (!this.v1 || view.getUint8(start) !== versionByteV1 || start + v1KeysAt > end) return false;
    const keyCount = view.getUint8(start + v1KeyCountAt);
    if (start + v1KeysAt + keyCount * keyBytes > end) return false;
    this.keysAt = start + v1KeysAt;
    this.keyCount = keyCount;
    return true;
  }

  // Whether an instruction calls the only hit, the vote program; true for bytes that end early.
  #callsHit(view: DataView, countAt: number, end: number): boolean {
    const vote = this.hits.keys[0];
    const count = readCompactU16(view, countAt, end);
    if (count < 0) return true;
    let at = countAt + (count >> compactLengthShift);
    for (let i = count & compactValueMask; i > 0; i -= 1) {
      if (at >= end || view.getUint8(at) === vote) return true;
      const accounts = readCompactU16(view, at + 1, end);
      if (accounts < 0) return true;
      const dataAt = at + 1 + (accounts >> compactLengthShift) + (accounts & compactValueMask);
      const data = readCompactU16(view, dataAt, end);
      if (data < 0) return true;
      at = dataAt + (data >> compactLengthShift) + (data & compactValueMask);
    }
    return false;
  }
}
