import { describe, expect, test } from "vitest";

import { BitfinexConnection } from "../../../schemas/market/bitfinex-connection.ts";
import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { connectionOf, readVenue } from "../../../schemas/market/venue-message.ts";

const receiveNs = 1_700_000_000_000_123_456n;
const read = (
  json: unknown,
  connection: BitfinexConnection | null = null,
  symbol = connection === null ? "tBTCUSD" : "",
) => {
  const message = new DepthMessage();
  const fault = readVenue(json, { venue: "bitfinex", symbol, receiveNs }, message, connection);
  const levels = Array.from({ length: message.bidCount + message.askCount }, (_, i) => [
    message.price(i),
    message.size(i),
  ]);
  if (fault === null) expect(typeof depthItemOf(message)).toBe("object");
  return { fault, message, levels };
};

// The forms are those of the venue's own documentation.
const subscribed = (chanId: unknown, more: object = {}) => ({
  event: "subscribed",
  channel: "book",
  chanId,
  symbol: "tETHUSD",
  prec: "P0",
  freq: "F0",
  len: "25",
  pair: "ETHUSD",
  ...more,
});
const entry = [7254.7, 3, 3.3];

test("a list is a snapshot, bids above 0 and asks below; the receive time in µs is its id", () => {
  const { fault, message, levels } = read([17_082, [entry, [7254.9, 1, -0.5]]]);
  expect(fault).toBeNull();
  expect(message).toMatchObject({
    kind: depthKind.snapshot,
    symbol: "tBTCUSD",
    firstId: 1_700_000_000_000_123,
    lastId: 1_700_000_000_000_123,
    prevId: -1,
    checksum: -1,
    eventNs: 0n,
    bidCount: 1,
    askCount: 1,
  });
  expect(levels).toEqual([
    [72_547, 33],
    [72_549, 5],
  ]);
});

test("one entry is an update; a count of 0 takes away, by the sign which side", () => {
  expect(read([1, entry]).message).toMatchObject({ kind: depthKind.delta, bidCount: 1 });
  expect(read([1, [7254.7, 0, 1]]).levels).toEqual([[72_547, 0]]);
  expect(read([1, [7254.7, 0, -1]]).message).toMatchObject({ bidCount: 0, askCount: 1 });
  expect(read([1, [7254.7, 0, -1]]).levels).toEqual([[72_547, 0]]);
});

test("a sequence number, a time or both may follow", () => {
  const idAndTime = (...behind: number[]) => {
    const { lastId, eventNs } = read([1, entry, ...behind]).message;
    return [lastId, eventNs];
  };
  const time = 1_581_721_279_360;
  expect(idAndTime(12)).toEqual([12, 0n]);
  expect(idAndTime(time)).toEqual([1_700_000_000_000_123, 1_581_721_279_360_000_000n]);
  expect(idAndTime(12, time)).toEqual([12, 1_581_721_279_360_000_000n]);
});

test("a checksum is a delta without levels, unsigned", () => {
  const { message } = read([1, "cs", -1, 13]);
  expect(message).toMatchObject({ kind: depthKind.delta, lastId: 13, checksum: 4_294_967_295 });
  expect(message).toMatchObject({ bidCount: 0, askCount: 0, priceScale: 0 });
});

test("a trade is above 0 where the buyer took; what is told of it once more is ignored", () => {
  const trade = [401_597_395, 1_574_694_478_808, 0.005, 7245.3];
  const bought = read([17_470, "te", trade, 5]);
  expect(bought.message).toMatchObject({
    kind: depthKind.trade,
    lastId: 401_597_395,
    eventNs: 1_574_694_478_808_000_000n,
    bidCount: 1,
    sizeScale: 3,
  });
  expect(bought.levels).toEqual([[72_453, 5]]);
  const sold = read([17_470, "te", trade.with(2, -0.005)]);
  expect(sold.message).toMatchObject({ bidCount: 0, askCount: 1 });
  expect(read([17_470, "tu", trade]).fault).toMatchObject({ code: "ignored", found: "tu" });
});

test.each([
  ["a heartbeat", [1, "hb", 6], "message[1]"],
  ["a message of the account", [0, [entry]], "message[0]"],
  [
    "a ticker",
    [1, [7616.5, 31.9, 7617.5, 43.3, -550.8, -0.06, 7617.1, 8314.7, 8257.8, 7500]],
    "message[1]",
  ],
  ["the trades before", [1, [[401_597_393, 1_574_694_475_039, 0.005, 7244.9]]], "message[1]"],
  ["a list of nothing", [1, []], "message[1]"],
  ["an event", { event: "conf", status: "OK" }, "event"],
])("%s is ignored without a connection", (_, json, field) => {
  expect(read(json).fault).toMatchObject({ code: "ignored", field });
});

test("without a symbol and a connection, the message's own is asked for", () => {
  const { fault } = read([17_082, entry], null, "");
  expect(fault).toMatchObject({ code: "symbol", field: "message[0]", found: "17082" });
  expect(read([17_082, "hb"], null, "").fault?.code).toBe("ignored");
});

test("funding is ignored", () => {
  expect(read([1, [0.0003, 30, 1, 5]], null, "fUSD").fault).toMatchObject({
    code: "ignored",
    field: "symbol",
  });
});

const bad: readonly (readonly [unknown, string])[] = [
  ["x", "message"],
  [[], "message[0]"],
  [["1", entry], "message[0]"],
  [[1], "message[1]"],
  [[1, 5], "message[1]"],
  [[1, [entry, 5]], "message[1][1]"],
  [[1, [-1, 3, 3.3]], "message[1][0]"],
  [[1, ["7254.7", 3, 3.3]], "message[1][0]"],
  [[1, [7254.7, 3.5, 3.3]], "message[1][1]"],
  [[1, [7254.7, 3, 0]], "message[1][2]"],
  [[1, [7254.7, 3]], "message[1][2]"],
  [[1, [7254.7, 3, 1e-19]], "message[1]"],
  [[1, [entry, [7254.8, 0, 1]]], "message[1][1][1]"],
  [[1, entry, "12"], "message[2]"],
  [[1, entry, 12, -1], "message[3]"],
  [[1, entry, 12, 2 ** 44], "message[3]"],
  [[1, "cs", 2 ** 31], "message[2]"],
  [[1, "cs", "5"], "message[2]"],
  [[1, "cs", 5, null], "message[3]"],
  [[1, "te", 5], "message[2]"],
  [[1, "te", [-1, 5, 1, 1]], "message[2][0]"],
  [[1, "te", [1, "x", 1, 1]], "message[2][1]"],
  [[1, "te", [1, 2 ** 44, 1, 1]], "message[2][1]"],
  [[1, "te", [1, 5, 0, 1]], "message[2][2]"],
  [[1, "te", [1, 5, 1]], "message[2][3]"],
  [[1, "te", [1, 5, 1e-19, 1]], "message[2]"],
];

test.each(bad)("a bad message %j is a fault that names %s", (json, field) => {
  expect(read(json).fault).toMatchObject({ code: "malformed", field });
});

describe("a connection", () => {
  const told = (...events: readonly object[]): BitfinexConnection => {
    const connection = new BitfinexConnection();
    for (const event of events) expect(read(event, connection).fault?.code).toBe("ignored");
    return connection;
  };
  const codeOf = (json: unknown, connection: BitfinexConnection): string =>
    read(json, connection).fault?.code ?? "taken";

  test("names the symbol of a channel, and what else is sent behind the fields that are read", () => {
    const connection = told({ event: "info", version: 2 }, subscribed(10_092));
    expect(read([10_092, [[...entry, "new"]]], connection).message.symbol).toBe("tETHUSD");
    expect(read([10_092, []], connection).message.kind).toBe(depthKind.snapshot);
    expect(connectionOf("bitfinex")).toBeInstanceOf(BitfinexConnection);
  });

  test("that told of channels leaves none to be guessed, whatever symbol there is", () => {
    const connection = told(subscribed(10_092));
    expect(read([5, entry], connection, "tBTCUSD").fault?.code).toBe("symbol");
    expect(read([5, entry], new BitfinexConnection(), "tBTCUSD").fault).toBeNull();
  });

  test("tells trades from books, and both from other channels", () => {
    const connection = told(
      subscribed(1),
      subscribed(2, { channel: "trades" }),
      subscribed(3, { channel: "ticker" }),
      subscribed(4, { channel: "candles", symbol: undefined, key: "trade:1m:tETHUSD" }),
    );
    const trade = ["te", [1, 2, 3, 4]];
    expect([codeOf([1, entry], connection), codeOf([1, ...trade], connection)]).toEqual([
      "taken",
      "ignored",
    ]);
    expect([codeOf([2, entry], connection), codeOf([2, ...trade], connection)]).toEqual([
      "ignored",
      "taken",
    ]);
    expect([codeOf([3, entry], connection), codeOf([4, entry], connection)]).toEqual([
      "ignored",
      "ignored",
    ]);
  });

  test("ignores books of single orders, saying so", () => {
    const connection = told(subscribed(1, { prec: "R0" }));
    const { fault } = read([1, [34_753_002_978, 7294, 1.5]], connection);
    expect(fault).toMatchObject({ code: "ignored", field: "prec", found: "R0" });
  });

  test("takes the finest book of a symbol, and of equals the latest", () => {
    const connection = told(subscribed(1), subscribed(2, { prec: "P1" }));
    expect([1, 2].map((id) => codeOf([id, entry], connection))).toEqual(["taken", "ignored"]);
    read(subscribed(3), connection);
    expect([1, 3].map((id) => codeOf([id, entry], connection))).toEqual(["ignored", "taken"]);
    read({ event: "unsubscribed", status: "OK", chanId: 3 }, connection);
    read(subscribed(4, { prec: "P2" }), connection);
    expect([3, 4].map((id) => codeOf([id, entry], connection))).toEqual(["symbol", "taken"]);
  });

  test("made anew begins with none", () => {
    const connection = told(subscribed(1), { event: "info", code: 20_061, msg: "" });
    expect(codeOf([1, entry], connection)).toBe("taken");
    read({ event: "info", version: 2, platform: { status: 1 } }, connection);
    expect(codeOf([1, entry], connection)).toBe("symbol");
  });

  test("knows 4,096 channels; of more it takes none", () => {
    const connection = new BitfinexConnection();
    for (let id = 1; id <= 4097; id += 1) read(subscribed(id), connection);
    expect([4096, 4097].map((id) => codeOf([id, entry], connection))).toEqual(["taken", "symbol"]);
  });

  test.each([
    [{ chanId: "1" }, "chanId"],
    [{ channel: 5 }, "channel"],
    [{ symbol: "" }, "symbol"],
    [{ channel: "trades", symbol: undefined }, "symbol"],
    [{ prec: "P9" }, "prec"],
  ])("that is told %j is told badly of %s", (more, field) => {
    const fault = read(subscribed(1, more), new BitfinexConnection()).fault;
    expect(fault).toMatchObject({ code: "malformed", field });
  });
});
