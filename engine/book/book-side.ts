// One side of a book: a window of 1024 ticks in shared memory with a two-level bitmap, and a
// table for the levels outside it. Exact at any price range: an index is a tick, never a bucket.
// Both sides are the same code: a *key* is the price for bids and minus the price for asks, so
// the best level always has the highest key.
//
// Invariant: a level outside the window has a lower key than the window; so the best level is in
// the window whenever the side has any.
import { decimalValueMax } from "../../schemas/market/decimal.ts";
import { farLevelsMax, windowBestIndex, windowLevels } from "./book-layout.ts";
import { LevelTable } from "./level-table.ts";

// Own constant, because an imported binding is loaded at each use: nanoseconds in `set`.
const levelCount: number = windowLevels;

/** Sign of a side: key = price * sign. */
export const bidSign = 1;
export const askSign = -1;

/** The memory of one side. */
export type SideMemory = {
  readonly sizes: Float64Array;
  readonly bitmap: Int32Array;
};

/** Prices and sizes are integers from 0 to 2^53 - 1. Single writer: the market thread. */
export class BookSide {
  readonly #sign: number;
  readonly #sizes: Float64Array;
  readonly #bitmap: Int32Array;
  readonly #far = new LevelTable();
  readonly #arrivals = new Float64Array(windowLevels);
  #summary = 0;
  #best = -1;
  // NaN fails both range checks, so an empty side takes the slow path.
  #base = Number.NaN;
  #moves = 0;
  #touches = 0;

  constructor(sign: number, memory: SideMemory) {
    this.#sign = sign;
    this.#sizes = memory.sizes;
    this.#bitmap = memory.bitmap;
    this.clear();
  }

  /** Index of the best level in the window, -1 when the side is empty. */
  get bestIndex(): number {
    return this.#best;
  }

  /** Key of index 0; meaningless for an empty side. */
  get base(): number {
    return this.#base;
  }

  /** Window moves so far; every one changes what an index means. */
  get moves(): number {
    return this.#moves;
  }

  /** Changes whenever the best price or its size may have changed. Wraps in 32 bits. */
  get touches(): number {
    return this.#touches;
  }

  /** Best price, -1 when the side is empty. */
  get bestPrice(): number {
    return this.#best < 0 ? -1 : this.#priceAt(this.#best);
  }

  /** Size at the best price, 0 when the side is empty. */
  get bestSize(): number {
    return this.#best < 0 ? 0 : (this.#sizes[this.#best] ?? 0);
  }

  /**
   * Sets the size at a price; 0 removes the level, and removing an unknown one is normal. Returns
   * false, and the level is lost, when `farLevelsMax` levels are outside the window.
   */
  set(price: number, size: number): boolean {
    const index = price * this.#sign - this.#base;
    if (!(index >= 0 && index < levelCount)) return this.#setOutside(price, size);
    const at = index | 0;
    const sizes = this.#sizes;
    if (at >= this.#best) this.#touches = (this.#touches + 1) | 0;
    const before = sizes[at] ?? 0;
    sizes[at] = size;
    if (size > 0) {
      if (before === 0) this.#occupy(at);
    } else if (before !== 0) this.#vacate(at);
    return true;
  }

  clear(): void {
    this.#sizes.fill(0);
    this.#bitmap.fill(0);
    this.#far.clear();
    this.#summary = 0;
    this.#best = -1;
    this.#base = Number.NaN;
    this.#touches = (this.#touches + 1) | 0;
  }

  /** All levels, best first: [price, size]. Allocates; for tools, tests and changes of scale. */
  levels(): [number, number][] {
    const found: [number, number][] = [];
    for (let at = this.#best; at >= 0; at -= 1) {
      const size = this.#sizes[at] ?? 0;
      if (size > 0) found.push([this.#priceAt(at), size]);
    }
    const far: [number, number][] = [];
    for (let slot = 0; slot < this.#far.capacity; slot += 1) {
      const price = this.#far.keyAt(slot);
      if (price >= 0) far.push([price, this.#far.sizeAt(slot)]);
    }
    far.sort(([a], [b]) => (b - a) * this.#sign);
    return [...found, ...far];
  }

  // Plus 0 turns the -0 of an ask at price 0 into 0.
  #priceAt(at: number): number {
    return (this.#base + at) * this.#sign + 0;
  }

  #occupy(at: number): void {
    const word = at >> 5;
    this.#bitmap[word] = (this.#bitmap[word] ?? 0) | (1 << (at & 31));
    this.#summary |= 1 << word;
    if (at > this.#best) this.#best = at;
  }

  #vacate(at: number): void {
    const word = at >> 5;
    const left = (this.#bitmap[word] ?? 0) & ~(1 << (at & 31));
    this.#bitmap[word] = left;
    if (left === 0) this.#summary &= ~(1 << word);
    if (at !== this.#best) return;
    if (this.#summary === 0) this.#runEmpty();
    else {
      const top = 31 - Math.clz32(this.#summary);
      this.#best = (top << 5) + 31 - Math.clz32(this.#bitmap[top] ?? 0);
    }
  }

  #runEmpty(): void {
    this.#best = -1;
    if (this.#far.count > 0) this.#moveTo(this.#far.best(this.#sign));
  }

  #setOutside(price: number, size: number): boolean {
    const key = price * this.#sign;
    const isBetter = this.#best < 0 || key > this.#base;
    if (size === 0) {
      // Nothing is better than the window; an empty side has nothing at all.
      if (!isBetter) this.#far.delete(price);
      return true;
    }
    if (isBetter) {
      this.#moveTo(price);
      return this.set(price, size);
    }
    if (this.#far.count >= farLevelsMax && this.#far.get(price) === 0) return false;
    this.#far.set(price, size);
    return true;
  }

  // Rare (once in hundreds of updates even in a fast market), so it is simple: all levels go to
  // the table, then those of the new range come back. The table has room for a window beyond its
  // limit.
  #moveTo(bestPrice: number): void {
    for (let at = this.#best; at >= 0; at -= 1) {
      const size = this.#sizes[at] ?? 0;
      if (size > 0) this.#far.set(this.#priceAt(at), size);
    }
    this.#sizes.fill(0);
    this.#bitmap.fill(0);
    this.#summary = 0;
    this.#best = -1;
    // Below -(2^53 - 1) differences would no longer be exact.
    this.#base = Math.max(bestPrice * this.#sign - windowBestIndex, -decimalValueMax);
    this.#moves += 1;
    this.#touches = (this.#touches + 1) | 0;
    this.#bringIn();
  }

  #bringIn(): void {
    const far = this.#far;
    if (far.count === 0) return;
    let count = 0;
    for (let slot = 0; slot < far.capacity; slot += 1) {
      const price = far.keyAt(slot);
      if (price < 0 || price * this.#sign < this.#base) continue;
      const at = price * this.#sign - this.#base;
      this.#sizes[at] = far.sizeAt(slot);
      this.#occupy(at);
      this.#arrivals[count] = price;
      count += 1;
    }
    for (let i = 0; i < count; i += 1) far.delete(this.#arrivals[i] ?? -1);
  }
}
