// The levels of one side outside its window: a table of all of them, and the best of them sorted in
// shared memory, where threads that read depths find what comes behind the window. Keys as in
// book-side.ts: the price for bids, minus the price for asks.
import { type FarView, farListedMax, windowLevels } from "./book-layout.ts";
import { LevelTable } from "./level-table.ts";

/** Below it the list is made anew, unless it has all. */
const listedMin = farListedMax / 2;

/** Single writer: the market thread. Allocates when the table grows or the list is made anew. */
export class FarLevels {
  readonly #sign: number;
  readonly #memory: FarView;
  readonly #table = new LevelTable();
  #listed = 0;
  // How far below the window the list was last made of.
  #range: number = windowLevels;
  #found = new Float64Array(this.#table.capacity);

  constructor(sign: number, memory: FarView) {
    this.#sign = sign;
    this.#memory = memory;
  }

  get count(): number {
    return this.#table.count;
  }

  /** How many of them, the best, are in the shared list: at least half of its length, or all. */
  get listed(): number {
    return this.#listed;
  }

  /** The size at a price, 0 when there is none. */
  get(price: number): number {
    return this.#table.get(price);
  }

  /** The best price; there is one while `count` is not 0. */
  get best(): number {
    return this.#memory.prices[0] ?? -1;
  }

  /** Sets a level; `size` is above 0. */
  set(price: number, size: number): void {
    const { prices, sizes } = this.#memory;
    const before = this.count;
    this.#table.set(price, size);
    const place = this.#placeOf(price);
    if (place < this.#listed && prices[place] === price) {
      sizes[place] = size;
      return;
    }
    // Behind the last of the list only when nothing that is not listed can be between.
    const isListed = place < this.#listed || (this.#listed === before && place < farListedMax);
    if (!isListed) return;
    const end = Math.min(this.#listed, farListedMax - 1);
    prices.copyWithin(place + 1, place, end);
    sizes.copyWithin(place + 1, place, end);
    prices[place] = price;
    sizes[place] = size;
    this.#listed = end + 1;
  }

  /** Removes a level; a price that is not there is normal. */
  delete(price: number): void {
    const { prices, sizes } = this.#memory;
    this.#table.delete(price);
    const place = this.#placeOf(price);
    if (place >= this.#listed || prices[place] !== price) return;
    prices.copyWithin(place, place + 1, this.#listed);
    sizes.copyWithin(place, place + 1, this.#listed);
    this.#listed -= 1;
    if (this.#listed < listedMin && this.#listed < this.count)
      this.#relist((prices[0] ?? 0) * this.#sign + 1);
  }

  clear(): void {
    this.#table.clear();
    this.#listed = 0;
  }

  /** Takes over levels that are better than all it has: places `from` to `to`, best first. */
  prepend(levels: FarView, from: number, to: number): void {
    const { prices, sizes } = this.#memory;
    for (let i = from; i < to; i += 1) this.#table.set(levels.prices[i] ?? 0, levels.sizes[i] ?? 0);
    const added = Math.min(to - from, farListedMax);
    const left = Math.min(this.#listed, farListedMax - added);
    prices.copyWithin(added, 0, left);
    sizes.copyWithin(added, 0, left);
    for (let i = 0; i < added; i += 1) {
      prices[i] = levels.prices[from + i] as number;
      sizes[i] = levels.sizes[from + i] as number;
    }
    this.#listed = added + left;
  }

  /** Removes the levels with keys from `base` on and gives them to `into`; returns how many. */
  take(base: number, into: FarView): number {
    const { prices, sizes } = this.#memory;
    let count = 0;
    while (count < this.#listed && (prices[count] as number) * this.#sign >= base) {
      const price = prices[count] as number;
      into.prices[count] = price;
      into.sizes[count] = sizes[count] as number;
      this.#table.delete(price);
      count += 1;
    }
    prices.copyWithin(0, count, this.#listed);
    sizes.copyWithin(0, count, this.#listed);
    this.#listed -= count;
    // What comes behind the list may belong to them too.
    if (this.#listed === 0 && this.count > 0) count = this.#takeUnlisted(base, into, count);
    if (this.#listed < listedMin && this.#listed < this.count) this.#relist(base);
    return count;
  }

  #takeUnlisted(base: number, into: FarView, taken: number): number {
    const found = this.#collect(base);
    for (let i = 0; i < found; i += 1) {
      const price = (this.#found[i] ?? 0) * this.#sign + 0;
      into.prices[taken + i] = price;
      into.sizes[taken + i] = this.#table.get(price);
      this.#table.delete(price);
    }
    return taken + found;
  }

  /**
   * Prices, best first: those of the list when it has so many or all, else of all levels, which
   * allocates.
   */
  sorted(wanted: number): Float64Array {
    const { prices } = this.#memory;
    if (wanted <= this.#listed || this.#listed === this.count) return prices;
    const found = this.#collect(Number.NEGATIVE_INFINITY);
    return this.#found
      .slice(0, found)
      .sort()
      .toReversed()
      .map((key) => key * this.#sign + 0);
  }

  // Makes the list anew; every level has a key below `end`.
  #relist(end: number): void {
    const { prices, sizes } = this.#memory;
    const wanted = Math.min(this.count, listedMin);
    let found = this.#collect(end - this.#range);
    while (found < wanted) {
      this.#range *= 4;
      found = this.#collect(end - this.#range);
    }
    if (found > 2 * farListedMax) this.#range = Math.ceil(this.#range / 2);
    const keys = this.#found.subarray(0, found).sort();
    this.#listed = Math.min(found, farListedMax);
    for (let i = 0; i < this.#listed; i += 1) {
      // Plus 0 turns the -0 of an ask at price 0 into 0.
      const price = (keys[found - 1 - i] ?? 0) * this.#sign + 0;
      prices[i] = price;
      sizes[i] = this.#table.get(price);
    }
  }

  /** What is wrong with the list, or null. For tests and tools. */
  integrity(): string | null {
    const { listed, count } = this;
    const prices = this.sorted(count);
    if (listed < Math.min(count, listedMin)) return `${listed} of ${count} levels are listed`;
    for (let i = 0; i < listed; i += 1) {
      const [price, size] = [this.#memory.prices[i], this.#memory.sizes[i]];
      if (price !== prices[i]) return `level ${i} outside is ${prices[i]}, listed is ${price}`;
      if (size !== this.get(price ?? 0)) return `size at ${price} is listed as ${size}`;
    }
    return null;
  }

  // Keys from `least` on.
  #collect(least: number): number {
    const { capacity } = this.#table;
    if (this.#found.length < capacity) this.#found = new Float64Array(capacity);
    let found = 0;
    for (let slot = 0; slot < capacity; slot += 1) {
      const price = this.#table.keyAt(slot);
      const key = price * this.#sign;
      if (price < 0 || key < least) continue;
      this.#found[found] = key;
      found += 1;
    }
    return found;
  }

  // Where a price is in the list, or would be.
  #placeOf(price: number): number {
    const { prices } = this.#memory;
    const key = price * this.#sign;
    let low = 0;
    for (let high = this.#listed; low < high;) {
      const middle = (low + high) >> 1;
      if ((prices[middle] as number) * this.#sign > key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
