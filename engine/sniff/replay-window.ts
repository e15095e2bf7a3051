// Remembers the signatures of the last transactions, so that one that comes again is known as a
// replay. Exact over its window: a circular list in order of arrival, in shared memory
// (replay-layout.ts), and an open-addressing table over it from which the oldest is taken out when a
// new one comes. The table is the thread's own and made anew from the list, so that nothing a dead
// writer left half done is in it. 16 bytes of a signature are compared; they are random, and two
// that agree by chance do not happen.
//
// A replay is what came first at another place. What comes again from the same place is the same
// transaction, read from the log once more because its effects may not have left: it is let through.
import {
  nextWord,
  offsetDouble,
  placeWord,
  replaySlots,
  signatureWords,
  sizeWord,
  slotDoubles,
  slotInts,
} from "./replay-layout.ts";

/** Signatures remembered by default. */
export const replayWindowSize = 65_536;

const empty = -1;
/** The compared bytes of a signature begin here: in the middle of its first half. */
const replayWordsAt = 8;
const hashFactor = 0x9e37_79b1 | 0;

/** Where a transaction stands in its stream: its record, to 2^53 - 1, and its number in that, to 2^31 - 2. */
export type StreamPlace = { readonly offset: number; readonly index: number };

/** One thread at a time; allocates nothing after construction. */
export class ReplayWindow {
  readonly size: number;
  readonly #header: Int32Array;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  readonly #table: Int32Array;
  readonly #shift: number;
  /** The slot that the next signature goes into; nothing that is in it counts. */
  #next: number;

  /** Over memory of `createReplayMemory`, with what is in it. About 50 ns for each signature there. */
  constructor(memory: SharedArrayBuffer) {
    this.#header = new Int32Array(memory);
    this.size = this.#header[sizeWord] as number;
    const { ints, doubles } = replaySlots(memory);
    this.#ints = ints;
    this.#doubles = doubles;
    this.#table = new Int32Array(this.size * 2);
    this.#shift = 31 - Math.log2(this.size);
    this.#next = Atomics.load(this.#header, nextWord);
    this.#makeTable();
  }

  /**
   * Remembers the signature at `at` of `view`, which came at `place`; false when it is a replay,
   * which changes nothing.
   */
  add(view: DataView, at: number, place: StreamPlace): boolean {
    const from = at + replayWordsAt;
    const entry = this.#table[this.#find(view, from)] as number;
    if (entry !== empty) return this.#cameAt(entry, place);
    this.#remember(view, from, place);
    return true;
  }

  /** Whether the signature at `at`, which came at `place`, is a replay; changes nothing. */
  isReplay(view: DataView, at: number, place: StreamPlace): boolean {
    const entry = this.#table[this.#find(view, at + replayWordsAt)] as number;
    return entry !== empty && !this.#cameAt(entry, place);
  }

  #cameAt(entry: number, { offset, index }: StreamPlace): boolean {
    return (
      this.#doubles[entry * slotDoubles + offsetDouble] === offset &&
      this.#ints[entry * slotInts + placeWord] === index + 1
    );
  }

  // The order of the stores is what replay-layout.ts promises; the table may be in any order.
  #remember(view: DataView, from: number, { offset, index }: StreamPlace): void {
    const entry = this.#next;
    const ints = this.#ints;
    const at = entry * slotInts;
    for (let i = 0; i < signatureWords; i += 1) ints[at + i] = view.getInt32(from + i * 4, true);
    this.#doubles[entry * slotDoubles + offsetDouble] = offset;
    ints[at + placeWord] = index + 1;
    const oldest = entry === this.size ? 0 : entry + 1;
    Atomics.store(this.#header, nextWord, oldest);
    this.#next = oldest;
    this.#insert(entry);
    if (this.#isUsed(oldest)) this.#forget(oldest);
  }

  #isUsed(entry: number): boolean {
    return this.#ints[entry * slotInts + placeWord] !== 0;
  }

  /** The slot of the table with the compared words at `from`, or the empty one in which they would be. */
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
    for (let i = 0; i < signatureWords; i += 1) {
      if (this.#ints[entry * slotInts + i] !== view.getInt32(from + i * 4, true)) return false;
    }
    return true;
  }

  #home(word: number): number {
    return Math.imul(word, hashFactor) >>> this.#shift;
  }

  #homeOf(entry: number): number {
    return this.#home(this.#ints[entry * slotInts] as number);
  }

  #makeTable(): void {
    this.#table.fill(empty);
    for (let entry = 0; entry <= this.size; entry += 1) {
      if (entry !== this.#next && this.#isUsed(entry)) this.#insert(entry);
    }
  }

  #insert(entry: number): void {
    const mask = this.#table.length - 1;
    let slot = this.#homeOf(entry);
    while (this.#table[slot] !== empty) slot = (slot + 1) & mask;
    this.#table[slot] = entry;
  }

  // Takes an entry out and closes the gap: later ones move up unless that brings them before
  // their home.
  #forget(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let gap = this.#homeOf(entry);
    while (table[gap] !== entry && table[gap] !== empty) gap = (gap + 1) & mask;
    // Not there: another thread wrote into the list. Better slow than wrong.
    if (table[gap] === empty) {
      this.#makeTable();
      return;
    }
    for (let slot = (gap + 1) & mask; table[slot] !== empty; slot = (slot + 1) & mask) {
      const home = this.#homeOf(table[slot] as number);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      table[gap] = table[slot] as number;
      gap = slot;
    }
    table[gap] = empty;
  }
}
