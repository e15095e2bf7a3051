// The compact book: 1024 buckets a side in 17 KiB of shared memory, which any number of threads
// write at once with compare-and-swap. What an update gives is a *change* of quantity.
//
// Where it is inexact: a bucket is 2^tickShift prices, so prices within one share a level; and a
// bucket is ((price - origin) >> tickShift) & 1023, so prices 1024 buckets apart share one too. With
// tickShift 0 and prices from the origin to 1023 above it it is exact. Best prices are the lowest
// price of the best of the first 1024 buckets. Use order-book.ts where exactness counts.
//
//   words   0-2047 bids: quantity and time of each bucket   2048-4095 asks, the same
//           4096-4127 bid bitmap   4128-4159 ask bitmap     4192 top    4224 call
//   top: bits 0-10 bid bucket + 1, bits 11-21 ask bucket + 1, bits 22-31 count of changes
//
// Quantity and time lie together, so that an update moves one cache line between the writers, not two.
// Every word may be written by every thread, always with an atomic operation, but for the times,
// which are of some recent update, and the call.
//
// Two writers of one level are no equals: who has the cache line reads and exchanges within some
// nanoseconds, who has not is too late again and again, 64 tries and more some times in 10^7 updates.
// So who has lost `triesBeforeCall` tries sets the call, which every update reads, and whoever finds
// it set takes it back and pauses once. Nobody waits for anybody: a call that nobody answers changes
// nothing.

/** What an update came to. */
export const compactOutcome = {
  good: 0,
  /** Others won `triesMax` times in a row; nothing has changed. */
  timeout: 1,
  /** The quantity would fall below 0 or pass 2^31 - 1, or is no integer; nothing has changed. */
  quantityOverflow: 2,
  /** The price is no integer from the book's origin to 2^31 - 1; nothing has changed. */
  priceRange: 3,
} as const;

/** Most tries of one step of an update. */
const compactTriesMax = 100;

const buckets = 1024;
const bucketMask = buckets - 1;
const bitmapWords = buckets / 32;
const quantityMax = 2 ** 31 - 1;
const priceMax = 2 ** 31 - 1;
const bucketWords = 2;
const timeWord = 1;
const sideWords = bucketWords * buckets;
const bitmapsAt = 2 * sideWords;
const topAt = 4192;
const callAt = topAt + 32;
const words = callAt + 32;
const tickShiftMax = 20;
const pausesFirst = 16;
const pausesMax = 64;
const triesBeforeCall = 6;
/** Of one who has called: short, so that it comes while the others pause. */
const callerPauses = 4;
const indexMask = 2047;
const indexesMask = 0x3fffff;
const bidSide = 0;
const askSide = 1;

/** Bytes of shared memory of one compact book. */
export const compactBookBytes = words * 4;

// A pause that needs no clock; runtimes without Atomics.pause spin on plain work.
const pauseOnce: () => void =
  "pause" in Atomics
    ? (Atomics as unknown as { pause: () => void }).pause.bind(Atomics)
    : () => undefined;

const pause = (times: number): void => {
  for (let i = 0; i < times; i += 1) pauseOnce();
};

// A field that is undefined until the constructor sets it is checked for its type at each use.
const noWords = new Int32Array(0);

/** What a compact book is made of. */
export type CompactBookOptions = {
  /** Of `compactBookBytes`, zeroed; the same in every thread. */
  readonly memory: SharedArrayBuffer;
  /** Prices of a bucket as a power of two, 0 to 20; the original's is 4. */
  readonly tickShift: number;
  /**
   * Lowest price that is taken, 0 to 2^31 - 1, the same in every thread; 0 when left out. Best prices
   * and spread are right for prices of the 1024 buckets above it.
   */
  readonly origin?: number;
};

/** One object per thread over the same memory. All methods may be called by any thread. */
export class CompactBook {
  readonly #words: Int32Array = noWords;
  readonly #shift: number = 0;
  readonly #origin: number = 0;
  #retries = 0;

  /** @throws RangeError when an option is out of its range. */
  constructor({ memory, tickShift, origin = 0 }: CompactBookOptions) {
    if (memory.byteLength < compactBookBytes) {
      throw new RangeError(`memory=${memory.byteLength} is below ${compactBookBytes} bytes`);
    }
    if (!Number.isInteger(tickShift) || tickShift < 0 || tickShift > tickShiftMax) {
      throw new RangeError(`tickShift=${tickShift} is not 0 to ${tickShiftMax}`);
    }
    if ((origin | 0) !== origin || origin < 0) {
      throw new RangeError(`origin=${origin} is not 0 to ${priceMax}`);
    }
    this.#words = new Int32Array(memory, 0, words);
    this.#shift = tickShift;
    this.#origin = origin;
  }

  /** Tries of this object that another thread's success made void. */
  get retries(): number {
    return this.#retries;
  }

  /**
   * Adds `quantity` (integer, negative takes away) at `price` (integer, origin to 2^31 - 1) of the
   * bids. `ts` is any 32-bit time. Returns a `compactOutcome`.
   */
  updateBid(price: number, quantity: number, ts: number): number {
    return this.#update(bidSide, price, quantity, ts);
  }

  /** As `updateBid`, of the asks. */
  updateAsk(price: number, quantity: number, ts: number): number {
    return this.#update(askSide, price, quantity, ts);
  }

  /** Quantity of the bucket of a price. */
  bidQuantity(price: number): number {
    return Atomics.load(this.#words, bucketWords * this.#bucket(price));
  }

  askQuantity(price: number): number {
    return Atomics.load(this.#words, sideWords + bucketWords * this.#bucket(price));
  }

  /** Time given with a recent update of the bucket of a price. */
  bidTime(price: number): number {
    return this.#words[bucketWords * this.#bucket(price) + timeWord] ?? 0;
  }

  /** Lowest price of the best bid bucket within the first 1024 buckets, -1 without bids. */
  bestBid(): number {
    return this.#priceOf(Atomics.load(this.#words, topAt) & indexMask);
  }

  /** As `bestBid`, of the lowest ask bucket. */
  bestAsk(): number {
    return this.#priceOf((Atomics.load(this.#words, topAt) >>> 11) & indexMask);
  }

  /** Best ask minus best bid of one moment, in prices; null without both. Never torn. */
  spread(): number | null {
    const top = this.#words[topAt] ?? 0;
    const bid = top & indexMask;
    const ask = (top >>> 11) & indexMask;
    return bid === 0 || ask === 0 ? null : (ask - bid) << this.#shift;
  }

  #bucket(price: number): number {
    return ((price - this.#origin) >> this.#shift) & bucketMask;
  }

  #priceOf(index: number): number {
    return index === 0 ? -1 : this.#origin + ((index - 1) << this.#shift);
  }

  #update(side: number, price: number, quantity: number, ts: number): number {
    // Atomics would cut off a fraction and call the rest good.
    if (price < this.#origin || (price | 0) !== price) return compactOutcome.priceRange;
    if ((quantity | 0) !== quantity) return compactOutcome.quantityOverflow;
    const shared = this.#words;
    const bucket = this.#bucket(price);
    const at = side * sideWords + bucketWords * bucket;
    if (shared[callAt] !== 0) this.#giveWay();
    let pauses = pausesFirst;
    // A guess: the exchange looks again, so a plain read will do, at a fraction of the cost.
    let seen = shared[at] ?? 0;
    for (let tries = 0; tries < compactTriesMax; tries += 1) {
      const next = seen + quantity;
      if (!(next >= 0 && next <= quantityMax)) return compactOutcome.quantityOverflow;
      const found = Atomics.compareExchange(shared, at, seen, next);
      if (found === seen) {
        shared[at + timeWord] = ts;
        if (seen > 0 !== next > 0) this.#mark(side, bucket);
        return compactOutcome.good;
      }
      this.#retries += 1;
      if (tries >= triesBeforeCall) shared[callAt] = 1;
      pause(tries >= triesBeforeCall ? callerPauses : pauses);
      pauses = Math.min(pauses * 2, pausesMax);
      // What was found is old after the pause.
      seen = shared[at] ?? 0;
    }
    return compactOutcome.timeout;
  }

  #giveWay(): void {
    this.#words[callAt] = 0;
    pause(pausesMax);
  }

  // The bit follows the quantity: it is set or cleared, then the quantity is looked at again,
  // since another thread may have changed it in between. Whoever changes a quantity last between
  // 0 and more comes here afterwards, so the last look is always right.
  #mark(side: number, bucket: number): void {
    const shared = this.#words;
    const word = bitmapsAt + side * bitmapWords + (bucket >> 5);
    const bit = 1 << (bucket & 31);
    const at = side * sideWords + bucketWords * bucket;
    for (let tries = 0; tries < compactTriesMax; tries += 1) {
      const isThere = Atomics.load(shared, at) > 0;
      if (isThere) Atomics.or(shared, word, bit);
      else Atomics.and(shared, word, ~bit);
      if (Atomics.load(shared, at) > 0 === isThere) break;
    }
    this.#refreshTop();
  }

  // Ends when the top said what the bitmaps say, looked at after the top was. Under steady change
  // by others it gives up: then another thread's refresh comes after.
  #refreshTop(): void {
    const shared = this.#words;
    for (let tries = 0; tries < compactTriesMax; tries += 1) {
      const top = Atomics.load(shared, topAt);
      const indexes = (this.#highest(bidSide) + 1) | ((this.#lowest(askSide) + 1) << 11);
      if ((top & indexesMask) === indexes) return;
      const next = indexes | (((top >>> 22) + 1) << 22);
      Atomics.compareExchange(shared, topAt, top, next);
    }
  }

  #highest(side: number): number {
    const first = bitmapsAt + side * bitmapWords;
    for (let word = bitmapWords - 1; word >= 0; word -= 1) {
      const bits = Atomics.load(this.#words, first + word);
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits);
    }
    return -1;
  }

  #lowest(side: number): number {
    const first = bitmapsAt + side * bitmapWords;
    for (let word = 0; word < bitmapWords; word += 1) {
      const bits = Atomics.load(this.#words, first + word);
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }
}
