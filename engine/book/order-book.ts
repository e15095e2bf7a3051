// The order book of one symbol: two sides, the scales that their integers have, and the top as
// other threads see it. Knows nothing of messages or sequences (market-books.ts). One thread
// writes: the market thread.
import { decimalValueMax, powerOfTen } from "../../schemas/market/decimal.ts";
import {
  type BookSlot,
  recordNumber as number,
  recordWord as word,
  topWord,
} from "./book-layout.ts";
import { askSign, bidSign, BookSide } from "./book-side.ts";

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

/**
 * Prices are ticks of 10^-priceScale and sizes lots of 10^-sizeScale, integers to 2^53 - 1. Scales
 * come with the first levels and only ever get finer until `clear`.
 */
export class OrderBook {
  readonly bids: BookSide;
  readonly asks: BookSide;
  readonly #slot: BookSlot;
  #priceScale = -1;
  #sizeScale = -1;
  #rescales = 0;
  // What readers see now, to publish nothing twice.
  #bidPrice = -1;
  #bidSize = 0;
  #askPrice = -1;
  #askSize = 0;
  #touches = 0;
  #epoch = 0;
  #state = 0;
  #sequence = 0;

  constructor(slot: BookSlot) {
    this.#slot = slot;
    this.bids = new BookSide(bidSign, { sizes: slot.bidSizes, bitmap: slot.bidBitmap });
    this.asks = new BookSide(askSign, { sizes: slot.askSizes, bitmap: slot.askBitmap });
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
    return (this.bids.moves + this.asks.moves + this.#rescales) | 0;
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
    this.#rescales += 1;
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
    this.#rescales += 1;
    return true;
  }

  /**
   * Shows the book to other threads as it is now: call it when an item is complete. Returns
   * whether the best prices or their sizes changed since the last call.
   */
  publish(origin: TopOrigin): boolean {
    const touches = (this.bids.touches + this.asks.touches) | 0;
    if (touches === this.#touches && origin.state === this.#state) return false;
    this.#touches = touches;
    return this.#publishTouched(origin);
  }

  #publishTouched(origin: TopOrigin): boolean {
    const bidPrice = this.bids.bestPrice;
    const askPrice = this.asks.bestPrice;
    const bidSize = this.bids.bestSize;
    const askSize = this.asks.bestSize;
    const epoch = this.epoch;
    const isSameTop =
      bidPrice === this.#bidPrice &&
      askPrice === this.#askPrice &&
      bidSize === this.#bidSize &&
      askSize === this.#askSize;
    if (isSameTop && epoch === this.#epoch && origin.state === this.#state) return false;
    this.#bidPrice = bidPrice;
    this.#askPrice = askPrice;
    this.#bidSize = bidSize;
    this.#askSize = askSize;
    this.#epoch = epoch;
    this.#state = origin.state;
    this.#write(origin);
    return !isSameTop;
  }

  // The record first, then the epoch, then the packed word: a reader that sees the packed word of
  // an epoch finds its record. The load after the first store keeps the plain stores behind it on
  // processors that would let them pass a release store (ARM64).
  #write(origin: TopOrigin): void {
    const { recordWords: words, recordNumbers: numbers, top } = this.#slot;
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(words, word.sequence, this.#sequence);
    Atomics.load(words, word.sequence);
    const hasBid = this.#bidPrice >= 0;
    const hasAsk = this.#askPrice >= 0;
    words[word.state] = origin.state;
    words[word.epoch] = this.#epoch;
    words[word.priceScale] = this.#priceScale;
    words[word.sizeScale] = this.#sizeScale;
    words[word.receiveNsLow] = origin.receiveNsLow;
    words[word.receiveNsHigh] = origin.receiveNsHigh;
    words[word.sides] = (hasBid ? 1 : 0) | (hasAsk ? 2 : 0);
    numbers[number.bidPrice] = this.#bidPrice;
    numbers[number.bidSize] = this.#bidSize;
    numbers[number.askPrice] = this.#askPrice;
    numbers[number.askSize] = this.#askSize;
    numbers[number.bidBase] = hasBid ? this.bids.base : 0;
    numbers[number.askBase] = hasAsk ? this.asks.base : 0;
    numbers[number.updateId] = origin.updateId;
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(words, word.sequence, this.#sequence);
    Atomics.store(top, topWord.epoch, this.#epoch);
    Atomics.store(top, topWord.packed, origin.isTrusted ? this.#packed() : this.#epoch << 22);
  }

  #packed(): number {
    return (
      (this.bids.bestIndex + 1) | ((this.asks.bestIndex + 1) << 11) | ((this.#epoch & 1023) << 22)
    );
  }
}
