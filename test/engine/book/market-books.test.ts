import { expect, test } from "vitest";

import { createBookMemory, farLevelsMax } from "../../../engine/book/book-layout.ts";
import { bookOutcome, bookOutcomeText, isRefusal } from "../../../engine/book/book-outcome.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { readTops } from "../../../engine/book/top-reader.ts";
import { depthCode, depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { type VenueName, venueCodes } from "../../../schemas/market/venues.ts";

type Level = readonly [number, number];
type Given = {
  readonly venue?: VenueName;
  readonly symbol?: string;
  readonly kind?: keyof typeof depthKind;
  readonly ids: readonly [number, number, number?];
  readonly bids?: readonly Level[];
  readonly asks?: readonly Level[];
  readonly priceScale?: number;
  readonly sizeScale?: number;
};

const itemOf = (given: Given): Uint8Array<ArrayBuffer> => {
  const message = new DepthMessage();
  message.kind = depthKind[given.kind ?? "delta"];
  message.venue = venueCodes[given.venue ?? "binance-spot"];
  message.symbol = given.symbol ?? "BTCUSDT";
  [message.firstId, message.lastId] = given.ids;
  message.prevId = given.ids[2] ?? -1;
  message.priceScale = given.priceScale ?? 0;
  message.sizeScale = given.sizeScale ?? 0;
  message.receiveNs = BigInt(given.ids[1]);
  for (const [price, size] of given.bids ?? []) message.addBid(price, size);
  for (const [price, size] of given.asks ?? []) message.addAsk(price, size);
  const bytes = depthItemOf(message);
  if (typeof bytes === "number") throw new Error(`bad test item, code ${bytes}`);
  return bytes;
};

const setUp = (symbols = 4, heldBytesMax = 1 << 16) => {
  const memory = createBookMemory(symbols);
  const seen: number[] = [];
  const books = new MarketBooks({
    memory,
    heldBytesMax,
    onApplied: (_book, item) => seen.push(item.lastId),
  });
  const give = (given: Given): number => {
    const bytes = itemOf(given);
    return books.apply(new DataView(bytes.buffer), 0, bytes.length);
  };
  const top = (index = 0) => {
    const found = readTops(memory)[index];
    if (found === undefined) throw new Error(`no book ${index}`);
    return found;
  };
  return { memory, books, give, top, seen };
};

const snapshot = (id: number, more: Partial<Given> = {}): Given => ({
  kind: "snapshot",
  ids: [id, id],
  bids: [[99, 1]],
  asks: [[101, 1]],
  ...more,
});

const { applied, held, stale, gap } = bookOutcome;

test("spot: deltas wait, old ones are dropped, the one around the snapshot is the first", () => {
  const { give, top, seen } = setUp();
  expect(give({ ids: [1, 5] })).toBe(held);
  expect(give({ ids: [6, 10] })).toBe(held);
  expect(give({ ids: [11, 15], bids: [[100, 2]] })).toBe(held);
  expect(top().state).toBe("buffering");
  expect(give(snapshot(12))).toBe(applied);
  expect(seen).toEqual([12, 15]);
  expect(top()).toMatchObject({ state: "synced", bid: "100", bidSize: "2", ask: "101" });
  expect(top().counters).toMatchObject({ applied: 1, stale: 2, gaps: 0, resyncs: 0, messages: 4 });
});

test("levels of a side are counted wherever they stand, by whoever reads", () => {
  const { give, top } = setUp();
  const levels = () => [top().bidLevels, top().askLevels];
  give(
    snapshot(1, {
      bids: [
        [100_000, 1],
        [99_999, 1],
        [50_000, 1],
        [7, 1],
      ],
      asks: [],
    }),
  );
  expect(levels()).toEqual([4, 0]);
  give({
    ids: [2, 2],
    bids: [
      [99_999, 0],
      [7, 0],
    ],
    asks: [
      [100_001, 1],
      [900_000, 2],
    ],
  });
  expect(levels()).toEqual([2, 2]);
  // The window moves to what was outside of it.
  give({ ids: [3, 3], bids: [[100_000, 0]], asks: [[100_001, 0]] });
  expect(levels()).toEqual([1, 1]);
  expect(top()).toMatchObject({ bid: "50000", ask: "900000" });
});

const rules: readonly (readonly [string, VenueName, Given["ids"], number])[] = [
  ["spot: u = last is stale", "binance-spot", [5, 10], stale],
  ["spot: U = last + 1 follows", "binance-spot", [11, 12], applied],
  ["spot: U below, u above follows", "binance-spot", [8, 12], applied],
  ["spot: U = last + 2 is a gap", "binance-spot", [12, 13], gap],
  ["USD-M: u below last is stale", "binance-usdm", [5, 9, 4], stale],
  ["USD-M: u = last follows", "binance-usdm", [5, 10, 4], applied],
  ["USD-M: U = last follows", "binance-usdm", [10, 12, 4], applied],
  ["USD-M: U above last is a gap", "binance-usdm", [11, 12, 9], gap],
  ["USD-M: pu = last follows", "binance-usdm", [11, 12, 10], applied],
  ["COIN-M: as USD-M, u below last is stale", "binance-coinm", [5, 9, 4], stale],
  ["COIN-M: as USD-M, U = last follows", "binance-coinm", [10, 12, 4], applied],
  ["COIN-M: as USD-M, U above last is a gap", "binance-coinm", [12, 13, 11], gap],
];

test.each(rules)("first delta after snapshot 10, %s", (_name, venue, ids, outcome) => {
  const { give } = setUp();
  expect(give(snapshot(10, { venue }))).toBe(applied);
  expect(give({ venue, ids })).toBe(outcome);
});

const following: readonly (readonly [string, VenueName, Given["ids"], number])[] = [
  ["spot: U = u + 1 follows", "binance-spot", [13, 14], applied],
  ["spot: U = u + 2 is a gap", "binance-spot", [14, 15], gap],
  ["spot: an overlap is a gap", "binance-spot", [12, 15], gap],
  ["spot: a repeated delta is stale", "binance-spot", [11, 12], stale],
  ["USD-M: pu = u follows, whatever U is", "binance-usdm", [20, 25, 12], applied],
  ["USD-M: another pu is a gap", "binance-usdm", [13, 14, 11], gap],
  ["USD-M: a repeated delta is stale", "binance-usdm", [10, 12, 9], stale],
];

test.each(following)("in sync at 12, %s", (_name, venue, ids, outcome) => {
  const { give } = setUp();
  give(snapshot(10, { venue }));
  expect(give({ venue, ids: venue === "binance-spot" ? [11, 12] : [10, 12, 9] })).toBe(applied);
  expect(give({ venue, ids })).toBe(outcome);
});

test("a gap hides the quote, holds what follows, and a new snapshot brings the book back", () => {
  const { give, top, seen, books } = setUp();
  give(snapshot(10));
  expect(give({ ids: [11, 12], bids: [[100, 5]] })).toBe(applied);
  expect(give({ ids: [15, 16], bids: [[100, 0]] })).toBe(gap);
  expect(give({ ids: [17, 18], asks: [[102, 7]] })).toBe(held);
  expect(top()).toMatchObject({ state: "gap", bid: "100", counters: { gaps: 1, resyncs: 0 } });
  const slot = books.books[0]?.slot;
  expect((slot?.top[0] ?? -1) & 0x3fffff).toBe(0);
  expect(give(snapshot(15, { bids: [[98, 1]], asks: [[103, 3]] }))).toBe(applied);
  expect(seen).toEqual([10, 12, 15, 16, 18]);
  expect(top()).toMatchObject({ state: "synced", bid: "98", ask: "102", askSize: "7" });
  expect(top().counters).toMatchObject({ gaps: 1, resyncs: 1, snapshots: 2 });
});

test("a snapshot that is too old for what waits leaves the book in a gap", () => {
  const { give, top } = setUp();
  give({ ids: [100, 110] });
  give(snapshot(50));
  expect(top()).toMatchObject({ state: "gap", counters: { gaps: 1, resyncs: 0 } });
  give(snapshot(105));
  expect(top()).toMatchObject({ state: "synced", counters: { applied: 1, resyncs: 1 } });
});

test("in sync an older snapshot is stale, and a newer one replaces the book", () => {
  const { give, top } = setUp();
  give(snapshot(10));
  give({ ids: [11, 12] });
  expect(give(snapshot(12))).toBe(stale);
  expect(give(snapshot(20, { bids: [[90, 1]] }))).toBe(applied);
  expect(give({ ids: [19, 21] })).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "90", counters: { gaps: 0, resyncs: 1 } });
});

test("the buffer drops its oldest deltas when full, and counts them", () => {
  const { give, top } = setUp(1, 4096);
  for (let id = 1; id <= 1000; id += 1) give({ ids: [id, id], bids: [[id, 1]] });
  const dropped = top().counters.heldDropped;
  expect(dropped).toBeGreaterThan(900);
  expect(give(snapshot(990))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "1000", updateId: 1000 });
  expect(top().counters.applied).toBe(10);
});

test("a stream without any snapshot stays in buffering", () => {
  const { give, top } = setUp();
  for (let id = 1; id <= 100; id += 1) expect(give({ ids: [id, id] })).toBe(held);
  expect(top()).toMatchObject({ state: "buffering", bid: null, counters: { gaps: 0, applied: 0 } });
});

test("finer deltas rescale the book exactly, coarser ones are scaled up", () => {
  const { give, top } = setUp();
  give(snapshot(10, { priceScale: 1, sizeScale: 0 }));
  give({ ids: [11, 11], bids: [[995, 25]], priceScale: 2, sizeScale: 3 });
  expect(top()).toMatchObject({ bid: "9.95", bidSize: "0.025", ask: "10.10", askSize: "1.000" });
  give({ ids: [12, 12], asks: [[10, 2]] });
  expect(top()).toMatchObject({ ask: "10.00", askSize: "2.000" });
});

test("a delta that cannot be scaled breaks the book off instead of rounding", () => {
  const { give, top } = setUp();
  give(snapshot(10, { bids: [[2 ** 50, 1]] }));
  const outcome = give({ ids: [11, 11], asks: [[1, 1]], priceScale: 9 });
  expect(outcome).toBe(bookOutcome.range);
  expect(top()).toMatchObject({ state: "gap", counters: { refused: 1, gaps: 1 } });
});

test("crossed books are counted", () => {
  const { give, top } = setUp();
  give(snapshot(10));
  give({ ids: [11, 11], bids: [[101, 1]] });
  expect(top().counters.crossed).toBe(0);
  give({ ids: [12, 12], bids: [[102, 1]] });
  expect(top().counters.crossed).toBe(1);
});

test("more levels than fit outside the window break the book off, and a snapshot mends it", () => {
  const { give, top } = setUp();
  give(snapshot(1, { bids: [[2 ** 40, 1]] }));
  let id = 1;
  let outcome: number = applied;
  for (let price = 1; price <= farLevelsMax + 1; id += 1) {
    const bids: Level[] = [];
    for (let i = 0; i < 16_384 && price <= farLevelsMax + 1; i += 1, price += 1)
      bids.push([price, 1]);
    outcome = give({ ids: [id + 1, id + 1], bids });
  }
  expect(outcome).toBe(bookOutcome.levelsFull);
  expect(top().state).toBe("gap");
  give(snapshot(id + 10));
  expect(top()).toMatchObject({ state: "snapshot", bid: "99" });
});

test("levels that a rising market leaves behind are bounded too", () => {
  const { give, top } = setUp();
  give(snapshot(1, { bids: [[2 ** 40, 1]] }));
  for (let id = 2; id < 6; id += 1) {
    const first = (id - 2) * 16_384 + 1;
    give({ ids: [id, id], bids: Array.from({ length: 16_384 }, (_, i) => [first + i, 1]) });
  }
  expect(top().state).toBe("synced");
  expect(give({ ids: [6, 6], bids: [[2 ** 41, 1]] })).toBe(bookOutcome.levelsFull);
  expect(top().state).toBe("gap");
});

test("Kraken: a level that falls out of the depth subscribed to goes without a checksum too", () => {
  const { give, books } = setUp();
  const bids = Array.from({ length: 10 }, (_, i): Level => [90 + i, 1]);
  give(snapshot(1, { venue: "kraken", bids, asks: [] }));
  expect(give({ venue: "kraken", ids: [2, 2], bids: [[100, 1]] })).toBe(applied);
  const prices = books.books[0]?.book.bids.levels().map(([price]) => price);
  expect([prices?.length, prices?.at(-1)]).toEqual([10, 91]);
});

test("symbols and venues have books of their own, and one too many is refused", () => {
  const { give, top } = setUp(3);
  give(snapshot(1, { symbol: "BTCUSDT" }));
  give(snapshot(2, { symbol: "ETHUSDT", bids: [[50, 1]] }));
  give(snapshot(3, { symbol: "BTCUSDT", venue: "binance-usdm", bids: [[60, 1]] }));
  expect(give(snapshot(4, { symbol: "XRPUSDT" }))).toBe(bookOutcome.symbolsFull);
  expect([0, 1, 2].map((index) => top(index))).toMatchObject([
    { venue: "binance-spot", symbol: "BTCUSDT", bid: "99" },
    { venue: "binance-spot", symbol: "ETHUSDT", bid: "50" },
    { venue: "binance-usdm", symbol: "BTCUSDT", bid: "60" },
  ]);
});

test("trades and tickers are counted and change no book", () => {
  const { give, top } = setUp();
  give(snapshot(10));
  expect(give({ kind: "trade", ids: [5, 5], bids: [[100, 1]] })).toBe(bookOutcome.trade);
  expect(give({ kind: "ticker", ids: [11, 11], bids: [[100, 1]] })).toBe(bookOutcome.ticker);
  expect(top()).toMatchObject({ bid: "99", counters: { trades: 1, tickers: 1 } });
});

test("bytes that are no item are refused by their code", () => {
  const { books } = setUp();
  const outcome = books.apply(new DataView(new ArrayBuffer(10)), 0, 10);
  expect(outcome).toBe(bookOutcome.refused + depthCode.tooShort);
  expect(isRefusal(outcome)).toBe(true);
  expect(bookOutcomeText(outcome)).toContain("shorter");
});

test("a memory of no symbols or too many is refused", () => {
  expect(() => createBookMemory(0)).toThrow("symbols=0");
  expect(() => createBookMemory(5000)).toThrow("bookSymbolsMax=4096");
});
