// Whole attributes that were lately found in order, key and value, each in the state of the tree
// (shapes.ts) in which it stood: most attributes have few values, and such a one is compared
// instead of read. A table of fixed size; what it does not hold is read as before, so it decides
// nothing. A state that ever new values come to is given up for a while.
//
// A cell:  first four bytes (tag, length, tag and length of the key), state, next state
// A text:  the bytes behind the first four

// What the hot path uses has names that are not exported: see attribute-walk.ts.
/** An attribute has its place in one set of two cells. */
const sets = 512;
const setShift = 23;
const ways = 2;
const slots = sets * ways;
const odd = 0x9e3779b1 | 0;
const textBytes = 128;
/** States are spread over the hash by this shift, so that one multiplication is enough. */
const stateShift = 11;
const noState = -1;
/** Values of one state that are taken in before it is given up. */
const takenMax = 200;
/** Requests after which a state is tried anew. */
const requestsMax = 1024;

/** Bytes of the shortest attribute that is kept: its text is compared eight bytes at a time. */
export const knownBytesMin = 12;
export const knownWord = { first: 0, state: 1, target: 2 } as const;
const stride = 4;
export const knownStride = stride;
/** Shift that makes the offset of a slot's text of that of its cell. */
const textShift = 5;
export const knownTextShift = textShift;

/** The first cell for an attribute in this state, by its first and last four bytes. */
export const knownCell = (state: number, first: number, last: number): number =>
  (Math.imul(first ^ last ^ (state << stateShift), odd) >>> setShift) * (stride * ways);

/** One per tree of shapes, whose states it names. */
export class KnownAttributes {
  readonly cells = new Int32Array(slots * stride).fill(noState);
  readonly texts = new DataView(new ArrayBuffer(slots * textBytes));
  readonly #taken: Uint8Array;
  #requests = 0;

  constructor(states: number) {
    this.#taken = new Uint8Array(states);
  }

  /**
   * Keeps the attribute at [at, next), proven, in the usual encoding and fine whatever the span is.
   * Its bytes are compared as doubles: one that has eight bytes without a bit, or those of no
   * number, is not kept, as such compare otherwise than their bytes.
   */
  keep(view: DataView, { at, next, state, target }: KnownAttribute): void {
    const taken = this.#taken[state] as number;
    if (taken === takenMax || next - at < knownBytesMin) return;
    this.#taken[state] = taken + 1;
    const { cells, texts } = this;
    const first = view.getInt32(at, true);
    // One after the other of a set's cells is given away.
    const way = (taken & (ways - 1)) * stride;
    const cell = knownCell(state, first, view.getInt32(next - 4, true)) + way;
    const text = cell << textShift;
    cells[cell + knownWord.state] = noState;
    const last = next - 8;
    for (let from = at + 4; from < next; from += 8) {
      const begin = Math.min(from, last);
      const bits = view.getFloat64(begin, true);
      if (bits === 0 || Number.isNaN(bits)) return;
      texts.setFloat64(text + begin - at - 4, bits, true);
    }
    cells[cell + knownWord.first] = first;
    cells[cell + knownWord.state] = state;
    cells[cell + knownWord.target] = target;
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
    this.cells.fill(noState);
    this.#taken.fill(0);
  }
}

/** Where it stands, the state before it and the state behind it. */
type KnownAttribute = {
  readonly at: number;
  readonly next: number;
  readonly state: number;
  readonly target: number;
};
