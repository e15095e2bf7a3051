import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { expect, test } from "vitest";

import {
  bookSlot,
  createBookMemory,
  recordCount,
  recordNumber,
  recordNumberStride,
  topWord,
  versionWord,
} from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";
import { noPrice, noSpread, TopReader } from "../../../engine/book/top-reader.ts";
import { runSeed, seeded } from "../../random.ts";

const origin = { state: 2, isTrusted: true, updateId: 9, receiveNsLow: 5, receiveNsHigh: 1 };

test("a reader follows prices through window moves and changes of scale", () => {
  const memory = createBookMemory(1);
  const book = new OrderBook(bookSlot(memory, 0));
  const reader = new TopReader(memory, 0);
  const look = () => [reader.bidPrice(), reader.askPrice(), reader.spread()];
  expect(look()).toEqual([noPrice, noPrice, noSpread]);
  book.fitScales({ priceScale: 0, sizeScale: 0, priceMax: 0, sizeMax: 0 });
  book.bids.set(100, 1);
  book.publish(origin);
  expect(look()).toEqual([100, noPrice, noSpread]);
  book.asks.set(105, 2);
  book.publish(origin);
  expect(look()).toEqual([100, 105, 5]);
  book.bids.set(5_000_000, 1);
  book.publish(origin);
  expect(look()).toEqual([5_000_000, 105, 105 - 5_000_000]);
  book.bids.set(5_000_000, 0);
  book.fitScales({ priceScale: 2, sizeScale: 0, priceMax: 0, sizeMax: 0 });
  book.publish(origin);
  expect(look()).toEqual([10_000, 10_500, 500]);
  expect(reader.readRecord()).toBe(true);
  expect([reader.recordBidSize, reader.recordAskSize, reader.updateId]).toEqual([1, 2, 9]);
  expect([reader.priceScale, reader.receiveNs(), reader.state]).toEqual([2, 2n ** 32n + 5n, 2]);
  book.publish({ ...origin, state: 3, isTrusted: false });
  expect(look()).toEqual([noPrice, noPrice, noSpread]);
});

test("more than 1024 moves between two reads do not bring back an old price", () => {
  const memory = createBookMemory(1);
  const book = new OrderBook(bookSlot(memory, 0));
  const reader = new TopReader(memory, 0);
  book.bids.set(1_000_000, 1);
  book.publish(origin);
  expect(reader.bidPrice()).toBe(1_000_000);
  const before = book.epoch;
  while (book.epoch - before < 1024) {
    book.clear();
    book.bids.set(2_000_000, 1);
  }
  expect(book.epoch - before).toBe(1024);
  book.publish(origin);
  expect(reader.bidPrice()).toBe(2_000_000);
});

test("record and packed word agree with the book after every publication", () => {
  const random = seeded(runSeed("top reader"));
  const memory = createBookMemory(1);
  const book = new OrderBook(bookSlot(memory, 0));
  const reader = new TopReader(memory, 0);
  book.fitScales({ priceScale: 0, sizeScale: 0, priceMax: 0, sizeMax: 0 });
  for (let i = 0; i < 20_000; i += 1) {
    const side = random.pick(book.sides);
    // Few prices, so that sides empty and fill again in the same window; seldom far away.
    const price = 5_000 + random.below(4) + (random.next() < 0.01 ? random.below(4_000) : 0);
    if (random.next() < 0.01) book.clear();
    else side.set(price, random.below(3));
    const state = random.next() < 0.05 ? 3 : 2;
    book.publish({ ...origin, state, updateId: i });
    expect(reader.readRecord()).toBe(true);
    const { bids, asks } = book;
    expect([reader.bidPrice(), reader.askPrice()]).toEqual([bids.bestPrice, asks.bestPrice]);
    expect([reader.hasBid, reader.recordBidPrice, reader.recordBidSize]).toEqual([
      bids.bestPrice >= 0,
      bids.bestPrice,
      bids.bestSize,
    ]);
    expect([reader.hasAsk, reader.recordAskPrice, reader.recordAskSize]).toEqual([
      asks.bestPrice >= 0,
      asks.bestPrice,
      asks.bestSize,
    ]);
    expect(reader.state).toBe(state);
  }
});

test("a book tells when it is locked or crossed", () => {
  const book = new OrderBook(bookSlot(createBookMemory(1), 0));
  const shape = () => [book.isLocked, book.isCrossed];
  book.bids.set(10, 1);
  expect(shape()).toEqual([false, false]);
  book.asks.set(11, 1);
  expect(shape()).toEqual([false, false]);
  book.asks.set(10, 1);
  expect(shape()).toEqual([true, false]);
  book.asks.set(9, 1);
  expect(shape()).toEqual([false, true]);
});

test("publishing says whether the top changed", () => {
  const book = new OrderBook(bookSlot(createBookMemory(1), 0));
  book.bids.set(10, 1);
  expect(book.publish(origin)).toBe(true);
  expect(book.publish(origin)).toBe(false);
  book.bids.set(9, 1);
  expect(book.publish(origin)).toBe(false);
  book.bids.set(10, 1);
  expect(book.publish(origin)).toBe(false);
  book.bids.set(10, 2);
  expect(book.publish(origin)).toBe(true);
  expect(book.publish({ ...origin, state: 3 })).toBe(false);
});

test("a writer that died within a record leaves readers the record before", () => {
  const memory = createBookMemory(1);
  const slot = bookSlot(memory, 0);
  const book = new OrderBook(slot);
  const reader = new TopReader(memory, 0);
  book.bids.set(100, 7);
  book.publish(origin);
  const next = ((slot.versions[versionWord.record] ?? 0) + 1) & (recordCount - 1);
  slot.recordNumbers[next * recordNumberStride + recordNumber.bidPrice] = 55;
  expect(reader.readRecord()).toBe(true);
  expect([reader.recordBidPrice, reader.bidPrice()]).toEqual([100, 100]);
});

test("a writer that died between epoch and packed word gives no quote instead of a hang", () => {
  const memory = createBookMemory(1);
  const slot = bookSlot(memory, 0);
  slot.top[topWord.epoch] = 5;
  expect(new TopReader(memory, 0).bidPrice()).toBe(noPrice);
});

const publications = 1_000_000;

test("another thread never reads a torn top", async () => {
  const memory = createBookMemory(1);
  const control = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL("top-writer.thread.ts", import.meta.url), {
    workerData: { memory, control },
  });
  const exited = once(worker, "exit");
  while (Atomics.load(control, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const reader = new TopReader(memory, 0);
  const spreads = new Set<number>();
  let torn = 0;
  let changes = 0;
  let bidBefore = -1;
  // Allowed: any published top. Forbidden: prices or sizes of two different tops together.
  while (Atomics.load(control, 1) < publications || changes < 2 || spreads.size === 0) {
    const spread = reader.spread();
    if (spread !== noSpread) spreads.add(spread);
    if (!reader.readRecord() || !reader.hasBid || !reader.hasAsk) continue;
    const bid = reader.recordBidPrice;
    const ask = reader.recordAskPrice;
    const isWhole =
      ask === bid + 1 + (bid % 7) &&
      reader.recordBidSize === bid * 3 &&
      reader.recordAskSize === ask * 5 &&
      reader.updateId === bid + ask;
    if (!isWhole) torn += 1;
    if (bid !== bidBefore) changes += 1;
    bidBefore = bid;
  }
  Atomics.store(control, 0, 1);
  await exited;
  expect(torn).toBe(0);
  expect([...spreads].filter((spread) => spread < 1 || spread > 7)).toEqual([]);
  expect(control[2]).toBeGreaterThan(100);
});
