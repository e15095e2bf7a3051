import { expect, test } from "vitest";

import { depthKind } from "../../../schemas/market/depth-item.ts";
import { DepthMessage } from "../../../schemas/market/depth-message.ts";
import { RecordedReader } from "../../../schemas/market/recorded-reader.ts";
import { readBinance } from "../../../schemas/market/venue-binance.ts";
import { type VenueContext, venueFaultText } from "../../../schemas/market/venue-fields.ts";
import { readVenueText } from "../../../schemas/market/venue-message.ts";

const spot: VenueContext = { venue: "binance-spot", symbol: "", receiveNs: 7n };
const usdm: VenueContext = { ...spot, venue: "binance-usdm" };
const coinm: VenueContext = { ...spot, venue: "binance-coinm" };

const levelsOf = (message: DepthMessage): number[][] =>
  Array.from({ length: message.bidCount + message.askCount }, (_, i) => [
    message.price(i),
    message.size(i),
  ]);

const update = {
  e: "depthUpdate",
  E: 1_723_161_255_208,
  s: "BTCUSDT",
  U: 50_093_239_189,
  u: 50_093_239_202,
  b: [["61737.63000000", "0.00000000"]],
  a: [
    ["61837.64000000", "1.54698000"],
    ["61839.5", "2"],
  ],
};

test("a spot depth update is read bare and inside a combined stream", () => {
  for (const json of [update, { stream: "btcusdt@depth@100ms", data: update }]) {
    const message = new DepthMessage();
    expect(readBinance(json, spot, message)).toBeNull();
    expect(message.kind).toBe(depthKind.delta);
    expect([message.firstId, message.lastId, message.prevId]).toEqual([update.U, update.u, -1]);
    expect([message.priceScale, message.sizeScale]).toEqual([2, 5]);
    expect([message.bidCount, message.askCount]).toEqual([1, 2]);
    expect(levelsOf(message)).toEqual([
      [6_173_763, 0],
      [6_183_764, 154_698],
      [6_183_950, 200_000],
    ]);
    expect([message.eventNs, message.receiveNs]).toEqual([1_723_161_255_208_000_000n, 7n]);
  }
});

test("futures updates carry the previous id, and need it", () => {
  const message = new DepthMessage();
  expect(readBinance({ ...update, pu: 50_093_239_180 }, usdm, message)).toBeNull();
  expect(message.prevId).toBe(50_093_239_180);
  expect(readBinance(update, usdm, message)).toMatchObject({ code: "malformed", field: "pu" });
});

test("COIN-M sizes are contracts, and its REST answer names the symbol", () => {
  const message = new DepthMessage();
  const answer = {
    lastUpdateId: 16_769_853,
    symbol: "BTCUSD_PERP",
    pair: "BTCUSD",
    E: 1,
    T: 1,
    bids: [["9638.0", "431"]],
    asks: [["9638.2", "12"]],
  };
  expect(readBinance(answer, coinm, message)).toBeNull();
  expect([message.symbol, message.kind, message.lastId]).toEqual([
    "BTCUSD_PERP",
    depthKind.snapshot,
    16_769_853,
  ]);
  expect(levelsOf(message)).toEqual([
    [96_380, 431],
    [96_382, 12],
  ]);
  const delta = { ...update, s: "BTCUSD_PERP", ps: "BTCUSD", pu: 1, U: 2, u: 3 };
  expect(readBinance(delta, coinm, message)).toBeNull();
});

test("the taker's side tells a trade's side", () => {
  const message = new DepthMessage();
  const trade = { e: "trade", E: 5, s: "BTCUSDT", t: 9, p: "1.50", q: "2", m: true };
  expect(readBinance(trade, spot, message)).toBeNull();
  expect([message.bidCount, message.askCount, message.lastId]).toEqual([0, 1, 9]);
  expect(readBinance({ ...trade, m: false }, spot, message)).toBeNull();
  expect([message.bidCount, message.askCount]).toEqual([1, 0]);
  expect(levelsOf(message)).toEqual([[15, 2]]);
});

test("bookTickers are read with and without their event name", () => {
  const message = new DepthMessage();
  const ticker = { u: 4, s: "X", b: "1.2", B: "3", a: "1.3", A: "4" };
  for (const json of [ticker, { e: "bookTicker", E: 1, ...ticker }]) {
    expect(readBinance(json, spot, message)).toBeNull();
    expect([message.kind, message.lastId, levelsOf(message)]).toEqual([
      depthKind.ticker,
      4,
      [
        [12, 3],
        [13, 4],
      ],
    ]);
  }
});

const faults: readonly (readonly [string, unknown, string])[] = [
  ["a number", 5, "message"],
  ["a list", [], "message"],
  ["no first id", { ...update, U: undefined }, "U"],
  ["an id above 2^53", { ...update, u: 2 ** 53 }, "u"],
  ["ids in disorder", { ...update, u: 1 }, "u"],
  ["bids of text", { ...update, b: "x" }, "b"],
  ["a level of text", { ...update, a: ["x"] }, "a[0]"],
  ["a price of a number", { ...update, b: [[1, "2"]] }, "b[0][0]"],
  ["a size that is missing", { ...update, b: [["1"]] }, "b[0][1]"],
  ["a price with an exponent", { ...update, b: [["1e5", "2"]] }, "b[0][0]"],
  ["a negative size", { ...update, a: [["1", "-2"]] }, "a[0][1]"],
  ["a price too large at its scale", { ...update, b: [["99999999999.123456", "1"]] }, "b[0][0]"],
  ["a symbol of a number", { ...update, s: 5 }, "s"],
  ["a symbol too long", { ...update, s: "A".repeat(33) }, "symbol"],
  ["a time of text", { ...update, E: "now" }, "E"],
  ["too many levels", { ...update, b: Array.from({ length: 20_001 }, () => ["1", "1"]) }, "b"],
  ["a trade without a side", { e: "trade", s: "X", t: 1, p: "1", q: "1" }, "m"],
];

test.each(faults)("%s is a fault that names the field", (_name, json, field) => {
  const fault = readBinance(json, spot, new DepthMessage());
  expect(fault).toMatchObject({ code: "malformed", field });
  if (fault !== null) expect(venueFaultText(fault)).toContain(`field ${field}: found`);
});

test("text that is no JSON is a fault", () => {
  expect(readVenueText("{", spot, new DepthMessage())).toMatchObject({ field: "message" });
});

test("messages that say nothing about the book are ignored, not faults", () => {
  const quiet = [
    { result: null, id: 1 },
    { e: "aggTrade", s: "X" },
    { stream: "btcusdt@depth20@100ms", data: { lastUpdateId: 1, bids: [], asks: [] } },
  ];
  for (const json of quiet) {
    expect(readBinance(json, spot, new DepthMessage())).toMatchObject({ code: "ignored" });
  }
});

const lineOf = (ns: number, json: unknown): string => `${ns} ${JSON.stringify(json)}`;
const answer = { lastUpdateId: 5, bids: [["1", "1"]], asks: [] };

test("a REST answer before any other message waits for the symbol", () => {
  const reader = new RecordedReader<number>("binance-spot", "");
  expect([...reader.read(lineOf(1, answer), 1)]).toEqual([]);
  const seen: unknown[] = [];
  for (const reading of reader.read(lineOf(2, update), 2)) {
    seen.push([reading.place, reading.fault, reader.message.symbol, reader.message.kind]);
  }
  expect(seen).toEqual([
    [1, null, "BTCUSDT", depthKind.snapshot],
    [2, null, "BTCUSDT", depthKind.delta],
  ]);
});

test("a REST answer without any symbol, or with several, is a fault", () => {
  const alone = new RecordedReader<number>("binance-spot", "");
  expect([...alone.read(lineOf(1, answer), 1)]).toEqual([]);
  expect([...alone.finish()]).toMatchObject([{ place: 1, fault: { code: "symbol" } }]);
  const mixed = new RecordedReader<number>("binance-spot", "");
  expect([...mixed.read(lineOf(1, update), 1)]).toMatchObject([{ fault: null }]);
  expect([...mixed.read(lineOf(2, { ...update, s: "ETHUSDT" }), 2)]).toMatchObject([
    { fault: null },
  ]);
  expect([...mixed.read(lineOf(3, answer), 3)]).toMatchObject([{ fault: { code: "symbol" } }]);
});

test("a line without a receive time is a fault; an empty one is nothing", () => {
  const reader = new RecordedReader<number>("binance-spot", "BTCUSDT");
  expect([...reader.read('{"a":1}', 1)]).toMatchObject([{ fault: { field: "line" } }]);
  expect([...reader.read("", 2)]).toEqual([]);
});
