import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { expect, test } from "vitest";

import {
  CompactBook,
  compactBookBytes,
  compactOutcome,
} from "../../../engine/book/compact-book.ts";
import { runSeed, seeded } from "../../random.ts";

const setUp = (tickShift = 0, origin = 0) => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  return { memory, book: new CompactBook({ memory, tickShift, origin }) };
};
const { good, timeout, quantityOverflow, priceRange } = compactOutcome;

test("changes add up, and the best is recomputed when a level empties", () => {
  const { book } = setUp();
  expect([book.bestBid(), book.bestAsk(), book.spread()]).toEqual([-1, -1, null]);
  expect(book.updateBid(100, 5, 1)).toBe(good);
  expect(book.updateBid(102, 5, 2)).toBe(good);
  expect(book.updateAsk(107, 5, 3)).toBe(good);
  expect(book.updateAsk(105, 5, 4)).toBe(good);
  expect([book.bestBid(), book.bestAsk(), book.spread()]).toEqual([102, 105, 3]);
  expect(book.updateBid(102, -5, 9)).toBe(good);
  expect(book.updateAsk(105, -3, 9)).toBe(good);
  expect(book.updateAsk(105, -2, 9)).toBe(good);
  expect([book.bestBid(), book.bestAsk(), book.spread()]).toEqual([100, 107, 7]);
  expect([book.bidQuantity(100), book.askQuantity(107), book.bidTime(102)]).toEqual([5, 5, 9]);
});

test("a quantity below 0 or above 2^31 - 1 is QuantityOverflow and changes nothing", () => {
  const { book } = setUp();
  expect(book.updateBid(1, -1, 0)).toBe(quantityOverflow);
  expect(book.updateBid(1, 2 ** 31 - 1, 0)).toBe(good);
  expect(book.updateBid(1, 1, 0)).toBe(quantityOverflow);
  expect(book.updateBid(1, Number.NaN, 0)).toBe(quantityOverflow);
  expect(book.bidQuantity(1)).toBe(2 ** 31 - 1);
});

test("a price below 0 or above 2^31 - 1 is refused", () => {
  const { book } = setUp();
  expect(book.updateAsk(-1, 1, 0)).toBe(priceRange);
  expect(book.updateAsk(2 ** 31, 1, 0)).toBe(priceRange);
  expect(book.updateAsk(Number.NaN, 1, 0)).toBe(priceRange);
});

test("where it is inexact: prices of one bucket, and prices 1024 buckets apart, share a level", () => {
  const { book } = setUp(4);
  book.updateBid(160, 1, 0);
  book.updateBid(175, 1, 0);
  book.updateBid(160 + 1024 * 16, 1, 0);
  expect([book.bidQuantity(160), book.bestBid()]).toEqual([3, 160]);
});

test("an origin puts the first bucket at a market's prices, which are best in their order there", () => {
  const { book } = setUp(4, 900_000);
  book.updateBid(900_000, 2, 0);
  book.updateBid(916_368, 3, 0);
  book.updateAsk(916_383, 1, 0);
  expect([book.bestBid(), book.bestAsk(), book.spread()]).toEqual([916_368, 916_368, 0]);
  book.updateBid(916_368, -3, 0);
  expect([book.bestBid(), book.spread(), book.bidQuantity(900_015)]).toEqual([900_000, 16_368, 2]);
  expect(book.updateBid(899_999, 1, 0)).toBe(priceRange);
});

// 1,000,448 is a multiple of 1024: without an origin the two prices beside it would be far apart.
test.each([0, 1_000_447])(
  "with tick shift 0 and 1024 prices from %i it is a plain map",
  (origin) => {
    const random = seeded(runSeed(`compact book ${origin}`));
    const { book } = setUp(0, origin);
    const twin = new Map<number, number>();
    for (let i = 0; i < 50_000; i += 1) {
      const price = origin + random.below(1024);
      const change = random.below(20) - 10;
      const next = (twin.get(price) ?? 0) + change;
      const outcome = book.updateBid(price, change, i);
      expect(outcome).toBe(next < 0 ? quantityOverflow : good);
      if (next > 0) twin.set(price, next);
      else if (next === 0) twin.delete(price);
      if (i % 50 === 0) expect(book.bestBid()).toBe(Math.max(-1, ...twin.keys()));
    }
  },
);

test("an option out of its range is refused", () => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  expect(() => new CompactBook({ memory, tickShift: 21 })).toThrow("tickShift=21");
  for (const origin of [-1, 0.5, 2 ** 31, Number.NaN])
    expect(() => new CompactBook({ memory, tickShift: 0, origin })).toThrow(`origin=${origin}`);
  const small = new SharedArrayBuffer(64);
  expect(() => new CompactBook({ memory: small, tickShift: 0 })).toThrow("memory=64");
});

/** As the layout in compact-book.ts says. */
const callWord = 4224;

const race = async (updates: number, prices: number) => {
  const { memory, book } = setUp();
  const control = new Int32Array(new SharedArrayBuffer(64));
  const workers = [0, 1].map(
    (writer) =>
      new Worker(new URL("compact-writer.thread.ts", import.meta.url), {
        workerData: { memory, control, writer, updates, prices },
      }),
  );
  const exits = workers.map((worker) => once(worker, "exit"));
  while (Atomics.load(control, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.store(control, 1, 1);
  await Promise.all(exits);
  const outcomes = [0, 1].map((writer) =>
    Array.from(control.subarray(2 + 4 * writer, 6 + 4 * writer)),
  );
  return { book, outcomes };
};

// Allowed: any order of the two threads' changes. Forbidden: a change that is lost, done twice, or
// done in spite of its refusal; a best bid that stays wrong when both are done.
test("two threads on one level lose and repeat nothing", async () => {
  const updates = 500_001;
  const { book, outcomes } = await race(updates, 1);
  const added = outcomes.reduce((sum, [, , , net = 0]) => sum + net, 0);
  expect(book.bidQuantity(100)).toBe(added);
  for (const [goodCount = 0, timeouts = 0, overflows = 0] of outcomes) {
    expect(goodCount + timeouts + overflows).toBe(updates);
    expect([timeouts, overflows]).toEqual([0, 0]);
  }
  expect(book.bestBid()).toBe(added > 0 ? 100 : -1);
});

test("two threads on many levels leave the right best bid", async () => {
  for (const updates of [10_001, 10_002, 50_003]) {
    const { book } = await race(updates, 64);
    let best = -1;
    for (let price = 100; price < 164; price += 1) if (book.bidQuantity(price) > 0) best = price;
    expect(book.bestBid()).toBe(best);
  }
});

test("a level that others always change first ends in Timeout", () => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const book = new CompactBook({ memory, tickShift: 0 });
  const real = Atomics.compareExchange;
  // Another writer that is always a step ahead.
  Atomics.compareExchange = ((array: Int32Array, at: number, ...rest: [number, number]) => {
    Atomics.add(array, at, 1);
    return real(array, at, ...rest);
  }) as typeof Atomics.compareExchange;
  try {
    expect(book.updateBid(5, 1000, 0)).toBe(timeout);
  } finally {
    Atomics.compareExchange = real;
  }
  expect([book.bidQuantity(5), book.retries]).toEqual([100, 100]);
});

test("who loses try after try calls, and the next update of another gives way", () => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const options = { memory, tickShift: 0 };
  const [book, other] = [new CompactBook(options), new CompactBook(options)];
  const call = new Int32Array(memory, 4 * callWord, 1);
  const real = Atomics.compareExchange;
  // Another writer that is always a step ahead, until it is called.
  Atomics.compareExchange = ((array: Int32Array, at: number, ...rest: [number, number]) => {
    if (call[0] === 0) Atomics.add(array, at, 1);
    return real(array, at, ...rest);
  }) as typeof Atomics.compareExchange;
  try {
    expect(book.updateBid(5, 1000, 0)).toBe(good);
  } finally {
    Atomics.compareExchange = real;
  }
  expect([book.retries, book.bidQuantity(5), call[0]]).toEqual([7, 1007, 1]);
  expect([other.updateBid(5, 1, 0), call[0]]).toEqual([good, 0]);
});
