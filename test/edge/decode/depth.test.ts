import { describe, expect, test } from "vitest";

import { anyTenant } from "../any-tenant.ts";
import { DepthPath } from "../../../edge/decode/depth.ts";
import type { Refusal } from "../../../edge/errors.ts";
import type { PathInput, Routed } from "../../../edge/route/routed.ts";
import { DepthItem } from "../../../schemas/market/depth-item.ts";
import { depthOffset } from "../../../schemas/market/depth-layout.ts";
import { venueCodes } from "../../../schemas/market/venues.ts";
import { refusedOf } from "../refused.ts";
import { firstItems, frameOf, itemsOf } from "./frames.ts";

const path = new DepthPath();
const receivedMs = 1_800_000_000_123;

const route = (body: Uint8Array, changed: Partial<PathInput> = {}): unknown =>
  path.route({
    body,
    mediaType: "application/json",
    tenant: anyTenant,
    receivedMs,
    itemsMax: 100,
    ...changed,
  });

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const delta = (symbol: string, first: number): { [name: string]: unknown } => ({
  e: "depthUpdate",
  E: 1_700_000_000_000,
  s: symbol,
  U: first,
  u: first + 1,
  b: [["64000.10", "0.5"]],
  a: [["64000.20", "0"]],
});

const body = (
  messages: readonly unknown[],
  changed: { [name: string]: unknown } = {},
): Uint8Array => json({ venue: "binance-spot", symbol: "BTCUSDT", messages, ...changed });

const point = (item: Uint8Array): DepthItem => {
  const pointed = new DepthItem();
  expect(pointed.point(new DataView(item.buffer, item.byteOffset), 0, item.byteLength)).toBe(0);
  return pointed;
};

describe("JSON", () => {
  test("a venue that sends no messages is refused, with those that do", () => {
    for (const venue of ["databento", "itch", "lobster", "nope"]) {
      const refusal = route(body([], { venue })) as Refusal;
      expect(refusal).toMatchObject({ code: "malformed" });
      expect(JSON.stringify(refusal)).toMatch(/expected one of binance-spot, .*deribit"/);
    }
  });

  test("messages become items with exact prices and the sender's receive time", () => {
    const { items, records } = route(
      body([{ receiveNs: "1700000000000000001", message: delta("BTCUSDT", 10) }]),
    ) as Routed;
    expect(items).toBe(1);
    const [item] = firstItems(records) as [Uint8Array];
    const depth = point(item);
    expect(depth.symbol()).toBe("BTCUSDT");
    expect(depth.receiveNs()).toBe(1_700_000_000_000_000_001n);
    expect([depth.price(0), depth.priceScale]).toEqual([640_001, 1]);
    expect([depth.firstId, depth.lastId]).toEqual([10, 11]);
  });

  test("numbers of Kraken keep their zeros, and so the checksum, which proves the book", () => {
    const message = (levels: string): string =>
      `{"channel":"book","type":"update","data":[{"symbol":"X/USD","checksum":7,` +
      `"timestamp":"2023-10-06T17:35:55.440295Z","asks":[],"bids":[${levels}]}]}`;
    const depthOf = (levels: string): DepthItem => {
      const text = `{"venue":"kraken","messages":[{"message":${message(levels)}}]}`;
      const { records } = route(new TextEncoder().encode(text)) as Routed;
      return point((firstItems(records) as [Uint8Array])[0]);
    };
    const precise = depthOf('{"price":0.5650,"qty":10.00000000}');
    expect([precise.hasChecksum, precise.prevId]).toEqual([true, 7]);
    expect([precise.priceScale, precise.sizeScale]).toEqual([4, 8]);
    const exponent = depthOf('{"price":0.5650,"qty":1e-7}');
    expect([exponent.hasChecksum, exponent.size(0), exponent.sizeScale]).toEqual([false, 1, 7]);
  });

  test("messages of several trades are taken trade by trade, a bad one among them refused alone", () => {
    const trade = (id: unknown, qty: string): string =>
      `{"symbol":"X/USD","side":"buy","price":1.50,"qty":${qty},"trade_id":${String(id)}}`;
    const list = [trade(1, "1.50"), trade('"x"', "1"), trade(3, "3")].join(",");
    const text = `{"venue":"kraken","messages":[{"message":{"channel":"trade","type":"update","data":[${list}]}}]}`;
    const { items, records, rejections } = route(new TextEncoder().encode(text)) as Routed;
    expect(items).toBe(3);
    const taken = firstItems(records).map(point);
    expect(taken.map(({ firstId }) => firstId)).toEqual([1, 3]);
    expect(taken.map(({ sizeScale }) => sizeScale)).toEqual([2, 0]);
    expect(rejections.reasons).toEqual({ malformed: 1 });
    expect(rejections.first[0]).toMatchObject({ index: 0 });
    expect(rejections.first[0]?.detail).toContain("data[1].trade_id");
    const data = [1, 2].map((id) => ({ tradeId: String(id), px: "10", sz: "1", side: "sell" }));
    const okx = { arg: { channel: "trades", instId: "X-Y" }, data };
    expect(route(json({ venue: "okx", messages: [{ message: okx }] }))).toMatchObject({ items: 2 });
  });

  test("numbers of Deribit are taken exactly, and its trades trade by trade", () => {
    const notification = (channel: string, data: unknown) => ({
      message: { method: "subscription", params: { channel, data } },
    });
    const instrument_name = "BTC-27JUN25-100000-C";
    const sides = { bids: [["new", 0.0005, 12.1]], asks: [] };
    const book = { type: "change", instrument_name, change_id: 12, prev_change_id: 10, ...sides };
    const trades = [1, -1].map((trade_seq) => ({
      instrument_name,
      trade_seq,
      price: 0.0005,
      amount: 1,
      direction: "buy",
    }));
    const messages = [
      notification(`book.${instrument_name}.raw`, book),
      notification("trades.option.BTC.raw", trades),
    ];
    const { items, records, rejections } = route(json({ venue: "deribit", messages })) as Routed;
    expect(items).toBe(3);
    const [delta, bought] = firstItems(records).map(point);
    expect([delta?.price(0), delta?.priceScale, delta?.size(0)]).toEqual([5, 4, 121]);
    expect([delta?.prevId, bought?.symbol()]).toEqual([10, instrument_name]);
    expect(rejections.first[0]?.detail).toContain("field params.data[1].trade_seq: found -1");
  });

  test("messages of Bitfinex are of the request's symbol, the checksum among them", () => {
    const messages = [
      [3, [[7254.7, 3, 3.3]], 5],
      [3, [7254.8, 1, -2], 6],
      [3, "cs", -2, 7],
    ];
    const entries = messages.map((message) => ({ message }));
    const sent = { venue: "bitfinex", symbol: "tBTCUSD", messages: entries };
    const { records, rejections } = route(json(sent)) as Routed;
    expect(rejections.total).toBe(0);
    const items = firstItems(records).map(point);
    expect(items.map((item) => item.symbol())).toEqual(["tBTCUSD", "tBTCUSD", "tBTCUSD"]);
    expect(items.map(({ lastId }) => lastId)).toEqual([5, 6, 7]);
    expect([items[2]?.hasChecksum, items[2]?.prevId]).toEqual([true, 2 ** 32 - 2]);
    const unnamed = route(json({ ...sent, symbol: null })) as Routed;
    expect(unnamed.rejections.reasons).toEqual({ symbol: 3 });
  });

  test("trades count singly against the items of a request", () => {
    const data = [1, 2, 3].map((id) => ({ tradeId: String(id), px: "10", sz: "1", side: "sell" }));
    const okx = { arg: { channel: "trades", instId: "X-Y" }, data };
    const messages = [{ message: okx }];
    const refusal = route(json({ venue: "okx", messages }), { itemsMax: 2 });
    expect(refusal).toMatchObject({ code: "body-too-large" });
    expect((refusal as Refusal).message).toContain("REQUEST_ITEMS_MAX=2");
  });

  test("names in the body may be written with escapes", () => {
    const text = `{"ven\\u0075e":"binance-spot","m\\u0065ssages":[{"message":${JSON.stringify(delta("A", 1))}}]}`;
    const routed = route(new TextEncoder().encode(text)) as Routed;
    expect([routed.items, routed.rejections.total]).toEqual([1, 0]);
  });

  test.each([
    [
      "its symbol",
      { symbol: "BTC USDT" },
      'field symbol: found "BTC USDT", expected 1 to 32 printable ASCII',
    ],
    ["its levels", { type: "trade", bids: [] }, "field levels: found 0, expected one in a trade"],
  ])(
    "a message that no item can hold is told by %s, and what was expected there",
    (_, part, told) => {
      const message = { type: "update", symbol: "A", sequence: 1, ...part };
      const { rejections } = route(json({ venue: "generic", messages: [{ message }] })) as Routed;
      expect(rejections.first[0]?.detail).toContain(told);
    },
  );

  test("a receive time of 0 is none, as in items: the edge's own is taken", () => {
    const { records } = route(body([{ receiveNs: "0", message: delta("BTCUSDT", 1) }])) as Routed;
    const [item] = firstItems(records) as [Uint8Array];
    expect(point(item).receiveNs()).toBe(BigInt(receivedMs) * 1_000_000n);
  });

  test("without a receive time the edge's own is taken", () => {
    const { records } = route(body([{ message: delta("BTCUSDT", 1) }])) as Routed;
    const [item] = firstItems(records) as [Uint8Array];
    expect(point(item).receiveNs()).toBe(BigInt(receivedMs) * 1_000_000n);
  });

  test("one symbol is one partition in order; the key is venue:symbol", () => {
    const messages = [1, 2, 3, 4].flatMap((first) => [
      { message: delta("BTCUSDT", first * 10) },
      { message: delta("ETHUSDT", first * 10) },
    ]);
    const { records } = route(body(messages)) as Routed;
    const seen = records.flatMap(({ partition, value }) =>
      itemsOf(value).map((item) => ({
        partition,
        symbol: point(item).symbol(),
        id: point(item).firstId,
      })),
    );
    for (const symbol of ["BTCUSDT", "ETHUSDT"]) {
      const own = seen.filter((entry) => entry.symbol === symbol);
      expect(own.map(({ id }) => id)).toEqual([10, 20, 30, 40]);
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
    const keys = records.map(({ key }) => new TextDecoder().decode(key ?? undefined));
    expect(keys[0]).toBe("binance-spot:BTCUSDT");
  });

  test("bad messages are refused one by one, with the field", () => {
    const { items, records, rejections } = route(
      body([
        { message: delta("BTCUSDT", 1) },
        { message: { ...delta("BTCUSDT", 1), u: 0 } },
        { receiveNs: 17, message: delta("BTCUSDT", 1) },
        { message: { result: null, id: 1 } },
        "text",
      ]),
    ) as Routed;
    expect(items).toBe(5);
    expect(records.reduce((sum, record) => sum + record.items, 0)).toBe(1);
    expect(rejections.reasons).toEqual({ malformed: 3, ignored: 1 });
    expect(rejections.first[0]).toMatchObject({ index: 1, reason: "malformed" });
    expect(rejections.first[0]?.detail).toContain("field u");
    expect(rejections.first[1]?.detail).toContain("receiveNs");
  });

  test("a message that no frame can hold is refused, and stands on weir-rejected as it came", () => {
    const levels = Array.from({ length: 19_000 }, (_, at) => [`64000.${at + 10_000}`, "0.5"]);
    const large = { message: { ...delta("BTCUSDT", 1), b: levels } };
    const found = route(body([large, { message: delta("BTCUSDT", 1) }])) as Routed;
    expect(found.rejections.reasons).toEqual({ "too-large": 1 });
    expect(found.records.reduce((sum, record) => sum + record.items, 0)).toBe(1);
    const [refused, ...others] = refusedOf(found);
    expect(others).toEqual([]);
    expect(refused?.head).toMatchObject({
      topic: "weir-depth",
      mode: "reject",
      encoding: "json",
      findings: [{ id: "too-large", message: expect.stringContaining("itemBytesMax=262144") }],
    });
    expect(refused?.head.cut).toBeUndefined();
    expect(refused?.original).toEqual(json(large));
  });

  test.each([
    ["an unknown venue", { venue: "nyse" }, "venue"],
    ["no venue", { venue: undefined }, "venue"],
    ["a symbol that is no text", { symbol: 7 }, "symbol"],
    ["no messages", { messages: undefined }, "messages"],
  ])("%s refuses the request", (_what, changed, field) => {
    const refused = route(body([], changed));
    expect(refused).toMatchObject({ code: "malformed" });
    expect((refused as { message: string }).message).toContain(field);
  });
});

describe("frames", () => {
  test("of finished items are checked one by one and kept as they are", () => {
    const { records } = route(body([{ message: delta("BTCUSDT", 1) }])) as Routed;
    const [good] = firstItems(records) as [Uint8Array];
    const bad = new Uint8Array(good);
    bad[0] = 7;
    const result = route(frameOf([bad, good]), {
      mediaType: "application/x-weir-frames",
    }) as Routed;
    expect(result.items).toBe(2);
    expect(firstItems(result.records)).toEqual([good]);
    expect(result.rejections.first[0]).toMatchObject({ index: 0, reason: "malformed" });
  });

  test("of venues that send no messages are taken all the same", () => {
    const { records } = route(body([{ message: delta("ABC", 1) }])) as Routed;
    const [given] = firstItems(records) as [Uint8Array];
    const item = new Uint8Array(given);
    item[depthOffset.venue] = venueCodes.itch;
    const mediaType = "application/x-weir-frames";
    const result = route(frameOf([item]), { mediaType }) as Routed;
    expect(firstItems(result.records)).toEqual([item]);
    const [record] = result.records;
    expect(new TextDecoder().decode(record?.key ?? undefined)).toBe("itch:ABC");
  });

  test("an item without a receive time gets the edge's own", () => {
    const { records } = route(body([{ receiveNs: "0", message: delta("BTCUSDT", 1) }])) as Routed;
    const mediaType = "application/x-weir-frames";
    const result = route(frameOf(firstItems(records)), { mediaType }) as Routed;
    const [item] = firstItems(result.records) as [Uint8Array];
    expect(point(item).receiveNs()).toBe(BigInt(receivedMs) * 1_000_000n);
  });
});
