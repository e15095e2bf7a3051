// Price to size for the levels outside the window: open addressing in typed arrays, so that an
// update far from the touch allocates nothing (a Map would box every price). Unordered; the best
// is found by a scan, which only happens when a window runs empty. Deletion shifts back, there
// are no tombstones.

const emptyKey = -1;
const capacityFirst = 256;

/** Keys are integers from 0 to 2^53 - 1, sizes above 0. Growth doubles and allocates. */
export class LevelTable {
  #keys = new Float64Array(capacityFirst).fill(emptyKey);
  #sizes = new Float64Array(capacityFirst);
  #mask = capacityFirst - 1;
  #shift = 32 - Math.log2(capacityFirst);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Slots, for `keyAt` and `sizeAt`. */
  get capacity(): number {
    return this.#mask + 1;
  }

  /** The price in a slot, or -1. */
  keyAt(slot: number): number {
    return this.#keys[slot] ?? emptyKey;
  }

  sizeAt(slot: number): number {
    return this.#sizes[slot] ?? 0;
  }

  /** The size at a price, 0 when there is none. */
  get(price: number): number {
    const slot = this.#find(price);
    return this.#keys[slot] === price ? this.sizeAt(slot) : 0;
  }

  /** Sets a level; `size` is above 0. */
  set(price: number, size: number): void {
    const slot = this.#find(price);
    this.#sizes[slot] = size;
    if (this.#keys[slot] === price) return;
    this.#keys[slot] = price;
    this.#count += 1;
    if (this.#count * 2 > this.#mask) this.#grow();
  }

  /** Removes a level; a price that is not there is normal. */
  delete(price: number): void {
    const keys = this.#keys;
    const mask = this.#mask;
    let hole = this.#find(price);
    if (keys[hole] !== price) return;
    this.#count -= 1;
    // Ends at the first empty slot; the table is at most half full.
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const key = keys[slot] ?? emptyKey;
      if (key === emptyKey) break;
      // A level may move back into the hole unless its home lies cyclically after the hole.
      if (((slot - this.#home(key)) & mask) >= ((slot - hole) & mask)) {
        keys[hole] = key;
        this.#sizes[hole] = this.#sizes[slot] ?? 0;
        hole = slot;
      }
    }
    keys[hole] = emptyKey;
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#keys.fill(emptyKey);
    this.#count = 0;
  }

  /** The highest (sign 1) or lowest (sign -1) price, or -1 when empty. */
  best(sign: number): number {
    let best = emptyKey;
    for (const key of this.#keys) {
      if (key !== emptyKey && (best === emptyKey || (key - best) * sign > 0)) best = key;
    }
    return best;
  }

  // Fibonacci hashing of the low 32 bits; prices that differ by 2^32 only share a probe chain.
  #home(price: number): number {
    return Math.imul(price | 0, 0x9e3779b1) >>> this.#shift;
  }

  #find(price: number): number {
    const keys = this.#keys;
    const mask = this.#mask;
    let slot = this.#home(price);
    for (;;) {
      const key = keys[slot];
      if (key === price || key === emptyKey) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const keys = this.#keys;
    const sizes = this.#sizes;
    const capacity = keys.length * 2;
    this.#keys = new Float64Array(capacity).fill(emptyKey);
    this.#sizes = new Float64Array(capacity);
    this.#mask = capacity - 1;
    this.#shift -= 1;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] ?? emptyKey;
      if (key === emptyKey) continue;
      const slot = this.#find(key);
      this.#keys[slot] = key;
      this.#sizes[slot] = sizes[i] ?? 0;
    }
  }
}
