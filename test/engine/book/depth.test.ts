import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { expect, test } from "vitest";

import {
  bookSlot,
  createBookMemory,
  farListedMax,
  headerWord,
  versionWord,
} from "../../../engine/book/book-layout.ts";
import { DepthReader } from "../../../engine/book/depth-reader.ts";
import {
  createDepth,
  depthTo,
  imbalanceOf,
  isCrossedOrLocked,
  isFresh,
  microPriceOf,
  midOf,
  spreadOf,
  sweep,
} from "../../../engine/book/depth.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";
import { runSeed, seeded } from "../../random.ts";

const origin = { state: 2, isTrusted: true, updateId: 9, receiveNsLow: 5, receiveNsHigh: 1 };

const setUp = () => {
  const memory = createBookMemory(1);
  new Int32Array(memory)[headerWord.symbols] = 1;
  const slot = bookSlot(memory, 0);
  const book = new OrderBook(slot);
  return { memory, slot, book };
};

const filled = () => {
  const { book } = setUp();
  for (const [price, size] of [
    [100, 6],
    [99, 4],
    [90, 10],
  ] as const) {
    book.bids.set(price, size);
    book.asks.set(203 - price, size / 2);
  }
  const depth = createDepth(8);
  book.copyDepth(depth);
  return depth;
};
const empty = createDepth(1);
const noSweep = { filled: 0, levels: 0, averagePrice: 0, worstPrice: 0 };

test("spread, mid, micro-price and imbalance follow from the best levels", () => {
  const depth = filled();
  expect([spreadOf(depth), midOf(depth)]).toEqual([3, 101.5]);
  // Twice the size on the bid: two thirds of the way to the ask.
  expect(microPriceOf(depth)).toBe(102);
  expect(imbalanceOf(depth, 1)).toBeCloseTo(1 / 3, 12);
  expect(imbalanceOf(depth, 99)).toBeCloseTo(1 / 3, 12);
  expect([spreadOf(empty), midOf(empty), microPriceOf(empty), imbalanceOf(empty, 5)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(isCrossedOrLocked(depth)).toBe(false);
});

test("depth to a price counts up to that price on either side", () => {
  const { bids, asks } = filled();
  expect([101, 100, 99, 91, 90, 1].map((price) => depthTo(bids, price))).toEqual([
    0, 6, 10, 10, 20, 20,
  ]);
  expect([102, 103, 104, 113, 500].map((price) => depthTo(asks, price))).toEqual([0, 3, 5, 10, 10]);
});

test("a sweep gives the volume-weighted price of what it could take", () => {
  const { bids, asks } = filled();
  expect(sweep(bids, 8, noSweep)).toEqual({
    filled: 8,
    levels: 2,
    averagePrice: (6 * 100 + 2 * 99) / 8,
    worstPrice: 99,
  });
  expect(sweep(asks, 1000, noSweep)).toMatchObject({ filled: 10, levels: 3, worstPrice: 113 });
  expect(noSweep.averagePrice).toBeCloseTo((3 * 103 + 2 * 104 + 5 * 113) / 10, 12);
  expect(sweep(empty.asks, 1, noSweep)).toMatchObject({ filled: 0, averagePrice: Number.NaN });
});

test("a sweep of everything there is says how much that was", () => {
  const { asks } = filled();
  expect(sweep(asks, Infinity, noSweep)).toEqual({
    filled: 10,
    levels: 3,
    averagePrice: (3 * 103 + 2 * 104 + 5 * 113) / 10,
    worstPrice: 113,
  });
});

test("freshness is measured from the receive time of the last item", () => {
  const depth = { ...createDepth(1), receiveUs: 1_000 };
  expect([isFresh(depth, 1_500, 500), isFresh(depth, 1_501, 500)]).toEqual([true, false]);
});

test("the market thread copies levels beyond the window too, best first", () => {
  const { book } = setUp();
  for (const price of [5, 1_000_000, 2_000_000, 7, 999_999]) {
    book.bids.set(price, price);
    book.asks.set(price, price);
  }
  const depth = createDepth(4);
  book.copyDepth(depth);
  expect([...depth.bids.prices]).toEqual([2_000_000, 1_000_000, 999_999, 7]);
  expect([...depth.asks.prices]).toEqual([5, 7, 999_999, 1_000_000]);
  expect([...depth.asks.sizes]).toEqual([5, 7, 999_999, 1_000_000]);
});

test("a depth has 1 to depthLevelsKeptMax levels", () => {
  expect(() => createDepth(0)).toThrow("levelsMax=0");
  expect(() => createDepth(5000)).toThrow("depthLevelsKeptMax=4096");
});

test("a reader of a book that is not there is refused", () => {
  expect(() => new DepthReader(createBookMemory(2), 0)).toThrow("book=0 is not below 0");
});

test("another thread reads nothing while an item is being applied, and the levels after it", () => {
  const { memory, book } = setUp();
  const reader = new DepthReader(memory, 0);
  const depth = createDepth(3);
  book.beginUpdate();
  book.fitScales({ priceScale: 1, sizeScale: 2, priceMax: 0, sizeMax: 0 });
  for (const price of [10, 11, 12, 13]) book.bids.set(price, price * 2);
  book.asks.set(20, 3);
  expect(reader.read(depth)).toBe(false);
  book.publish(origin);
  expect(reader.read(depth)).toBe(true);
  expect(depth).toMatchObject({ priceScale: 1, sizeScale: 2, state: 2 });
  expect([[...depth.bids.prices], [...depth.bids.sizes]]).toEqual([
    [13, 12, 11],
    [26, 24, 22],
  ]);
  expect([depth.asks.count, depth.asks.prices[0], depth.asks.sizes[0]]).toEqual([1, 20, 3]);
});

test("a copy is the best of the book and says whether there is more, on the market thread and on others", () => {
  const random = seeded(runSeed("cut depths"));
  let cuts = 0;
  for (let round = 0; round < 200; round += 1) {
    const { memory, book } = setUp();
    const reader = new DepthReader(memory, 0);
    const range = random.pick([40, 3000, 1_000_000]);
    const room = random.pick([12, 300]);
    for (let item = 0; item < 6; item += 1) {
      book.beginUpdate();
      for (let i = random.below(random.pick([40, 400])); i > 0; i -= 1) {
        for (const side of book.sides) side.set(1 + random.below(range), random.below(3));
      }
      book.publish(origin);
      const [own, read] = [createDepth(room), createDepth(room)];
      book.copyDepth(own);
      expect(reader.read(read)).toBe(true);
      for (const [name, side] of [
        ["bids", book.bids],
        ["asks", book.asks],
      ] as const) {
        const all = side.levels();
        const prices = all.map(([price]) => price);
        const sizes = all.map(([, size]) => size);
        expect(side.integrity()).toBeNull();
        expect([...own[name].prices.subarray(0, own[name].count)]).toEqual(prices.slice(0, room));
        const { count, isCut } = read[name];
        expect(count).toBeGreaterThanOrEqual(Math.min(room, all.length, farListedMax / 2));
        expect([...read[name].prices.subarray(0, count)]).toEqual(prices.slice(0, count));
        expect([...read[name].sizes.subarray(0, count)]).toEqual(sizes.slice(0, count));
        expect([own[name].isCut, isCut]).toEqual([all.length > room, all.length > count]);
        if (isCut && count < room) cuts += 1;
      }
    }
  }
  expect(cuts).toBeGreaterThan(20);
});

test("levels outside the window stay listed for other threads when the best of them go", () => {
  const { memory, book } = setUp();
  const reader = new DepthReader(memory, 0);
  const depth = createDepth(100);
  const far = Array.from({ length: 1000 }, (_, i) => 2_000_000 + 5 * i);
  book.beginUpdate();
  for (const price of [1_000_000, ...far]) book.asks.set(price, 1);
  book.publish(origin);
  for (let at = 0; at + 100 <= far.length; at += 100) {
    expect(reader.read(depth)).toBe(true);
    const seen = [...depth.asks.prices.subarray(0, depth.asks.count)];
    expect(seen).toEqual([1_000_000, ...far.slice(at, at + 99)]);
    book.beginUpdate();
    for (const price of far.slice(at, at + 100)) book.asks.set(price, 0);
    book.publish(origin);
    expect(book.asks.integrity()).toBeNull();
  }
});

test("another thread sees levels behind a best one that sank to the window's end", () => {
  const { memory, book } = setUp();
  const reader = new DepthReader(memory, 0);
  const depth = createDepth(4);
  const item = (levels: readonly (readonly [number, number])[]): void => {
    book.beginUpdate();
    for (const [price, size] of levels) book.bids.set(price, size);
    book.publish(origin);
  };
  item([10_000, 9_800, 9_300, 9_200, 9_100, 8_700].map((price) => [price, 5]));
  item([10_000, 9_800].map((price) => [price, 0]));
  expect(reader.read(depth)).toBe(true);
  expect([...depth.bids.prices]).toEqual([9_300, 9_200, 9_100, 8_700]);
  expect(book.bids.moves).toBe(2);
});

test("a writer that died within an item gives no depth instead of a hang", () => {
  const { memory, slot } = setUp();
  slot.versions[versionWord.depth] = 1;
  const reader = new DepthReader(memory, 0);
  expect(reader.read(createDepth(1))).toBe(false);
  expect(reader.retries).toBe(10_000);
});

const readsWanted = 20_000;
const itemsWanted = 100;

test("another thread never reads levels of two items together", async () => {
  const { memory } = setUp();
  const control = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("depth-writer.thread.ts", import.meta.url), {
    workerData: { memory, control },
  });
  const exited = once(worker, "exit");
  while (Atomics.load(control, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const reader = new DepthReader(memory, 0);
  const depth = createDepth(12);
  let torn = 0;
  let reads = 0;
  // Allowed: all levels of one item, or no reading. Forbidden: two sizes in one reading.
  while (reads < readsWanted || Atomics.load(control, 1) < itemsWanted) {
    if (!reader.read(depth)) continue;
    reads += 1;
    const { bids, asks } = depth;
    const size = bids.sizes[0];
    let isWhole = bids.count === 10 && asks.count === 10 && spreadOf(depth) === 1;
    for (let i = 0; i < 10; i += 1) {
      if (bids.sizes[i] !== size || asks.sizes[i] !== size) isWhole = false;
      if (bids.prices[i] !== (bids.prices[0] ?? 0) - i) isWhole = false;
      if (asks.prices[i] !== (asks.prices[0] ?? 0) + i) isWhole = false;
    }
    if (!isWhole) torn += 1;
  }
  Atomics.store(control, 0, 1);
  await exited;
  expect(torn).toBe(0);
});
