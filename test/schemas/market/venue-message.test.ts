import { expect, test } from "vitest";

import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { CoinbaseConnection } from "../../../schemas/market/venue-coinbase.ts";
import {
  connectionOf,
  readVenue,
  readVenueText,
  type VenueConnection,
} from "../../../schemas/market/venue-message.ts";
import type { MessageVenueName } from "../../../schemas/market/venues.ts";

const read = (
  venue: MessageVenueName,
  json: unknown,
  connection: VenueConnection | null = null,
) => {
  const message = new DepthMessage();
  const text = typeof json === "string" ? json : JSON.stringify(json);
  const context = { venue, symbol: "", receiveNs: 7n };
  const fault = readVenueText(text, context, message, connection);
  const levels = Array.from({ length: message.bidCount + message.askCount }, (_, i) => [
    message.price(i),
    message.size(i),
  ]);
  if (fault === null) expect(typeof depthItemOf(message)).toBe("object");
  return { fault, message, levels };
};

// The form of each is that of the venue's own documentation.
const kraken = `{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD",
  "bids":[{"price":0.5657,"qty":1098.39471030}],"asks":[],
  "checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}`;

test("Kraken: numbers keep the zeros that the checksum is of, the time is the id", () => {
  const { fault, message, levels } = read("kraken", kraken);
  expect(fault).toBeNull();
  expect(message).toMatchObject({
    kind: depthKind.delta,
    symbol: "MATIC/USD",
    priceScale: 4,
    sizeScale: 8,
    lastId: 1_696_613_755_440_295,
    eventNs: 1_696_613_755_440_295_000n,
    checksum: 2_114_181_697,
  });
  expect(levels).toEqual([[5657, 109_839_471_030]]);
});

test("Kraken: a size that JavaScript writes with an exponent leaves room for large ones", () => {
  const message = new DepthMessage();
  const small = '"bids":[{"price":0.5658,"qty":0.0000005},';
  const json = JSON.parse(kraken.replace('"bids":[', small)) as unknown;
  const context = { venue: "kraken", symbol: "", receiveNs: 7n } as const;
  expect(readVenue(json, context, message)).toBeNull();
  expect(message).toMatchObject({ bidCount: 2, sizeScale: 7, checksum: -1 });
  expect([message.size(0), message.size(1)]).toEqual([5, 10_983_947_103]);
});

test("OKX: names the delta before; -1 is a snapshot; a book of the best is a ticker", () => {
  const okx = (channel: string, action: string | undefined, ids: object) => ({
    arg: { channel, instId: "BTC-USDT" },
    ...(action === undefined ? {} : { action }),
    data: [
      {
        asks: [["8476.98", "415", "0", "13"]],
        bids: [["8476.97", "256", "0", "12"]],
        ts: "1597026383085",
        checksum: 0,
        ...ids,
      },
    ],
  });
  const delta = read("okx", okx("books", "update", { seqId: 12, prevSeqId: 10 }));
  expect(delta.message).toMatchObject({ kind: depthKind.delta, prevId: 10, lastId: 12 });
  expect(delta.message).toMatchObject({ symbol: "BTC-USDT", checksum: -1 });
  expect(delta.levels).toEqual([
    [847_697, 256],
    [847_698, 415],
  ]);
  const first = read("okx", okx("books", "update", { seqId: 12, prevSeqId: -1 }));
  expect(first.message.kind).toBe(depthKind.snapshot);
  const best = read("okx", okx("bbo-tbt", undefined, { seqId: 12 }));
  expect(best.message.kind).toBe(depthKind.ticker);
  expect(read("okx", okx("books5", undefined, { seqId: 1 })).fault?.code).toBe("ignored");
  expect(read("okx", okx("books", "update", { seqId: 1 })).fault?.field).toBe("data[0].prevSeqId");
});

const bybit = (type: string, u: number) => ({
  topic: "orderbook.50.BTCUSDT",
  type,
  ts: 1_672_304_484_978,
  data: {
    s: "BTCUSDT",
    b: [["16493.50", "0.006"]],
    a: [
      ["16611.00", "0.029"],
      ["16612.00", "0.213"],
    ],
    u,
    seq: 7_961_638_724,
  },
  cts: 1_672_304_484_976,
});

test("Bybit: u = 1 is a snapshot whatever the message calls itself", () => {
  const kinds = [bybit("snapshot", 9), bybit("delta", 9), bybit("delta", 1)].map(
    (json) => read("bybit", json).message.kind,
  );
  expect(kinds).toEqual([depthKind.snapshot, depthKind.delta, depthKind.snapshot]);
  expect(read("bybit", bybit("delta", 9)).message).toMatchObject({
    symbol: "BTCUSDT",
    lastId: 9,
    prevId: -1,
    eventNs: 1_672_304_484_978_000_000n,
  });
});

const coinbase = (sequence: number, type: string, product = "BTC-USD") => ({
  channel: "l2_data",
  client_id: "",
  timestamp: "2023-02-09T20:32:50.714964855Z",
  sequence_num: sequence,
  events: [
    {
      type,
      product_id: product,
      updates: [
        { side: "bid", event_time: "", price_level: "21921.73", new_quantity: "0.06317902" },
        { side: "offer", event_time: "", price_level: "21921.3", new_quantity: "0.02" },
      ],
    },
  ],
});

test("Coinbase: numbers of one connection link the messages of each product", () => {
  const connection = new CoinbaseConnection();
  const seen = [
    coinbase(0, "snapshot"),
    { channel: "heartbeats", sequence_num: 1, events: [] },
    coinbase(2, "snapshot", "ETH-USD"),
    coinbase(3, "update"),
    // 4 is lost: neither product can be trusted to go on.
    coinbase(5, "update"),
    coinbase(6, "update", "ETH-USD"),
    coinbase(7, "update"),
  ].map((json) => {
    const { fault, message } = read("coinbase", json, connection);
    return fault === null ? [message.symbol, message.lastId, message.prevId] : fault.code;
  });
  expect(seen).toEqual([
    ["BTC-USD", 0, -1],
    "ignored",
    ["ETH-USD", 2, -1],
    ["BTC-USD", 3, 0],
    ["BTC-USD", 5, 5],
    ["ETH-USD", 6, 6],
    ["BTC-USD", 7, 5],
  ]);
  expect(read("coinbase", coinbase(9, "update")).levels).toEqual([
    [2_192_173, 6_317_902],
    [2_192_130, 2_000_000],
  ]);
});

test("Coinbase: numbers that begin anew are a hole for each product until its snapshot", () => {
  const connection = new CoinbaseConnection();
  const previous = [
    coinbase(0, "snapshot"),
    coinbase(1, "snapshot", "ETH-USD"),
    coinbase(2, "snapshot", "SOL-USD"),
    coinbase(2, "snapshot", "SOL-USD"),
    // The connection was made anew, and the other products' snapshots are lost.
    coinbase(0, "snapshot"),
    coinbase(1, "update", "ETH-USD"),
    coinbase(2, "update", "ETH-USD"),
    coinbase(3, "update", "SOL-USD"),
    coinbase(4, "update"),
  ].map((json) => read("coinbase", json, connection).message.prevId);
  expect(previous).toEqual([-1, -1, -1, -1, -1, 2, 2, 3, 0]);
});

test("generic: sizes replace, or are added and may be negative", () => {
  const update = {
    type: "update",
    symbol: "X",
    sequence: 12,
    previous: 10,
    ts: 5,
    bids: [["1.5", "-2.25"]],
  };
  expect(read("generic-delta", update).message).toMatchObject({
    isAdded: true,
    prevId: 10,
    lastId: 12,
    eventNs: 5_000_000n,
  });
  expect(read("generic-delta", update).levels).toEqual([[15, -225]]);
  expect(read("generic", update).fault).toMatchObject({ field: "bids[0][1]" });
  const snapshot = { type: "snapshot", symbol: "X", sequence: 1, asks: [["2", "-1"]] };
  expect(read("generic-delta", snapshot).fault).toMatchObject({ field: "asks[0][1]" });
});

const bad: readonly (readonly [MessageVenueName, unknown, string])[] = [
  ["kraken", { channel: "book", type: "update", data: [] }, "data"],
  ["kraken", { channel: "book", type: "change", data: [{ symbol: "X/Y" }] }, "type"],
  ["kraken", kraken.replace("2114181697", "-1"), "data[0].checksum"],
  ["kraken", kraken.replace("2114181697", "null"), "data[0].checksum"],
  ["kraken", kraken.replace("2114181697", "true"), "data[0].checksum"],
  ["okx", { arg: { channel: "books" }, data: [{ ts: "x" }] }, "arg.instId"],
  ["bybit", { ...bybit("delta", 2), ts: null }, "ts"],
  ["bybit", { ...bybit("delta", 2), ts: "" }, "ts"],
  ["bybit", { ...bybit("delta", 2), ts: [] }, "ts"],
  ["bybit", { ...bybit("delta", 2), data: 5 }, "data"],
  ["bybit", bybit("delta", -2), "data.u"],
  ["coinbase", { ...coinbase(1, "update"), sequence_num: "1" }, "sequence_num"],
  ["coinbase", coinbase(1, "change"), "events[0].type"],
  ["generic", { type: "update", symbol: "X", sequence: -1 }, "sequence"],
  ["generic", [], "message"],
  ["generic", "{", "message"],
];

test.each(bad)("%s: a bad message %j is a fault that names the field", (venue, json, field) => {
  expect(read(venue, json).fault).toMatchObject({ code: "malformed", field });
});

test("of two topics of one Bybit symbol the deeper makes the book, from its snapshot on", () => {
  const connection = connectionOf("bybit");
  const kind = (topic: string, type: string, u: number): number | string => {
    const data = { s: "X", b: [["100", "1"]], a: [], u, seq: 1 };
    const { fault, message } = read("bybit", { topic, type, ts: 1, data }, connection);
    return fault === null ? message.kind : `${fault.code} ${fault.found}`;
  };
  expect([
    kind("orderbook.1.X", "snapshot", 9000),
    kind("orderbook.50.X", "delta", 499),
    kind("orderbook.50.X", "snapshot", 500),
    kind("orderbook.1.X", "snapshot", 9001),
    kind("orderbook.50.X", "delta", 501),
  ]).toEqual([
    depthKind.snapshot,
    "ignored orderbook.50.X",
    depthKind.snapshot,
    "ignored orderbook.1.X",
    depthKind.delta,
  ]);
});
