// The order book of one symbol: two sides, the scales that their integers have, and the top as
// other threads see it. Knows nothing of messages or sequences (market-books.ts). One thread
// writes: the market thread.
import { decimalValueMax, powerOfTen } from "../../schemas/market/decimal.ts";
import { storesPass } from "../ring/store-order.ts";
import {
  type BookSlot,
  recordCount,
  recordNumber as number,
  recordNumberStride,
  recordWord as word,
  recordWordStride,
  topWord,
  versionWord,
} from "./book-layout.ts";
import { askSign, bidSign, BookSide, TopWatch } from "./book-side.ts";
import type { Depth } from "./depth.ts";

/** Scales and largest values of what is about to be applied. */
export type LevelRange = {
  readonly priceScale: number;
  readonly sizeScale: number;
  readonly priceMax: number;
  readonly sizeMax: number;
};

/** Where a top comes from: the state it is published with, and the message that made it. */
export type TopOrigin = {
  state: number;
  /** False hides the quote from readers of the packed word. */
  isTrusted: boolean;
  updateId: number;
  receiveNsLow: number;
  receiveNsHigh: number;
};

// Own constants, because an imported binding is loaded at each use: together more than a publication.
const passesStores: boolean = storesPass;
const recordMask: number = recordCount - 1;
const wordStride: number = recordWordStride;
const numberStride: number = recordNumberStride;
const recordAt: number = versionWord.record;
const depthAt: number = versionWord.depth;
const farBidsAt: number = versionWord.farBids;
const farAsksAt: number = versionWord.farAsks;
const listedBidsAt: number = versionWord.listedBids;
const listedAsksAt: number = versionWord.listedAsks;
const epochAt: number = topWord.epoch;
const packedAt: number = topWord.packed;
const stateAt: number = word.state;
const recordEpochAt: number = word.epoch;
const priceScaleAt: number = word.priceScale;
const sizeScaleAt: number = word.sizeScale;
const receiveLowAt: number = word.receiveNsLow;
const receiveHighAt: number = word.receiveNsHigh;
const sidesAt: number = word.sides;
const bidPriceAt: number = number.bidPrice;
const bidBaseAt: number = number.bidBase;
const askPriceAt: number = number.askPrice;
const askBaseAt: number = number.askBase;
const updateIdAt: number = number.updateId;

/**
 * Prices are ticks of 10^-priceScale and sizes lots of 10^-sizeScale, integers to 2^53 - 1. Scales
 * come with the first levels and only ever get finer until `clear`.
 */
export class OrderBook {
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** Bids, asks. */
  readonly sides: readonly [BookSide, BookSide];
  readonly #slot: BookSlot;
  readonly #watch = new TopWatch();
  #priceScale = -1;
  #sizeScale = -1;
  // Records to write until all of them have the epoch, the state, the scales and the bases.
  #recordsOld = 0;
  #epoch = 0;
  #state = 0;
  #version = 0;
  #depthSequence = 0;

  constructor(slot: BookSlot) {
    this.#slot = slot;
    this.bids = new BookSide(
      bidSign,
      { sizes: slot.bidSizes, bitmap: slot.bidBitmap, far: slot.farBids },
      this.#watch,
    );
    this.asks = new BookSide(
      askSign,
      { sizes: slot.askSizes, bitmap: slot.askBitmap, far: slot.farAsks },
      this.#watch,
    );
    this.sides = [this.bids, this.asks];
  }

  /** Decimals of prices, -1 before the first levels. */
  get priceScale(): number {
    return this.#priceScale;
  }

  get sizeScale(): number {
    return this.#sizeScale;
  }

  /** Changes whenever a window index comes to mean another price. */
  get epoch(): number {
    return this.#watch.epoch | 0;
  }

  /** Best bid above best ask: a fault of the stream or of the venue. */
  get isCrossed(): boolean {
    const ask = this.asks.bestPrice;
    return ask >= 0 && this.bids.bestPrice > ask;
  }

  /** Best bid equal to best ask. */
  get isLocked(): boolean {
    const ask = this.asks.bestPrice;
    return ask >= 0 && this.bids.bestPrice === ask;
  }

  /** Removes all levels and forgets the scales. */
  clear(): void {
    this.bids.clear();
    this.asks.clear();
    this.#priceScale = -1;
    this.#sizeScale = -1;
    this.#watch.epoch += 1;
  }

  /**
   * Makes the book's scales at least as fine as asked, exactly. Returns false and changes nothing
   * when a price or size, of the book or of the range, would pass 2^53 - 1.
   */
  fitScales(range: LevelRange): boolean {
    const priceScale = Math.max(this.#priceScale, range.priceScale);
    const sizeScale = Math.max(this.#sizeScale, range.sizeScale);
    const priceFits = range.priceMax * powerOfTen(priceScale - range.priceScale) <= decimalValueMax;
    const sizeFits = range.sizeMax * powerOfTen(sizeScale - range.sizeScale) <= decimalValueMax;
    if (!priceFits || !sizeFits) return false;
    if (priceScale === this.#priceScale && sizeScale === this.#sizeScale) return true;
    return this.#rescale(priceScale, sizeScale);
  }

  #rescale(priceScale: number, sizeScale: number): boolean {
    const isFirst = this.#priceScale < 0;
    const priceFactor = isFirst ? 1 : powerOfTen(priceScale - this.#priceScale);
    const sizeFactor = isFirst ? 1 : powerOfTen(sizeScale - this.#sizeScale);
    const sides = [this.bids, this.asks].map((side) => ({ side, levels: side.levels() }));
    for (const { levels } of sides) {
      for (const [price, size] of levels) {
        if (price * priceFactor > decimalValueMax) return false;
        if (size * sizeFactor > decimalValueMax) return false;
      }
    }
    for (const { side, levels } of sides) {
      side.clear();
      for (const [price, size] of levels) side.set(price * priceFactor, size * sizeFactor);
    }
    this.#priceScale = priceScale;
    this.#sizeScale = sizeScale;
    this.#watch.epoch += 1;
    return true;
  }

  /**
   * Copies the best levels, those outside the window included, as far as `into` has room. Its
   * id, state and times stay: the book does not know them. Market thread; allocates only when
   * levels outside the window are needed.
   */
  copyDepth(into: Depth): void {
    into.priceScale = Math.max(this.#priceScale, 0);
    into.sizeScale = Math.max(this.#sizeScale, 0);
    this.bids.copyLevels(into.bids);
    this.asks.copyLevels(into.asks);
  }

  /** Tells readers of levels that they are changing. `publish` ends it. */
  beginUpdate(): void {
    if ((this.#depthSequence & 1) !== 0) return;
    this.#depthSequence = (this.#depthSequence + 1) | 0;
    Atomics.store(this.#slot.versions, depthAt, this.#depthSequence);
    if (passesStores) Atomics.load(this.#slot.versions, depthAt);
  }

  /**
   * Shows the book to other threads as it is now: call it when an item is complete. Returns
   * whether the best prices or their sizes changed since the last call.
   */
  publish(origin: TopOrigin): boolean {
    const mayDiffer = this.#watch.touched < 0 || origin.state !== this.#state;
    const isChanged = mayDiffer && this.#publishTouched(origin);
    if ((this.#depthSequence & 1) !== 0) this.#endUpdate();
    return isChanged;
  }

  #publishTouched(origin: TopOrigin): boolean {
    if ((this.#depthSequence & 1) !== 0) {
      this.bids.recentre();
      this.asks.recentre();
    }
    this.#watch.touched = 0;
    const changes = this.bids.settle() | this.asks.settle();
    const isSameFrame = this.epoch === this.#epoch && origin.state === this.#state;
    return isSameFrame && changes === 0 ? false : this.#publishTop(origin, changes, isSameFrame);
  }

  #endUpdate(): void {
    const { versions } = this.#slot;
    versions[farBidsAt] = this.bids.farCount;
    versions[farAsksAt] = this.asks.farCount;
    versions[listedBidsAt] = this.bids.farListed;
    versions[listedAsksAt] = this.asks.farListed;
    this.#depthSequence = (this.#depthSequence + 1) | 0;
    Atomics.store(versions, depthAt, this.#depthSequence);
  }

  // The record first, then the packed word: a reader that sees the packed word of an epoch finds
  // its record. Nobody looks at the record written here until its version is out.
  #publishTop(origin: TopOrigin, changes: number, isSameFrame: boolean): boolean {
    const { versions } = this.#slot;
    const before = this.#version & recordMask;
    this.#version = (this.#version + 1) | 0;
    if (passesStores) Atomics.load(versions, recordAt);
    if (!isSameFrame) this.#enterFrame(origin.state);
    const record = this.#version & recordMask;
    if (this.#recordsOld > 0) this.#writeFrame(record);
    this.#writeRecord(origin, record);
    Atomics.store(versions, recordAt, this.#version);
    if (!isSameFrame) this.#writeEpoch();
    if (!isSameFrame || changes > 1) this.#writePacked(origin.isTrusted);
    if (isSameFrame || this.#version === 1) return changes !== 0;
    return !isSameTop(this.#slot, before, record);
  }

  // What is the same in record after record is written only until all of them have it.
  #enterFrame(state: number): void {
    this.#epoch = this.epoch;
    this.#state = state;
    this.#recordsOld = recordCount;
  }

  #writeFrame(record: number): void {
    const { recordWords: words, recordNumbers: numbers } = this.#slot;
    const wordAt = record * wordStride;
    const numberAt = record * numberStride;
    this.#recordsOld -= 1;
    words[wordAt + stateAt] = this.#state;
    words[wordAt + recordEpochAt] = this.#epoch;
    words[wordAt + priceScaleAt] = this.#priceScale;
    words[wordAt + sizeScaleAt] = this.#sizeScale;
    numbers[numberAt + bidBaseAt] = this.bids.base;
    numbers[numberAt + askBaseAt] = this.asks.base;
  }

  #writeRecord(origin: TopOrigin, record: number): void {
    const { recordWords: words, recordNumbers: numbers } = this.#slot;
    const wordAt = record * wordStride;
    const numberAt = record * numberStride;
    words[wordAt + receiveLowAt] = origin.receiveNsLow;
    words[wordAt + receiveHighAt] = origin.receiveNsHigh;
    words[wordAt + sidesAt] =
      Number(this.bids.settledIndex >= 0) | (Number(this.asks.settledIndex >= 0) << 1);
    this.bids.copyTop(numbers, numberAt + bidPriceAt);
    this.asks.copyTop(numbers, numberAt + askPriceAt);
    numbers[numberAt + updateIdAt] = origin.updateId;
  }

  #writeEpoch(): void {
    const { top } = this.#slot;
    if (top[epochAt] !== this.#epoch) Atomics.store(top, epochAt, this.#epoch);
  }

  // A plain store will do: the word stands for itself, and what is stored atomically before it, the
  // record's version and a new epoch, is seen before it. It saves a fifth of a publication.
  #writePacked(isTrusted: boolean): void {
    const { top, versions } = this.#slot;
    if (passesStores) Atomics.load(versions, recordAt);
    const indexes = (this.bids.settledIndex + 1) | ((this.asks.settledIndex + 1) << 11);
    top[packedAt] = (isTrusted ? indexes : 0) | (this.#epoch << 22);
  }
}

/** Whether two records have the same best prices and sizes, each at its own scales. */
const isSameTop = (slot: BookSlot, a: number, b: number): boolean => {
  const { recordWords: words, recordNumbers: numbers } = slot;
  const isSame = (place: number, scaleAt: number): boolean => {
    const x = numbers[a * numberStride + place] ?? 0;
    const y = numbers[b * numberStride + place] ?? 0;
    // Prices of empty sides are below 0, their sizes are 0.
    if (x <= 0 || y <= 0) return x === y;
    const finer = (words[b * wordStride + scaleAt] ?? 0) - (words[a * wordStride + scaleAt] ?? 0);
    // A product beyond 2^53 is rounded, but never down to an integer below.
    return finer < 0 ? x === y * powerOfTen(-finer) : x * powerOfTen(finer) === y;
  };
  return (
    isSame(bidPriceAt, priceScaleAt) &&
    isSame(bidPriceAt + 1, sizeScaleAt) &&
    isSame(askPriceAt, priceScaleAt) &&
    isSame(askPriceAt + 1, sizeScaleAt)
  );
};
