// The levels that a venue tells of where it tells of those subscribed to alone (Kraken): what falls
// out of them it does not remove, so the book has to. How many were subscribed to it does not say, only
// a snapshot shows: that many levels or, in a thin market, fewer. So what falls out is kept aside, until
// it shows that it did not fall out.
import type { DepthItem } from "../../schemas/market/depth-item.ts";
import { powerOfTen } from "../../schemas/market/decimal.ts";
import { krakenChecksumLevels } from "./book-checksum.ts";
import type { OrderBook } from "./order-book.ts";

// What Kraken lets one subscribe to.
const depthsOffered = [10, 25, 100, 500, 1000];

const offeredFor = (levels: number): number =>
  depthsOffered.find((depth) => levels <= depth) ?? Number.MAX_SAFE_INTEGER;

/** Levels of a side kept aside at most; older ones are forgotten. */
const asideMax = 1000;

type Aside = { readonly price: number; readonly size: number };

/** One per book. Allocates; for venues that demand it. */
export class SubscribedLevels {
  #depth = Number.MAX_SAFE_INTEGER;
  // Whether the snapshot had as many levels as one may subscribe to.
  #isSure = true;
  // Bids, asks: by price, in units of the scales below.
  #aside: [Map<number, Aside>, Map<number, Aside>] = [new Map(), new Map()];
  #priceScale = 0;
  #sizeScale = 0;

  /** After a snapshot was set. */
  begin(book: OrderBook, item: DepthItem): void {
    const levels = Math.max(item.bidCount, item.askCount);
    this.#depth = offeredFor(levels);
    this.#isSure = levels === this.#depth;
    this.#forget();
    this.#cut(book);
  }

  /** After a delta was set: cuts the book to the levels subscribed to. */
  follow(book: OrderBook, item: DepthItem): void {
    this.#rescale(book);
    const factor = powerOfTen(book.priceScale - item.priceScale);
    const told = new Set<number>();
    for (let i = 0; i < item.bidCount + item.askCount; i += 1) {
      const price = item.price(i) * factor;
      this.#aside[i < item.bidCount ? 0 : 1].delete(price);
      told.add(price);
    }
    const cut = this.#cut(book);
    // No venue tells of what it was not asked for. What a checksum is of, that decides better.
    const isOpen = !this.#isSure && this.#depth > krakenChecksumLevels;
    if (isOpen && cut.some((price) => told.has(price))) this.widen(book);
  }

  /**
   * Takes the next depth that one may subscribe to, with what was kept aside. Returns whether the book
   * changed.
   */
  widen(book: OrderBook): boolean {
    const [bids, asks] = this.#aside;
    if (bids.size + asks.size === 0) return false;
    this.#rescale(book);
    this.#aside.forEach((levels, i) => {
      for (const { price, size } of levels.values()) book.sides[i]?.set(price, size);
    });
    this.#forget();
    this.#depth = offeredFor(this.#depth + 1);
    this.#cut(book);
    return true;
  }

  // Returns the prices that were cut.
  #cut(book: OrderBook): readonly number[] {
    this.#priceScale = book.priceScale;
    this.#sizeScale = book.sizeScale;
    return book.sides.flatMap((side, i) =>
      side.truncate(this.#depth).map(([price, size]) => {
        keep(this.#aside[i], { price, size });
        return price;
      }),
    );
  }

  #rescale(book: OrderBook): void {
    const prices = powerOfTen(book.priceScale - this.#priceScale);
    const sizes = powerOfTen(book.sizeScale - this.#sizeScale);
    if (prices === 1 && sizes === 1) return;
    const rescaled = (levels: ReadonlyMap<number, Aside>): Map<number, Aside> =>
      new Map(
        Array.from(levels.values(), ({ price, size }) => [
          price * prices,
          { price: price * prices, size: size * sizes },
        ]),
      );
    this.#aside = [rescaled(this.#aside[0]), rescaled(this.#aside[1])];
    this.#priceScale = book.priceScale;
    this.#sizeScale = book.sizeScale;
  }

  #forget(): void {
    for (const levels of this.#aside) levels.clear();
  }
}

const keep = (levels: Map<number, Aside> | undefined, level: Aside): void => {
  levels?.set(level.price, level);
  const [oldest] = levels?.keys() ?? [];
  if (levels !== undefined && oldest !== undefined && levels.size > asideMax) levels.delete(oldest);
};
