import assert from "node:assert";

import { describe, expect, test } from "vitest";

import { bookSlot, createBookMemory } from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";
import { type AnyBook, plainBook } from "../../oracles/plain-book.ts";
import { runSeed, seeded } from "../../random.ts";

const safe = Number.MAX_SAFE_INTEGER;

type Checked = AnyBook & { readonly check: () => void };

/** The book under test; `check` validates its inner state, as far as it can be seen. */
const windowedBook = (): Checked => {
  const slot = bookSlot(createBookMemory(1), 0);
  const book = new OrderBook(slot);
  const top = (price: number, size: number): [number, number] | null =>
    price < 0 ? null : [price, size];
  return {
    setBid: (price, size) => assert(book.bids.set(price, size)),
    setAsk: (price, size) => assert(book.asks.set(price, size)),
    fitScales: (range) => book.fitScales(range),
    scales: () => [book.priceScale, book.sizeScale],
    bestBid: () => top(book.bids.bestPrice, book.bids.bestSize),
    bestAsk: () => top(book.asks.bestPrice, book.asks.bestSize),
    bids: () => book.bids.levels(),
    asks: () => book.asks.levels(),
    clear: () => book.clear(),
    check: () => {
      expect([book.bids.integrity(), book.asks.integrity()]).toEqual([null, null]);
    },
  };
};

const books: readonly (readonly [string, () => AnyBook])[] = [
  ["windowed", windowedBook],
  ["plain twin", plainBook],
];

const range = (priceScale: number, sizeScale: number) => ({
  priceScale,
  sizeScale,
  priceMax: 0,
  sizeMax: 0,
});

describe.each(books)("the %s book", (_name, create) => {
  test("has the best of what was set, and null for an empty side", () => {
    const book = create();
    expect([book.bestBid(), book.bestAsk()]).toEqual([null, null]);
    book.setBid(100, 5);
    book.setBid(101, 6);
    book.setAsk(103, 1);
    book.setAsk(102, 2);
    expect([book.bestBid(), book.bestAsk()]).toEqual([
      [101, 6],
      [102, 2],
    ]);
  });

  test("finds the next best when the best is removed, near or far", () => {
    const book = create();
    for (const price of [1, 50_000, 1_000_000_000_000, safe]) {
      book.setBid(price, price);
      book.setAsk(price, price);
    }
    const seen: unknown[] = [];
    for (const price of [safe, 1_000_000_000_000, 50_000, 1]) {
      seen.push(book.bestBid());
      book.setBid(price, 0);
    }
    for (const price of [1, 50_000, 1_000_000_000_000, safe]) {
      seen.push(book.bestAsk());
      book.setAsk(price, 0);
    }
    const prices = [safe, 1_000_000_000_000, 50_000, 1];
    expect(seen).toEqual([...prices, ...prices.toReversed()].map((price) => [price, price]));
    expect([book.bestBid(), book.bestAsk()]).toEqual([null, null]);
  });

  test("never lets two prices share a level, at any distance", () => {
    const book = create();
    const prices = [0, 1, 1023, 1024, 16_384, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 53 - 1];
    prices.forEach((price, index) => book.setBid(price, index + 1));
    prices.forEach((price, index) => book.setAsk(price, index + 1));
    const expected = prices.map((price, index) => [price, index + 1]);
    expect(book.asks()).toEqual(expected);
    expect(book.bids()).toEqual(expected.toReversed());
  });

  test("replaces a size, removes with 0, and takes the removal of an unknown level", () => {
    const book = create();
    book.setBid(10, 0);
    book.setBid(10, 3);
    book.setBid(10, 9);
    book.setBid(5000, 0);
    book.setBid(1, 0);
    expect(book.bids()).toEqual([[10, 9]]);
    book.setBid(10, 0);
    expect(book.bids()).toEqual([]);
  });

  test("rescales exactly when finer levels come, and refuses what would pass 2^53", () => {
    const book = create();
    expect(book.fitScales(range(1, 0))).toBe(true);
    book.setBid(600_000, 7);
    book.setAsk(600_010, 8);
    book.setBid(1, 3);
    expect(book.fitScales(range(3, 2))).toBe(true);
    expect(book.scales()).toEqual([3, 2]);
    expect(book.bids()).toEqual([
      [60_000_000, 700],
      [100, 300],
    ]);
    expect(book.asks()).toEqual([[60_001_000, 800]]);
    expect(book.fitScales(range(1, 1))).toBe(true);
    expect(book.scales()).toEqual([3, 2]);
    expect(book.fitScales(range(18, 2))).toBe(false);
    expect(book.fitScales({ priceScale: 0, sizeScale: 0, priceMax: safe, sizeMax: 1 })).toBe(false);
    expect(book.scales()).toEqual([3, 2]);
    expect(book.bestBid()).toEqual([60_000_000, 700]);
  });

  test("forgets everything when cleared", () => {
    const book = create();
    book.fitScales(range(2, 2));
    book.setBid(5, 5);
    book.setBid(5_000_000, 5);
    book.clear();
    expect([book.bids(), book.bestBid(), book.scales()]).toEqual([[], null, [-1, -1]]);
  });
});

type Top = readonly [number, number] | null;

const sameTop = (a: Top, b: Top): boolean =>
  a === null || b === null ? a === b : a[0] === b[0] && a[1] === b[1];

const steps = 1_000_000;
const deepEvery = 2000;

test("agrees with its twin after each of a million random operations", () => {
  const random = seeded(runSeed("order book"));
  const book = windowedBook();
  const twin = plainBook();
  let middle = 5_000_000;
  const apply = (change: (book: AnyBook) => unknown): void => {
    change(book);
    change(twin);
  };
  for (let step = 0; step < steps; step += 1) {
    // Mostly near a wandering touch, sometimes far away, sometimes a jump of the whole market.
    if (random.below(2000) === 0) middle = random.pick([1_000, 5_000_000, 2 ** 33, 2 ** 45]);
    middle = Math.max(1, middle + random.below(31) - 15);
    const reach = random.pick([20, 300, 300, 1024, 5000]);
    const price = Math.max(0, middle + random.below(2 * reach) - reach);
    const size = random.below(100) < 45 ? 0 : 1 + random.below(1000);
    // Best levels vanish often: that is where a window can go wrong.
    const removed = random.below(6) === 0 ? twin.bestBid()?.[0] : undefined;
    if (random.below(2) === 0) {
      const target = removed ?? price;
      apply((any) => any.setBid(target, removed === undefined ? size : 0));
    } else apply((any) => any.setAsk(price, size));
    if (random.below(2000) === 0) apply((any) => any.clear());
    if (random.below(20_000) === 0) {
      const scales = range(random.below(4), random.below(3));
      apply((any) => any.fitScales(scales));
    }
    const isSame =
      sameTop(book.bestBid(), twin.bestBid()) && sameTop(book.bestAsk(), twin.bestAsk());
    if (!isSame) expect.fail(`the tops differ after step ${step}`);
    if (step % deepEvery === 0) {
      expect([book.bids(), book.asks()]).toEqual([twin.bids(), twin.asks()]);
      book.check();
    }
  }
});
