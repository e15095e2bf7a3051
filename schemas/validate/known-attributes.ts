// Whole attributes that were lately found in order, key and value, each in the state of the tree
// (shapes.ts) in which it stood: most attributes have few values, and such a one is compared
// instead of read. A table of fixed size; what it does not hold is read as before, so it decides
// nothing. A state that ever new values come to is given up for a while.
//
//   entry   0 state    4 next state    8 the attribute's bytes from its tag on, 120 at most
//
// An attribute has its place in a set of two entries, by its first and last four bytes.

// What the hot path uses has names that are not exported: see attribute-walk.ts.
const sets = 512;
const setMask = sets - 1;
const hashShift = 23;
const odd = 0x9e3779b1 | 0;
const setBytesShift = 8;
const entryBytes = 128;
const targetAt = 4;
const textAt = 8;
/** Its text is compared eight bytes at a time. */
const bytesMin = 12;
const bytesMax = entryBytes - textAt;
/** Behind the last entry, so that a comparison with a longer attribute stays within. */
const slackBytes = 256;
const noState = -1;
/** Values of one state that are taken in before it is given up. */
const takenMax = 200;
/** Requests after which a state is tried anew. */
const requestsMax = 1024;

/** Of an attribute, whole. */
export const knownBytesMin = bytesMin;
export const knownEntryBytes = entryBytes;
export const knownTargetAt = targetAt;
export const knownTextAt = textAt;

/** Offset of the set for an attribute in this state, by its first and last four bytes. */
export const knownSet = (state: number, first: number, last: number): number =>
  ((Math.imul(first ^ last, odd) >>> hashShift) ^ (state & setMask)) << setBytesShift;

/** Where an attribute stands, the state before it and the state behind it. */
type KnownAttribute = {
  readonly at: number;
  readonly next: number;
  readonly state: number;
  readonly target: number;
};

/** One per tree of shapes, whose states it names. */
export class KnownAttributes {
  readonly entries = new DataView(new ArrayBuffer((sets << setBytesShift) + slackBytes));
  readonly #taken: Uint8Array;
  #requests = 0;

  constructor(states: number) {
    this.#taken = new Uint8Array(states);
    this.clear();
  }

  /** Whether nothing more is kept in this state. */
  isGivenUp(state: number): boolean {
    return this.#taken[state] === takenMax;
  }

  /**
   * Keeps the attribute at [at, next), proven, in the usual encoding and fine whatever the span is.
   * Its bytes are compared as doubles: one that has eight bytes without a bit, or those of no
   * number, is not kept, as such compare otherwise than their bytes.
   */
  keep(view: DataView, { at, next, state, target }: KnownAttribute): void {
    const taken = this.#taken[state] as number;
    if (taken === takenMax || next - at < bytesMin || next - at > bytesMax) return;
    this.#taken[state] = taken + 1;
    const { entries } = this;
    const set = knownSet(state, view.getInt32(at, true), view.getInt32(next - 4, true));
    const entry = this.#place(set, taken);
    entries.setInt32(entry, noState, true);
    const last = next - 8;
    for (let from = at; from < next; from += 8) {
      const begin = Math.min(from, last);
      const bits = view.getFloat64(begin, true);
      if (bits === 0 || Number.isNaN(bits)) return;
      entries.setFloat64(entry + textAt + begin - at, bits, true);
    }
    entries.setInt32(entry, state, true);
    entries.setInt32(entry + targetAt, target, true);
  }

  /** The first entry of a set that is free; when none is, one after the other is given away. */
  #place(set: number, turn: number): number {
    const second = set + entryBytes;
    if (this.entries.getInt32(set, true) === noState) return set;
    if (this.entries.getInt32(second, true) === noState) return second;
    return (turn & 1) === 0 ? set : second;
  }

  /** Between requests. */
  refresh(): void {
    this.#requests += 1;
    if (this.#requests < requestsMax) return;
    this.#requests = 0;
    this.#taken.fill(0);
  }

  /** When the states are others. */
  clear(): void {
    const { byteLength } = this.entries;
    for (let at = 0; at < byteLength; at += 4) this.entries.setInt32(at, noState, true);
    this.#taken.fill(0);
  }
}
