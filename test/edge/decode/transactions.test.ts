import { describe, expect, test } from "vitest";

import { anyTenant } from "../any-tenant.ts";
import { TransactionPath } from "../../../edge/decode/transactions.ts";
import type { PathInput, Routed } from "../../../edge/route/routed.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { TransactionItem } from "../../../schemas/market/transaction-item.ts";
import { refusedOf } from "../refused.ts";
import { firstItems, frameOf, itemsOf } from "./frames.ts";
import { transactionBytes, transactionJson } from "./solana-bytes.ts";

const path = new TransactionPath();
const receivedMs = 1_800_000_000_123;
const receivedNs = 1_800_000_000_123_000_000n;

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

const routed = (transactions: readonly unknown[]): Routed =>
  route(json({ transactions })) as Routed;

const header = (item: Uint8Array): TransactionItem => {
  const decoded = new TransactionItem();
  decoded.decode(new DataView(item.buffer, item.byteOffset), 0, item.byteLength);
  return decoded;
};

const ns = ({ receiveTimeLow, receiveTimeHigh }: TransactionItem): bigint =>
  (BigInt(receiveTimeHigh) << 32n) + BigInt(receiveTimeLow);

describe("JSON", () => {
  test("carries wire bytes, slot, index and receive time into items", () => {
    const { items, records, rejections } = routed([transactionJson(3)]);
    expect([items, records.length, rejections.total]).toEqual([1, 1, 0]);
    const [item] = firstItems(records) as [Uint8Array];
    const fields = header(item);
    expect(fields).toMatchObject({ flags: 7, slotLow: 1003, slotHigh: 0, index: 3 });
    expect(ns(fields)).toBe(receivedNs);
    expect(item.subarray(fields.wireStart, fields.wireEnd)).toEqual(transactionBytes(3));
  });

  test("slot and index may be absent", () => {
    const { transaction } = transactionJson(1);
    const { records } = routed([{ transaction }, { transaction, slot: null, index: null }]);
    const flags = firstItems(records).map((item) => header(item).flags);
    expect(flags).toEqual([4, 4]);
  });

  test("one whose JSON is too large to be looked at stands on weir-rejected by its beginning", () => {
    const large = { transaction: "A".repeat(2_200_000) };
    const found = routed([transactionJson(1), large]);
    expect(found.rejections.reasons).toEqual({ "too-large": 1 });
    const [refused] = refusedOf(found);
    expect(refused?.head).toMatchObject({
      topic: "weir-transactions",
      encoding: "json",
      cut: { bytes: json(large).byteLength },
    });
    expect(refused?.original).toEqual(json(large).subarray(0, 65_536));
  });

  test("equal signatures share a partition, the key is the first item's signature in base58", () => {
    const { records, items } = routed(
      Array.from({ length: 40 }, (_, seed) => transactionJson(seed)),
    );
    expect(records.reduce((sum, record) => sum + record.items, 0)).toBe(items);
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(records.length);
    for (const { key, value } of records) {
      const [first] = itemsOf(value) as [Uint8Array];
      const signature = first.subarray(header(first).wireStart + 1).subarray(0, 64);
      expect(new TextDecoder().decode(key ?? undefined)).toBe(encodeBase58(signature));
    }
  });

  test("bad ones are refused one by one with the reason, good ones are kept", () => {
    const { transaction } = transactionJson(1);
    const cut = Buffer.from(transactionBytes(2).subarray(0, 100)).toString("base64");
    const { items, records, rejections } = routed([
      transactionJson(0),
      { transaction: cut },
      { transaction: "not base64!" },
      { transaction, slot: "-1" },
      { transaction, index: 2 ** 32 },
      null,
      { transaction: cut },
      transactionJson(9),
    ]);
    expect(items).toBe(8);
    expect(records.reduce((sum, record) => sum + record.items, 0)).toBe(2);
    expect(rejections.reasons).toEqual({ "malformed: truncated": 2, malformed: 4 });
    expect(rejections.first.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rejections.first[2]?.detail).toContain("slot");
  });

  test.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["a list", json([])],
    ["without transactions", json({})],
    ["with another type", json({ transactions: "x" })],
  ])("a body that is %s is malformed", (_what, body) => {
    expect(route(body)).toMatchObject({ code: "malformed" });
  });

  test("more items than the limit refuse the request", () => {
    expect(route(json({ transactions: [1, 2, 3] }), { itemsMax: 2 })).toMatchObject({
      code: "body-too-large",
    });
  });

  test("no items are a good request", () => {
    expect(routed([])).toMatchObject({ items: 0, records: [] });
  });
});

describe("frames", () => {
  const item = (seed: number, flags: number): Uint8Array => {
    const wire = transactionBytes(seed);
    const bytes = new Uint8Array(24 + wire.byteLength);
    bytes[0] = 1;
    bytes[1] = flags;
    bytes.set(wire, 24);
    return bytes;
  };
  const frames = { mediaType: "application/x-weir-frames" } as const;

  test("are taken item by item; a missing receive time is put in, a known one is kept", () => {
    const body = frameOf([item(1, 0), item(1, 4)]);
    const { records } = route(body, frames) as Routed;
    const times = firstItems(records).map((bytes) => ns(header(bytes)));
    expect(times).toEqual([receivedNs, 0n]);
  });

  test("items of another version or with bad wire bytes are refused one by one", () => {
    const other = item(1, 0);
    other[0] = 9;
    const body = frameOf([item(1, 0), other, item(2, 0).subarray(0, 60)]);
    const { items, rejections } = route(body, frames) as Routed;
    expect(items).toBe(3);
    expect(rejections.reasons).toEqual({ malformed: 1, "malformed: truncated": 1 });
  });

  test("framing that does not end is malformed as a whole", () => {
    const body = frameOf([item(1, 0)]);
    expect(route(body.subarray(0, body.byteLength - 1), frames)).toMatchObject({
      code: "malformed",
    });
    expect(route(new Uint8Array([0, 0, 0, 0]), frames)).toMatchObject({
      code: "malformed",
      field: "body",
    });
    expect(route(new Uint8Array([255, 255, 255, 255]), frames)).toMatchObject({
      code: "malformed",
    });
  });

  test("an empty body is an empty request", () => {
    expect(route(new Uint8Array(0), frames)).toMatchObject({ items: 0, records: [] });
  });
});

test("many items are split into records below the topic's bound, in order", () => {
  const wire = frameOf(
    Array.from({ length: 6000 }, () => {
      const bytes = new Uint8Array(24 + transactionBytes(1).byteLength);
      bytes[0] = 1;
      bytes.set(transactionBytes(1), 24);
      return bytes;
    }),
  );
  const { records } = route(wire, {
    mediaType: "application/x-weir-frames",
    itemsMax: 10_000,
  }) as Routed;
  expect(records.length).toBeGreaterThan(1);
  expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
  expect(records.every(({ value }) => value.byteLength <= 1_048_576 - 4096)).toBe(true);
  expect(records.reduce((sum, record) => sum + record.items, 0)).toBe(6000);
});
