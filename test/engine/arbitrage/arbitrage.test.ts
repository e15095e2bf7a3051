import { expect, test } from "vitest";

import { Arbitrage, type Leg, type Opportunity } from "../../../engine/arbitrage/arbitrage.ts";
import { bookSlot, createBookMemory } from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";

const legOf = (name: string, bid: number, ask: number): Leg & { book: OrderBook } => {
  const book = new OrderBook(bookSlot(createBookMemory(1), 0));
  book.fitScales({ priceScale: 0, sizeScale: 0, priceMax: 0, sizeMax: 0 });
  book.bids.set(bid, 10);
  book.asks.set(ask, 10);
  const times = { receiveUs: 1000, eventUs: 1000 };
  return { name, feePpm: 0, book, isLive: true, updateId: 1, ...times };
};

const setUp = (legs: readonly Leg[]) => {
  const found: Opportunity[] = [];
  const arbitrage = new Arbitrage({
    legs,
    ageUsMax: 500,
    skewUsMax: 100,
    levelsMax: 8,
    onOpportunity: (opportunity) => found.push(opportunity),
  });
  const names = () => found.map(({ buy, sell, walk }) => [buy.name, sell.name, walk.net]);
  return { arbitrage, found, names };
};

test("an opportunity is told of once, and again when its size or net changes", () => {
  const [a, b] = [legOf("a", 100, 101), legOf("b", 105, 106)] as const;
  const { arbitrage, names } = setUp([a, b]);
  arbitrage.onUpdate(a, 1000);
  arbitrage.onUpdate(b, 1000);
  expect(names()).toEqual([["a", "b", 40_000_000n]]);
  b.book.bids.set(105, 4);
  arbitrage.onUpdate(b, 1000);
  expect(names().slice(1)).toEqual([["a", "b", 16_000_000n]]);
  // Gone, and back: told of again.
  b.book.bids.set(105, 0);
  arbitrage.onUpdate(b, 1000);
  b.book.bids.set(105, 4);
  arbitrage.onUpdate(b, 1000);
  expect(names().length).toBe(3);
});

test("all ordered pairs of three legs are looked at", () => {
  const legs = [legOf("a", 100, 101), legOf("b", 105, 106), legOf("c", 110, 111)];
  const { arbitrage, names } = setUp(legs);
  for (const leg of legs) arbitrage.onUpdate(leg, 1000);
  expect(names().map(([buy, sell]) => `${String(buy)}${String(sell)}`)).toEqual(["ab", "ac", "bc"]);
});

test("a leg that is too old, too far in time, or out of sync is not looked at", () => {
  const [a, b] = [legOf("a", 100, 101), legOf("b", 105, 106)] as const;
  const { arbitrage, found } = setUp([a, b]);
  arbitrage.onUpdate(b, 1501);
  expect([found.length, arbitrage.counts.stale]).toEqual([0, 2]);
  b.eventUs = 1101;
  arbitrage.onUpdate(b, 1400);
  expect([found.length, arbitrage.counts.skewed]).toEqual([0, 2]);
  b.eventUs = 1100;
  b.isLive = false;
  arbitrage.onUpdate(b, 1400);
  expect(found.length).toBe(0);
  b.isLive = true;
  arbitrage.onUpdate(b, 1400);
  expect(found.length).toBe(1);
});

test("a fee or a limit that could never be right is refused before anything is looked at", () => {
  const [a, b] = [legOf("a", 100, 101), legOf("b", 105, 106)] as const;
  for (const feePpm of [0.5, -1, 1_000_001, Number.NaN])
    expect(() => setUp([a, { ...b, feePpm }])).toThrow(`leg=b: feePpm=${feePpm}, integers from 0`);
  const options = { legs: [a, b], ageUsMax: 1, skewUsMax: 1, levelsMax: 8, onOpportunity() {} };
  for (const field of ["ageUsMax", "skewUsMax"])
    expect(() => new Arbitrage({ ...options, [field]: Number.NaN })).toThrow(`${field}=NaN`);
});

test("a leg whose time is no number is too old, and too far from the others", () => {
  const [a, b] = [legOf("a", 100, 101), legOf("b", 105, 106)] as const;
  const { arbitrage, found } = setUp([a, b]);
  b.receiveUs = Number.NaN;
  arbitrage.onUpdate(a, 1000);
  b.receiveUs = 1000;
  arbitrage.onUpdate(a, Number.NaN);
  expect([found.length, arbitrage.counts.stale]).toEqual([0, 4]);
  b.eventUs = undefined as unknown as number;
  arbitrage.onUpdate(a, 1000);
  expect([found.length, arbitrage.counts.skewed]).toEqual([0, 2]);
});
