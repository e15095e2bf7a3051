import { expect, test } from "vitest";

import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { RecordedReader } from "../../../schemas/market/recorded-reader.ts";
import { isInDollars } from "../../../schemas/market/venue-deribit.ts";
import { readVenueText } from "../../../schemas/market/venue-message.ts";

const read = (json: unknown) => {
  const message = new DepthMessage();
  const text = typeof json === "string" ? json : JSON.stringify(json);
  const fault = readVenueText(text, { venue: "deribit", symbol: "", receiveNs: 7n }, message);
  const levels = Array.from({ length: message.bidCount + message.askCount }, (_, i) => [
    message.price(i),
    message.size(i),
  ]);
  if (fault === null) expect(typeof depthItemOf(message)).toBe("object");
  return { fault, message, levels };
};

// The form is that of the venue's own documentation.
const notification = (channel: unknown, data: unknown) => ({
  jsonrpc: "2.0",
  method: "subscription",
  params: { channel, data },
});
const bookOf = (more: object = {}) => ({
  type: "change",
  timestamp: 1_554_373_911_330,
  prev_change_id: 297_217,
  instrument_name: "BTC-PERPETUAL",
  change_id: 297_218,
  bids: [
    ["delete", 5041.94, 0],
    ["delete", 5042.34, 0],
  ],
  asks: [["new", 5042.64, 40]],
  ...more,
});
const book = (more: object = {}) => notification("book.BTC-PERPETUAL.raw", bookOf(more));
const tradeOf = (more: object = {}) => ({
  trade_seq: 30_289_442,
  trade_id: "48079269",
  timestamp: 1_590_484_512_188,
  tick_direction: 2,
  price: 8950.5,
  instrument_name: "BTC-PERPETUAL",
  direction: "sell",
  amount: 10,
  ...more,
});
const trades = (...list: unknown[]) => notification("trades.BTC-PERPETUAL.raw", list);

test("a change names the one before; a snapshot does not", () => {
  const { fault, message, levels } = read(book());
  expect(fault).toBeNull();
  expect(message).toMatchObject({
    kind: depthKind.delta,
    symbol: "BTC-PERPETUAL",
    prevId: 297_217,
    firstId: 297_218,
    lastId: 297_218,
    eventNs: 1_554_373_911_330_000_000n,
    checksum: -1,
    bidCount: 2,
    askCount: 1,
  });
  expect(levels).toEqual([
    [504_194, 0],
    [504_234, 0],
    [504_264, 40],
  ]);
  const snapshot = read(book({ type: "snapshot", prev_change_id: undefined }));
  expect(snapshot.message).toMatchObject({ kind: depthKind.snapshot, prevId: -1 });
});

test("what is deleted goes, whatever amount it comes with", () => {
  const { levels } = read(book({ bids: [["delete", 5042.5, 3]], asks: [["delete", 5043]] }));
  expect(levels).toEqual([
    [50_425, 0],
    [50_430, 0],
  ]);
});

test("numbers are exact in whatever form JSON has them; what is too fine is refused", () => {
  const numbers = (price: string, amount: string) =>
    read(JSON.stringify(book()).replace("5042.64,40", `${price},${amount}`));
  const { message } = numbers("5.0e-4", "1.2345e-7");
  expect([message.price(2), message.priceScale]).toEqual([5, 4]);
  expect([message.size(2), message.sizeScale]).toEqual([12_345, 11]);
  const finest = numbers("1", "1.5e-18").fault;
  expect(finest).toMatchObject({ field: "params.data.asks[0][2]", found: '"1.5e-18"' });
});

test("a trade is its only level: a bid where the buyer took, an ask where the seller did", () => {
  const sold = read(trades(tradeOf()));
  expect(sold.message).toMatchObject({
    kind: depthKind.trade,
    symbol: "BTC-PERPETUAL",
    lastId: 30_289_442,
    eventNs: 1_590_484_512_188_000_000n,
    bidCount: 0,
    askCount: 1,
  });
  expect(sold.levels).toEqual([[89_505, 10]]);
  const bought = read(notification("trades.future.BTC.100ms", [tradeOf({ direction: "buy" })]));
  expect(bought.message).toMatchObject({ bidCount: 1, askCount: 0 });
});

test("a recorded line of several trades is one message each, and a bad one is named by its place", () => {
  const reader = new RecordedReader<number>("deribit", "");
  const line = `5 ${JSON.stringify(trades(tradeOf(), tradeOf({ price: -1 }), tradeOf({ trade_seq: 9 })))}`;
  const seen = Array.from(
    reader.read(line, 1),
    ({ fault }) => fault?.field ?? reader.message.lastId,
  );
  expect(seen).toEqual([30_289_442, "params.data[1].price, amount", 9]);
});

test.each([
  ["an answer", { jsonrpc: "2.0", id: 1, result: ["book.BTC-PERPETUAL.raw"] }, "method"],
  ["a heartbeat", { method: "heartbeat", params: { type: "test_request" } }, "method"],
  ["a grouped book", notification("book.BTC-PERPETUAL.none.20.100ms", {}), "params.channel"],
  ["a quote", notification("quote.BTC-PERPETUAL", {}), "params.channel"],
  ["a ticker", notification("ticker.BTC-PERPETUAL.raw", {}), "params.channel"],
])("%s is ignored", (_, json, field) => {
  expect(read(json).fault).toMatchObject({ code: "ignored", field });
});

const bad: readonly (readonly [unknown, string])[] = [
  [[], "message"],
  [{ method: "subscription" }, "params"],
  [notification(5, {}), "params.channel"],
  [notification("book.X.raw", []), "params.data"],
  [book({ instrument_name: 5 }), "params.data.instrument_name"],
  [book({ instrument_name: "A B" }), "symbol"],
  [book({ timestamp: "x" }), "params.data.timestamp"],
  [book({ type: "update" }), "params.data.type"],
  [book({ change_id: -1 }), "params.data.change_id"],
  [book({ prev_change_id: null }), "params.data.prev_change_id"],
  [book({ bids: undefined }), "params.data.bids"],
  [book({ asks: {} }), "params.data.asks"],
  [book({ asks: [["new", 1, 1], 5] }), "params.data.asks[1]"],
  [book({ bids: [["add", 1, 1]] }), "params.data.bids[0][0]"],
  [book({ bids: [["new", -5, 1]] }), "params.data.bids[0][1]"],
  [book({ bids: [["change", 5]] }), "params.data.bids[0][2]"],
  [notification("trades.X.raw", tradeOf()), "params.data"],
  [trades(), "params.data"],
  [trades(tradeOf({ instrument_name: undefined })), "params.data[0].instrument_name"],
  [trades(tradeOf({ timestamp: -1 })), "params.data[0].timestamp"],
  [trades(tradeOf({ trade_seq: "1" })), "params.data[0].trade_seq"],
  [trades(tradeOf({ direction: "short" })), "params.data[0].direction"],
  [trades(tradeOf({ price: null })), "params.data[0].price, amount"],
  [trades(tradeOf({ amount: -1 })), "params.data[0].price, amount"],
];

test.each(bad)("a bad message %j is a fault that names %s", (json, field) => {
  expect(read(json).fault).toMatchObject({ code: "malformed", field });
});

test("amounts are US dollars where the name has the coin alone and is no option", () => {
  const inverse = ["BTC-PERPETUAL", "ETH-PERPETUAL", "BTC-27JUN25", "ETH-3JAN26"];
  expect(inverse.filter((name) => !isInDollars(name))).toEqual([]);
  const others = ["SOL_USDC-PERPETUAL", "BTC_USDC", "BTC_USDC-27JUN25", "BTC-27JUN25-100000-C"];
  expect(others.filter(isInDollars)).toEqual([]);
});
