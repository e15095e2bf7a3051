// The defects of the original's order book (reference: engine core, section 2), one test each: what
// went wrong there, and that it does not here. Those of rings, bundles and metrics are elsewhere.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { expect, test } from "vitest";

import { bookSlot, createBookMemory } from "../../../engine/book/book-layout.ts";
import {
  CompactBook,
  compactBookBytes,
  compactOutcome,
} from "../../../engine/book/compact-book.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";
import { noSpread, readTops, TopReader } from "../../../engine/book/top-reader.ts";
import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { runSeed, seeded } from "../../random.ts";

const origin = { state: 2, isTrusted: true, updateId: 0, receiveNsLow: 0, receiveNsHigh: 0 };

const setUp = () => {
  const memory = createBookMemory(1);
  const book = new OrderBook(bookSlot(memory, 0));
  return { book, reader: new TopReader(memory, 0) };
};

test("VX1: asks have sizes of their own, so the best ask and the spread are there", () => {
  const { book, reader } = setUp();
  book.bids.set(1_000_000, 7);
  book.asks.set(1_000_010, 7);
  book.publish(origin);
  expect([reader.bidPrice(), reader.askPrice(), reader.spread()]).toEqual([
    1_000_000, 1_000_010, 10,
  ]);
  const compact = new CompactBook({
    memory: new SharedArrayBuffer(compactBookBytes),
    tickShift: 0,
  });
  compact.updateBid(100, 7, 0);
  compact.updateAsk(110, 7, 0);
  expect([compact.bestAsk(), compact.spread()]).toEqual([110, 10]);
});

test("VX2: prices 16,384 ticks apart, and 15 apart, are levels of their own over a $20 range", () => {
  const { book } = setUp();
  const random = seeded(runSeed("VX2"));
  const twin = new Map<number, number>();
  // The range of the original's generator: $90 to $110 in ticks of $0.0001.
  for (let i = 0; i < 20_000; i += 1) {
    const price = 900_000 + random.below(200_000);
    twin.set(price, i + 1);
    book.bids.set(price, i + 1);
  }
  expect(book.bids.levels()).toEqual([...twin].sort(([a], [b]) => b - a));
  expect(book.bids.sizeAt(900_000 - 16_384)).toBe(0);
});

test("VX3: the next best is found when a level empties, however many prices were near it", () => {
  const { book } = setUp();
  for (let price = 1000; price <= 1015; price += 1) book.bids.set(price, 1);
  for (let price = 1015; price > 1000; price -= 1) {
    book.bids.set(price, 0);
    expect(book.bids.bestPrice).toBe(price - 1);
  }
  book.bids.set(1000, 0);
  expect(book.bids.bestPrice).toBe(-1);
});

test("VX4: a cancellation at another price erases nothing, and crossed books are told", () => {
  const { book } = setUp();
  book.bids.set(1000, 5);
  for (const other of [1001, 1015, 999, 1000 + 16_384, 1000 + 1024]) book.bids.set(other, 0);
  expect([book.bids.bestPrice, book.bids.bestSize]).toEqual([1000, 5]);
  book.asks.set(1000, 1);
  expect([book.isLocked, book.isCrossed]).toEqual([true, false]);
  book.asks.set(999, 1);
  expect([book.isLocked, book.isCrossed]).toEqual([false, true]);
});

test("VX5: every item has an outcome and a counter: none is dropped in silence", () => {
  const memory = createBookMemory(1);
  const books = new MarketBooks({ memory, heldBytesMax: 1024 });
  const random = seeded(runSeed("VX5"));
  const items = 2000;
  for (let i = 0; i < items; i += 1) {
    const message = new DepthMessage();
    message.kind = random.below(50) === 0 ? depthKind.snapshot : depthKind.delta;
    message.venue = 1;
    message.symbol = "X";
    message.lastId = i + random.below(3);
    message.firstId = message.lastId;
    message.addBid(100, 1 + random.below(5));
    const item = depthItemOf(message);
    if (typeof item === "number") throw new Error(`code ${item}`);
    books.apply(new DataView(item.buffer), 0, item.length);
  }
  const counters = readTops(memory)[0]?.counters;
  let waiting = 0;
  for (const { held } of books.books) {
    while (!held.isEmpty) {
      held.shift();
      waiting += 1;
    }
  }
  const { applied = 0, snapshots = 0, stale = 0, heldDropped = 0 } = counters ?? {};
  expect(counters?.messages).toBe(items);
  expect(applied + snapshots + stale + heldDropped + waiting).toBe(items);
});

test("VX5: Timeout and QuantityOverflow are returned, and then nothing has changed", () => {
  const book = new CompactBook({ memory: new SharedArrayBuffer(compactBookBytes), tickShift: 4 });
  book.updateBid(160, 5, 0);
  expect(book.updateBid(160, -6, 0)).toBe(compactOutcome.quantityOverflow);
  expect(book.bidQuantity(160)).toBe(5);
});

test("VX10: best bid and ask are read as one, never one of each of two moments", async () => {
  const memory = createBookMemory(1);
  const control = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL("top-writer.thread.ts", import.meta.url), {
    workerData: { memory, control },
  });
  const exited = once(worker, "exit");
  while (Atomics.load(control, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const reader = new TopReader(memory, 0);
  // Allowed (VX11: all outcomes are listed): no quote, or a spread of 1 to 7. Forbidden: others,
  // which only bids and asks of two moments have.
  const outcomes = new Set<number>();
  const hasQuotes = (): boolean => outcomes.size > (outcomes.has(noSpread) ? 1 : 0);
  while (Atomics.load(control, 1) < 300_000 || !hasQuotes()) outcomes.add(reader.spread());
  Atomics.store(control, 0, 1);
  await exited;
  outcomes.delete(noSpread);
  expect([...outcomes].filter((spread) => spread < 1 || spread > 7)).toEqual([]);
});
