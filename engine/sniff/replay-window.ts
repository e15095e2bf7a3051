// Remembers the signatures of the last transactions, so that one that comes again is known as a
// replay. Exact over its window: a circular list in order of arrival, and an open-addressing table
// over it from which the oldest is taken out when a new one comes. 16 bytes of a signature are
// compared; they are random, and two that agree by chance do not happen.

/** Signatures remembered by default. */
export const replayWindowSize = 65_536;

const empty = -1;
const words = 4;
/** The compared bytes of a signature begin here: in the middle of its first half. */
const replayWordsAt = 8;
const hashFactor = 0x9e37_79b1 | 0;

/** One thread; allocates nothing after construction. */
export class ReplayWindow {
  readonly size: number;
  readonly #signatures: Int32Array;
  readonly #table: Int32Array;
  readonly #shift: number;
  #next = 0;
  #count = 0;

  /** @throws RangeError unless `size` is a power of two from 2 to 2^22. */
  constructor(size = replayWindowSize) {
    const bits = Math.log2(size);
    if (!Number.isInteger(bits) || bits < 1 || bits > 22) {
      throw new RangeError(`replay window size=${size} must be a power of two from 2 to 4194304`);
    }
    this.size = size;
    this.#signatures = new Int32Array(size * words);
    this.#table = new Int32Array(size * 2).fill(empty);
    this.#shift = 31 - bits;
  }

  /**
   * Remembers the signature at `at` of `view`; false when it is among the last `size` ones, which
   * changes nothing.
   */
  add(view: DataView, at: number): boolean {
    const from = at + replayWordsAt;
    const mask = this.#table.length - 1;
    let slot = this.#find(view, from);
    if (this.#table[slot] !== empty) return false;
    if (this.#count === this.size) {
      this.#forget(this.#next);
      slot = this.#home(view.getInt32(from, true));
      while (this.#table[slot] !== empty) slot = (slot + 1) & mask;
    } else this.#count += 1;
    for (let i = 0; i < words; i += 1) {
      this.#signatures[this.#next * words + i] = view.getInt32(from + i * 4, true);
    }
    this.#table[slot] = this.#next;
    this.#next = (this.#next + 1) & (this.size - 1);
    return true;
  }

  /** Whether the signature at `at` is among the last `size` ones; changes nothing. */
  has(view: DataView, at: number): boolean {
    return this.#table[this.#find(view, at + replayWordsAt)] !== empty;
  }

  /** The slot of the compared words at `from`, or the empty one in which they would be. */
  #find(view: DataView, from: number): number {
    const mask = this.#table.length - 1;
    let slot = this.#home(view.getInt32(from, true));
    for (;;) {
      const entry = this.#table[slot] as number;
      if (entry === empty || this.#isAt(entry, view, from)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(entry: number, view: DataView, from: number): boolean {
    for (let i = 0; i < words; i += 1) {
      if (this.#signatures[entry * words + i] !== view.getInt32(from + i * 4, true)) return false;
    }
    return true;
  }

  #home(word: number): number {
    return Math.imul(word, hashFactor) >>> this.#shift;
  }

  #homeOf(entry: number): number {
    return this.#home(this.#signatures[entry * words] as number);
  }

  // Takes an entry out and closes the gap: later ones move up unless that brings them before
  // their home.
  #forget(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let gap = this.#homeOf(entry);
    while (table[gap] !== entry) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; table[slot] !== empty; slot = (slot + 1) & mask) {
      const home = this.#homeOf(table[slot] as number);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      table[gap] = table[slot] as number;
      gap = slot;
    }
    table[gap] = empty;
  }
}
