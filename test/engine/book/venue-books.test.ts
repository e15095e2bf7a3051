import { expect, test } from "vitest";

import { bookOutcome } from "../../../engine/book/book-outcome.ts";
import { crcByHand } from "../../oracles/plain-crc32.ts";
import { venueRig as setUp } from "./venue-rig.ts";

const { applied, stale, gap, held, checksum, range } = bookOutcome;

// The vector of the reference, from Kraken's guide to the checksum.
const vectorBids = [
  ["45283.5", "0.10000000"],
  ["45283.4", "1.54582015"],
  ["45282.1", "0.10000000"],
  ["45281.0", "0.10000000"],
  ["45280.3", "1.54592586"],
  ["45279.0", "0.07990000"],
  ["45277.6", "0.03310103"],
  ["45277.5", "0.30000000"],
  ["45277.3", "1.54602737"],
  ["45276.6", "0.15445238"],
] as const;
const vectorAsks = [
  ["45285.2", "0.00100000"],
  ["45286.4", "1.54571953"],
  ["45286.6", "1.54571109"],
  ["45289.6", "1.54560911"],
  ["45290.2", "0.15890660"],
  ["45291.8", "1.54553491"],
  ["45294.7", "0.04454749"],
  ["45296.1", "0.35380000"],
  ["45297.5", "0.09945542"],
  ["45299.5", "0.18772827"],
] as const;
const vectorChecksum = 3_310_070_434;

type Levels = readonly (readonly [string, string])[];

const kraken = (type: string, second: number, sides: readonly [Levels, Levels, number]) => {
  const list = (levels: Levels): string =>
    levels.map(([price, qty]) => `{"price":${price},"qty":${qty}}`).join(",");
  const [bids, asks, sum] = sides;
  const time = `"2023-10-06T17:35:${second}.000000Z"`;
  return `{"channel":"book","type":"${type}","data":[{"symbol":"BTC/USD","bids":[${list(bids)}],
"asks":[${list(asks)}],"checksum":${sum},"timestamp":${time}}]}`;
};

test("Kraken: the checksum vector 3310070434 proves a snapshot", () => {
  const { give, top } = setUp("kraken");
  expect(give(kraken("snapshot", 10, [vectorBids, vectorAsks, vectorChecksum]))).toBe(applied);
  expect(top()).toMatchObject({ bid: "45283.5", bidSize: "0.10000000", state: "snapshot" });
});

test("Kraken: the book is cut to the depth subscribed to before the checksum", () => {
  const { give, top, books } = setUp("kraken");
  give(kraken("snapshot", 10, [vectorBids, vectorAsks, vectorChecksum]));
  // A better bid pushes the tenth out; when it goes, Kraken sends the tenth again.
  const pushed = [["45284.0", "1.00000000"], ...vectorBids.slice(0, 9)] as const;
  const crcOf = (bids: Levels): number => {
    const digits = [...vectorAsks, ...bids].flat().map((text) => text.replace(".", ""));
    return crcByHand(digits.map((text) => text.replace(/^0+/, "")).join(""));
  };
  const first = give(kraken("update", 11, [[["45284.0", "1.00000000"]], [], crcOf(pushed)]));
  expect(first).toBe(applied);
  expect(books.books[0]?.book.bids.levels().length).toBe(10);
  const back = [
    ["45284.0", "0.00000000"],
    ["45276.6", "0.15445238"],
  ] as const;
  expect(give(kraken("update", 12, [back, [], vectorChecksum]))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "45283.5" });
});

// A market with fewer levels than were subscribed to; bids come one by one, the best last.
const growing = (count: number): Levels =>
  Array.from({ length: count }, (_, i) => [`${count - i + 10}.5`, `${i + 1}.25`] as const);
const crcOfBids = (bids: Levels): number =>
  crcByHand(
    bids
      .slice(0, 10)
      .flat()
      .map((text) => text.replace(".", "").replace(/^0+/, ""))
      .join(""),
  );

test("Kraken: a thin market that grows beyond the least depth keeps the levels behind it", () => {
  const { give, top, books } = setUp("kraken");
  const bids = growing(13);
  give(kraken("snapshot", 10, [bids.slice(10), [], crcOfBids(bids.slice(10))]));
  for (let from = 9; from >= 0; from -= 1) {
    const [level] = bids.slice(from);
    const sum = crcOfBids(bids.slice(from));
    expect(give(kraken("update", 30 - from, [level ? [level] : [], [], sum]))).toBe(applied);
  }
  // Behind the tenth: one changes, the last goes. Then the best go, and nothing is sent in their place.
  const now: Levels = [...bids.slice(0, 11), [bids[11]?.[0] ?? "", "99.75"]];
  const behind: Levels = [...now.slice(11), [bids[12]?.[0] ?? "", "0.00"]];
  expect(give(kraken("update", 31, [behind, [], crcOfBids(now)]))).toBe(applied);
  for (let gone = 0; gone < 4; gone += 1) {
    const level: Levels = [[now[gone]?.[0] ?? "", "0.00"]];
    const sum = crcOfBids(now.slice(gone + 1));
    expect(give(kraken("update", 32 + gone, [level, [], sum]))).toBe(applied);
  }
  expect(books.books[0]?.book.bids.levels()).toHaveLength(8);
  expect(top()).toMatchObject({ state: "synced", bid: now[4]?.[0] });
});

test("Kraken: what is told of behind the depth that a small snapshot shows was subscribed to", () => {
  const { give, books } = setUp("kraken");
  const bids = growing(40);
  give(kraken("snapshot", 10, [bids.slice(0, 20), [], crcOfBids(bids)]));
  for (let next = 20; next < 40; next += 1) {
    const level = bids.slice(next, next + 1);
    expect(give(kraken("update", next, [level, [], crcOfBids(bids)]))).toBe(applied);
  }
  expect(books.books[0]?.book.bids.levels()).toHaveLength(40);
});

test("Kraken: a wrong checksum clears the book, which waits for a snapshot", () => {
  const { give, top } = setUp("kraken");
  give(kraken("snapshot", 10, [vectorBids, vectorAsks, vectorChecksum]));
  expect(give(kraken("update", 11, [[["45284.0", "1.00000000"]], [], 1]))).toBe(checksum);
  expect(top()).toMatchObject({ state: "gap", bid: null, ask: null });
  expect(top()?.counters).toMatchObject({ checksumFaults: 1, gaps: 1 });
  expect(give(kraken("update", 12, [[], [], 5]))).toBe(held);
  expect(give(kraken("snapshot", 13, [vectorBids, vectorAsks, vectorChecksum]))).toBe(applied);
  expect(top()).toMatchObject({ state: "snapshot", counters: { resyncs: 1 } });
});

const okx = (seqId: number, prevSeqId: number, bids: readonly string[][] = []) => ({
  arg: { channel: "books", instId: "BTC-USDT" },
  action: prevSeqId === -1 ? "snapshot" : "update",
  data: [{ asks: [], bids, ts: "1", checksum: 0, seqId, prevSeqId }],
});

test("OKX: prevSeqId chains; heartbeats, resets and gaps are told apart", () => {
  const { give, top } = setUp("okx");
  expect(give(okx(10, 9))).toBe(held);
  expect(give(okx(100, -1, [["5", "1"]]))).toBe(applied);
  expect(give(okx(104, 100, [["6", "1"]]))).toBe(applied);
  // Nothing changed: equal ids.
  expect(give(okx(104, 104))).toBe(applied);
  // The numbers begin anew, the chain does not break.
  expect(give(okx(3, 104, [["7", "1"]]))).toBe(applied);
  expect(give(okx(5, 3, [["8", "1"]]))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "8" });
  expect(give(okx(9, 7))).toBe(gap);
  expect(top()).toMatchObject({ state: "gap" });
  // A snapshot in the stream begins anew even with a lower id.
  expect(give(okx(2, -1, [["4", "1"]]))).toBe(applied);
  expect(give(okx(6, 2))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "4" });
});

const bybit = (type: string, u: number, b: readonly string[][] = []) => ({
  topic: "orderbook.50.BTCUSDT",
  type,
  ts: 1,
  data: { s: "BTCUSDT", b, a: [], u, seq: 1 },
});

test("Bybit: u counts by one; a snapshot or u = 1 begins the book anew", () => {
  const { give, top } = setUp("bybit");
  expect(give(bybit("snapshot", 50, [["5", "1"]]))).toBe(applied);
  expect(give(bybit("delta", 51, [["6", "1"]]))).toBe(applied);
  expect(give(bybit("delta", 51))).toBe(stale);
  expect(give(bybit("delta", 1, [["3", "1"]]))).toBe(applied);
  expect(top()).toMatchObject({ state: "snapshot", bid: "3" });
  expect(give(bybit("delta", 2, [["3", "2"]]))).toBe(applied);
  expect(give(bybit("delta", 4))).toBe(gap);
  expect(give(bybit("snapshot", 60, [["2", "1"]]))).toBe(applied);
  expect(top()).toMatchObject({ state: "snapshot", bid: "2", counters: { resyncs: 2 } });
});

const coinbase = (sequence_num: number, type: string, level: string, product_id = "BTC-USD") => ({
  channel: "l2_data",
  timestamp: "2023-02-09T20:32:50.714964855Z",
  sequence_num,
  events: [{ type, product_id, updates: [{ side: "bid", price_level: level, new_quantity: "1" }] }],
});

test("Coinbase: a number missing on the connection is a gap for each product", () => {
  const { give, top } = setUp("coinbase");
  expect(give(coinbase(0, "snapshot", "5"))).toBe(applied);
  expect(give(coinbase(1, "snapshot", "50", "ETH-USD"))).toBe(applied);
  expect(give(coinbase(2, "update", "6"))).toBe(applied);
  expect(give(coinbase(3, "update", "51", "ETH-USD"))).toBe(applied);
  expect(give(coinbase(5, "update", "7"))).toBe(gap);
  expect(give(coinbase(6, "update", "52", "ETH-USD"))).toBe(gap);
  expect(top()).toMatchObject({ state: "gap", bid: "6" });
  expect(give(coinbase(7, "snapshot", "8"))).toBe(applied);
  expect(give(coinbase(8, "update", "9"))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "9" });
});

const generic = (sequence: number, bids: readonly string[][], more: object = {}) => ({
  type: "update",
  symbol: "X",
  sequence,
  bids,
  ...more,
});

test("generic: sequence counts by one, or previous names the one before", () => {
  const { give, top } = setUp("generic");
  expect(give(generic(1, [["1", "1"]], { type: "snapshot" }))).toBe(applied);
  expect(give(generic(2, [["2", "1"]]))).toBe(applied);
  expect(give(generic(9, [["2", "0"]], { previous: 2 }))).toBe(applied);
  expect(top()).toMatchObject({ bid: "1", state: "synced" });
  expect(give(generic(11, []))).toBe(gap);
});

test("generic-delta: sizes are added, a level at 0 goes, one below 0 breaks the book off", () => {
  const { give, top } = setUp("generic-delta");
  give(generic(1, [["1", "1.5"]], { type: "snapshot" }));
  expect(give(generic(2, [["1", "0.25"]]))).toBe(applied);
  expect(top()).toMatchObject({ bid: "1", bidSize: "1.75" });
  expect(give(generic(3, [["2", "1"]]))).toBe(applied);
  expect(give(generic(4, [["2", "-1"]]))).toBe(applied);
  expect(top()).toMatchObject({ bid: "1", bidSize: "1.75" });
  expect(give(generic(5, [["1", "-2"]]))).toBe(range);
  expect(top()).toMatchObject({ state: "gap" });
});
