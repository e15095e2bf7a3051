import { expect, test } from "vitest";

import { bookOutcome } from "../../../engine/book/book-outcome.ts";
import { crcByHand } from "../../oracles/plain-crc32.ts";
import { venueRig } from "./venue-rig.ts";

const { applied, stale, held, checksum, trade } = bookOutcome;

const subscribed = (chanId: number, channel = "book", symbol = "tBTCUSD") => ({
  event: "subscribed",
  channel,
  chanId,
  symbol,
  prec: "P0",
  freq: "F0",
  len: "25",
  pair: symbol.slice(1),
});

type Entry = readonly [price: number, count: number, amount: number];

/** The checksum as the venue's documentation tells it: signed, of texts joined by colons. */
const signed = (text: string): number => crcByHand(text) | 0;

/** A book on channel 7, with bids and asks of one snapshot. */
const setUp = (entries: readonly Entry[]) => {
  const rig = venueRig("bitfinex");
  rig.tell({ event: "info", version: 2 });
  rig.tell({ event: "conf", status: "OK", flags: 196_608 });
  rig.tell(subscribed(7));
  expect(rig.give([7, entries, 1])).toBe(applied);
  return rig;
};

const small: readonly Entry[] = [
  [7254.7, 3, 3.3],
  [7254.6, 1, 0.00000025],
  [7254.9, 1, -0.5],
];

test("Bitfinex: updates follow a snapshot and are proven by the checksum after them", () => {
  const { give, tell, top, books } = setUp(small);
  expect(top()).toMatchObject({ symbol: "tBTCUSD", bid: "7254.7", state: "snapshot" });
  // Numbers as JavaScript writes them, asks' amounts negative.
  const text = "7254.7:3.3:7254.9:-0.5:7254.6:2.5e-7";
  expect(give([7, "cs", signed(text), 2])).toBe(applied);
  // The number counts all messages of the connection.
  expect(give([7, [7255, 2, -1.25], 9])).toBe(applied);
  expect(give([7, [7254.9, 0, -1], 10])).toBe(applied);
  tell([7, "hb", 11]);
  const next = "7254.7:3.3:7255:-1.25:7254.6:2.5e-7";
  expect(give([7, "cs", signed(next), 12])).toBe(applied);
  expect(give([7, [7254.7, 0, 1], 10])).toBe(stale);
  expect(top()).toMatchObject({ bid: "7254.7", ask: "7255.0", askSize: "1.25000000" });
  expect(top()).toMatchObject({ state: "synced", counters: { checksumFaults: 0, applied: 4 } });
  expect(books.books[0]?.book.bids.levels()).toHaveLength(2);
});

test("Bitfinex: the checksum is of the 25 best of each side, as many as there are", () => {
  const bids = Array.from({ length: 40 }, (_, i): Entry => [1000 - i, 1, i + 1]);
  const asks = Array.from({ length: 12 }, (_, i): Entry => [1001 + i, 1, -(i + 1) / 8]);
  const { give } = setUp([...bids, ...asks]);
  const parts: number[] = [];
  for (let i = 0; i < 25; i += 1) {
    parts.push(1000 - i, i + 1);
    if (i < 12) parts.push(1001 + i, -(i + 1) / 8);
  }
  expect(give([7, "cs", signed(parts.join(":")), 2])).toBe(applied);
  // What is behind the 25th does not count.
  expect(give([7, [970, 1, 99], 3])).toBe(applied);
  expect(give([7, "cs", signed(parts.join(":")), 4])).toBe(applied);
  expect(give([7, [976, 1, 99], 5])).toBe(applied);
  expect(give([7, "cs", signed(parts.join(":")), 6])).toBe(checksum);
});

test("Bitfinex: an empty book has the checksum of no text", () => {
  const { give } = setUp([]);
  expect(give([7, "cs", 0, 2])).toBe(applied);
});

test("Bitfinex: a wrong checksum empties the book until the next snapshot", () => {
  const { give, tell, top } = setUp(small);
  expect(give([7, "cs", 1, 2])).toBe(checksum);
  expect(top()).toMatchObject({ state: "gap", bid: null, ask: null });
  expect(top()?.counters).toMatchObject({ checksumFaults: 1, gaps: 1 });
  expect(give([7, [7254.7, 3, 3.3], 3])).toBe(held);
  expect(give([7, "cs", 5, 4])).toBe(held);
  // The channel is subscribed to anew: another number, and a snapshot.
  tell({ event: "unsubscribed", status: "OK", chanId: 7 });
  tell(subscribed(8));
  expect(give([8, small, 20])).toBe(applied);
  expect(give([8, "cs", signed("7254.7:3.3:7254.9:-0.5:7254.6:2.5e-7"), 21])).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "7254.7", counters: { resyncs: 1 } });
});

test("Bitfinex: a connection made anew counts from 1 again, its snapshots begin the books anew", () => {
  const { give, tell, top } = setUp(small);
  expect(give([7, [7255, 2, -1], 500])).toBe(applied);
  tell({ event: "info", version: 2 });
  tell(subscribed(7, "trades"));
  tell(subscribed(9));
  tell([7, [[401_597_393, 1_574_694_475_039, 0.005, 7244.9]], 1]);
  expect(give([9, [[10, 1, 1]], 2])).toBe(applied);
  expect(give([9, [11, 1, 1], 3])).toBe(applied);
  expect(give([7, "te", [5, 1_574_694_478_808, 1, 11], 4])).toBe(trade);
  expect(top()).toMatchObject({ state: "synced", bid: "11", counters: { trades: 1, gaps: 0 } });
});

test("Bitfinex: books of several symbols are those of their channels", () => {
  const { give, tell, books } = setUp(small);
  tell(subscribed(12, "book", "tETHUSD"));
  expect(give([12, [[150, 1, 1]], 2])).toBe(applied);
  expect(give([7, [7254.8, 1, 1], 3])).toBe(applied);
  expect(give([12, "cs", signed("150:1"), 4])).toBe(applied);
  expect(books.books.map(({ book }) => book.bids.levels().length)).toEqual([3, 1]);
});
