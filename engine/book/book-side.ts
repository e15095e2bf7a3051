// One side of a book: a window of 1024 ticks in shared memory with a two-level bitmap, and a
// table for the levels outside it. Exact at any price range: an index is a tick, never a bucket.
// Both sides are the same code: a *key* is the price for bids and minus the price for asks, so
// the best level always has the highest key.
//
// Invariant: a level outside the window has a lower key than the window; so the best level is in
// the window whenever the side has any.
import { decimalValueMax } from "../../schemas/market/decimal.ts";
import {
  type FarView,
  farLevelsMax,
  windowBestIndex,
  windowLevels,
  windowLowIndex,
} from "./book-layout.ts";
import type { DepthSide } from "./depth.ts";
import { FarLevels } from "./far-levels.ts";

// Own constant, because an imported binding is loaded at each use: nanoseconds in `set`.
const levelCount: number = windowLevels;

/** Sign of a side: key = price * sign. */
export const bidSign = 1;
export const askSign = -1;

/** What both sides tell their book: in one place, as it looks after each update. */
export class TopWatch {
  /** Negative when a best level, or what its index means, may have changed since it was 0. */
  touched = -1;
  /** Changes whenever a window index comes to mean another price. */
  epoch = 0;
}

/** Where levels are copied to: as many as the arrays hold. */
export type LevelCopy = Omit<DepthSide, "sign">;

/** The memory of one side. */
export type SideMemory = {
  readonly sizes: Float64Array;
  readonly bitmap: Int32Array;
  readonly far: FarView;
};

// A field that is undefined until the constructor sets it is checked for its type at each use.
const noSizes = new Float64Array(0);
const noBitmap = new Int32Array(0);
const noWatch = new TopWatch();

/** Prices and sizes are integers from 0 to 2^53 - 1. Single writer: the market thread. */
export class BookSide {
  readonly #sign: number = bidSign;
  readonly #sizes: Float64Array = noSizes;
  readonly #bitmap: Int32Array = noBitmap;
  readonly #far: FarLevels;
  readonly #moved: FarView = {
    prices: new Float64Array(windowLevels),
    sizes: new Float64Array(windowLevels),
  };
  #summary = 0;
  // Index and size of the best level at the last `settle`. The size is in memory because a number
  // in a field may be an object, made anew at each change. What lies below the index cannot change
  // the top.
  #settledBest = -1;
  readonly #settledSize = new Float64Array(1);
  readonly #watch: TopWatch = noWatch;
  // NaN fails both range checks, so an empty side takes the slow path.
  #base = Number.NaN;
  // Lowest price of the window, NaN as `#base`, and what makes the distance from it an index: less to
  // compute for each update than with sign and base.
  #low = Number.NaN;
  readonly #flip: number = 0;
  #moves = 0;

  constructor(sign: number, memory: SideMemory, watch: TopWatch) {
    this.#watch = watch;
    this.#sign = sign;
    this.#flip = sign === bidSign ? 0 : windowLevels - 1;
    this.#sizes = memory.sizes;
    this.#bitmap = memory.bitmap;
    this.#far = new FarLevels(sign, memory.far);
    this.clear();
  }

  /** Index of the best level in the window, -1 when the side is empty. */
  get bestIndex(): number {
    const summary = this.#summary;
    if (summary === 0) return -1;
    const top = 31 - Math.clz32(summary);
    return (top << 5) + 31 - Math.clz32(this.#bitmap[top] as number);
  }

  /** Levels outside the window. */
  get farCount(): number {
    return this.#far.count;
  }

  /** Of those the best, which other threads see. */
  get farListed(): number {
    return this.#far.listed;
  }

  /** Window moves so far; every one changes what an index means. */
  get moves(): number {
    return this.#moves;
  }

  /**
   * What became of the best level since the last call: 0 when its index and size are the same, 1
   * when its size is another, 2 when its index is. What an index means changes with `moves`.
   */
  settle(): number {
    const best = this.bestIndex;
    const size = best < 0 ? 0 : (this.#sizes[best] as number);
    const settled = this.#settledSize;
    const isSize = Number(size !== settled[0]);
    const isIndex = Number(best !== this.#settledBest);
    settled[0] = size;
    this.#settledBest = best;
    return isSize | (isIndex << 1);
  }

  /** What `bestIndex` was at the last `settle`. */
  get settledIndex(): number {
    return this.#settledBest;
  }

  /**
   * Writes price (-1 when empty) and size (0 when empty) of the best level, as of the last `settle`,
   * to `into` from `at` on. Numbers that a function returns cost an allocation where it is not
   * inlined.
   */
  copyTop(into: Float64Array, at: number): void {
    const best = this.#settledBest;
    into[at] = best < 0 ? -1 : this.#priceAt(best);
    into[at + 1] = this.#settledSize[0] ?? 0;
  }

  /** Price times sign of index 0; 0 before the first level. */
  get base(): number {
    return Number.isNaN(this.#base) ? 0 : this.#base;
  }

  /** Best price, -1 when the side is empty. */
  get bestPrice(): number {
    const best = this.bestIndex;
    return best < 0 ? -1 : this.#priceAt(best);
  }

  /** Size at the best price, 0 when the side is empty. */
  get bestSize(): number {
    const best = this.bestIndex;
    return best < 0 ? 0 : (this.#sizes[best] ?? 0);
  }

  /**
   * Sets the size at a price; 0 removes the level, and removing an unknown one is normal. Returns
   * false, and the level is lost, when `farLevelsMax` levels are outside the window.
   */
  set(price: number, size: number): boolean {
    const offset = price - this.#low;
    if (!(offset >= 0 && offset < levelCount)) return this.#setOutside(price, size);
    const at = (offset | 0) ^ this.#flip;
    const bitmap = this.#bitmap;
    // Whether a level appears, stays or goes cannot be foretold, and each wrong guess costs more than
    // all of this: the only branch on it is whether 32 neighbours appear or go with it.
    this.#watch.touched |= this.#settledBest - 1 - at;
    this.#sizes[at] = size;
    const word = at >> 5;
    const bit = at & 31;
    const before = bitmap[word] as number;
    const bits = (before & ~(1 << bit)) | (Number(size > 0) << bit);
    bitmap[word] = bits;
    if (before !== 0 && bits !== 0) return true;
    return this.#noteWord(word, bits);
  }

  #noteWord(word: number, bits: number): boolean {
    const summary = (this.#summary & ~(1 << word)) | (Number(bits !== 0) << word);
    this.#summary = summary;
    return summary === 0 ? this.#runEmpty() : true;
  }

  /** Size at a price, 0 without such a level. */
  sizeAt(price: number): number {
    const index = price * this.#sign - this.#base;
    return index >= 0 && index < levelCount ? (this.#sizes[index] ?? 0) : this.#far.get(price);
  }

  /**
   * Removes all levels but the best `levelsMax` and returns them: [price, size]. Allocates; for venues
   * that demand it.
   */
  truncate(levelsMax: number): readonly [number, number][] {
    const removed = this.levels().slice(levelsMax);
    for (const [price] of removed) this.set(price, 0);
    return removed;
  }

  clear(): void {
    this.#sizes.fill(0);
    this.#bitmap.fill(0);
    this.#far.clear();
    this.#summary = 0;
    this.#base = Number.NaN;
    this.#low = Number.NaN;
    this.#watch.touched = -1;
  }

  /**
   * Copies levels, best first, as many as `into` has room for. Allocates only when more levels outside
   * the window are wanted than are listed.
   */
  copyLevels(into: LevelCopy): void {
    const { prices, sizes } = into;
    let count = 0;
    let at = this.bestIndex;
    for (; at >= 0 && count < prices.length; at = this.#below(at)) {
      prices[count] = this.#priceAt(at);
      sizes[count] = this.#sizes[at] ?? 0;
      count += 1;
    }
    const wanted = Math.min(prices.length - count, this.#far.count);
    const far = this.#far.sorted(wanted);
    for (let i = 0; i < wanted; i += 1) {
      const price = far[i] ?? 0;
      prices[count + i] = price;
      sizes[count + i] = this.#far.get(price);
    }
    count += wanted;
    into.count = count;
    into.isCut = at >= 0 || wanted < this.#far.count;
  }

  /** All levels, best first: [price, size]. Allocates; for tools, tests and changes of scale. */
  levels(): [number, number][] {
    const prices = new Float64Array(windowLevels + this.#far.count);
    const sizes = new Float64Array(prices.length);
    const copy: LevelCopy = { prices, sizes, count: 0, isCut: false };
    this.copyLevels(copy);
    return Array.from({ length: copy.count }, (_, i) => [prices[i] ?? 0, sizes[i] ?? 0]);
  }

  /** What is wrong inside, or null. For tests and tools; looks at every level. */
  integrity(): string | null {
    let best = -1;
    for (let at = 0; at < windowLevels; at += 1) {
      const isMarked = (((this.#bitmap[at >> 5] ?? 0) >>> (at & 31)) & 1) !== 0;
      if (isMarked !== (this.#sizes[at] ?? 0) > 0) return `bitmap and size differ at index ${at}`;
      if (isMarked) best = at;
    }
    if (best !== this.bestIndex) return `best index is ${this.bestIndex}, not ${best}`;
    const far = this.#far.count === 0 ? -1 : this.#far.best;
    if (far >= 0 && best < 0) return `price ${far} is outside an empty window`;
    if (far >= 0 && far * this.#sign >= this.#base) return `price ${far} is not below the window`;
    return this.#far.integrity();
  }

  // The next level below an index, or -1.
  #below(index: number): number {
    for (let at = index - 1; at >= 0; at -= 1) {
      const bits = (this.#bitmap[at >> 5] ?? 0) & (-1 >>> (31 - (at & 31)));
      if (bits !== 0) return (at & ~31) + 31 - Math.clz32(bits);
      at &= ~31;
    }
    return -1;
  }

  // Plus 0 turns the -0 of an ask at price 0 into 0.
  #priceAt(at: number): number {
    return (this.#base + at) * this.#sign + 0;
  }

  #occupy(at: number): void {
    const word = at >> 5;
    this.#bitmap[word] = (this.#bitmap[word] ?? 0) | (1 << (at & 31));
    this.#summary |= 1 << word;
  }

  /**
   * Moves the window when its best level has sunk so far that readers see few of those behind it. The
   * levels are changing for them meanwhile.
   */
  recentre(): void {
    const best = this.bestIndex;
    if (best < 0 || best >= windowLowIndex || this.#far.count === 0) return;
    this.#moveTo(this.#priceAt(best));
  }

  #runEmpty(): boolean {
    if (this.#far.count > 0) this.#moveTo(this.#far.best);
    return true;
  }

  #setOutside(price: number, size: number): boolean {
    const key = price * this.#sign;
    const isBetter = this.#summary === 0 || key > this.#base;
    if (size === 0) {
      // Nothing is better than the window; an empty side has nothing at all.
      if (!isBetter) this.#far.delete(price);
      return true;
    }
    const isFull = this.#far.count >= farLevelsMax;
    if (isBetter) {
      if (isFull) return false;
      this.#moveTo(price);
      return this.set(price, size);
    }
    if (isFull && this.#far.get(price) === 0) return false;
    this.#far.set(price, size);
    return true;
  }

  // Rare: once in hundreds of updates even in a fast market. A window that moves to better prices
  // leaves levels behind, one that moves to worse ones finds some; never both.
  #moveTo(bestPrice: number): void {
    const { prices, sizes } = this.#moved;
    let count = 0;
    for (let at = this.bestIndex; at >= 0; at = this.#below(at)) {
      prices[count] = this.#priceAt(at);
      sizes[count] = this.#sizes[at] as number;
      count += 1;
    }
    this.#sizes.fill(0);
    this.#bitmap.fill(0);
    this.#summary = 0;
    // Below -(2^53 - 1) differences would no longer be exact.
    const base = Math.max(bestPrice * this.#sign - windowBestIndex, -decimalValueMax);
    this.#base = base;
    this.#low = this.#sign === bidSign ? base : -base - (windowLevels - 1);
    this.#moves += 1;
    this.#watch.epoch += 1;
    this.#watch.touched = -1;
    let kept = 0;
    while (kept < count && (prices[kept] as number) * this.#sign >= base) kept += 1;
    this.#place(kept);
    if (kept < count) this.#far.prepend(this.#moved, kept, count);
    else this.#place(this.#far.take(base, this.#moved));
  }

  // The first of the moved levels into the window.
  #place(count: number): void {
    const { prices, sizes } = this.#moved;
    for (let i = 0; i < count; i += 1) {
      const at = (prices[i] as number) * this.#sign - this.#base;
      this.#sizes[at] = sizes[i] as number;
      this.#occupy(at);
    }
  }
}
