import { expect, test } from "vitest";

import { decodeAppendFrame, encodeAppendFrame } from "../../../edge/forward/append-frame.ts";
import type { OutgoingRecord } from "../../../edge/route/outgoing-record.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const record = (changed: Partial<OutgoingRecord>): OutgoingRecord => ({
  topic: "otlp_spans",
  partition: 0,
  key: null,
  value: bytes(),
  items: 1,
  ...changed,
});
const head = { tenant: "t", receivedMs: 1 };

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("what is encoded is decoded: keys, no key, empty key, empty value, large partition", () => {
  const records = [
    record({ key: bytes(1, 2), value: bytes(3) }),
    record({ topic: "weir-depth", partition: 65_535 }),
    record({ key: bytes(), value: bytes(9, 9) }),
  ];
  const requests = [
    { head: { tenant: "acmé", receivedMs: 1.8e12 }, records },
    { head, records: [] },
    {
      head: { tenant: "acmf", receivedMs: 2, traceparent },
      records: [record({ topic: "otlp_logs" })],
    },
  ];
  expect(decodeAppendFrame(encodeAppendFrame(requests))).toEqual(
    requests.map(({ head: { tenant, receivedMs, traceparent: context = "" }, records: list }) => ({
      tenant,
      receivedMs,
      traceparent: context,
      records: list.map(({ topic, partition, key, value }) => ({ topic, partition, key, value })),
    })),
  );
});

test("names of the same hash are told apart", () => {
  // 31 * 65 + 97 = 31 * 66 + 66: "Aa" and "BB".
  const tenants = ["Aa", "BB", "Aa", "BB"];
  const frame = encodeAppendFrame(
    tenants.map((tenant) => ({ head: { tenant, receivedMs: 1 }, records: [] })),
  );
  expect(decodeAppendFrame(frame)?.map(({ tenant }) => tenant)).toEqual(tenants);
});

test("a frame is read from the middle of a buffer", () => {
  const frame = encodeAppendFrame([{ head, records: [record({ value: bytes(5) })] }]);
  const buffer = new Uint8Array(frame.byteLength + 7);
  buffer.set(frame, 7);
  expect(decodeAppendFrame(buffer.subarray(7))?.[0]?.records[0]?.value).toEqual(bytes(5));
});

test("another version is not guessed at", () => {
  const frame = encodeAppendFrame([{ head, records: [] }]);
  frame[0] = 2;
  expect(decodeAppendFrame(frame)).toBeUndefined();
});

test("a key or a tenant above its bound is a programmer's error", () => {
  const key = new Uint8Array(255);
  expect(() => encodeAppendFrame([{ head, records: [record({ key })] }])).toThrow("254");
  const tenant = "t".repeat(256);
  expect(() => encodeAppendFrame([{ head: { tenant, receivedMs: 0 }, records: [] }])).toThrow(
    "255",
  );
});
