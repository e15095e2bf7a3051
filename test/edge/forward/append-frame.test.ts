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

test("what is encoded is decoded: keys, no key, empty key, empty value, large partition", () => {
  const records = [
    record({ key: bytes(1, 2), value: bytes(3) }),
    record({ topic: "weir-depth", partition: 65_535 }),
    record({ key: bytes(), value: bytes(9, 9) }),
  ];
  const frame = encodeAppendFrame({ tenant: "acmé", receivedMs: 1.8e12 }, records);
  expect(decodeAppendFrame(frame)).toEqual({
    tenant: "acmé",
    receivedMs: 1.8e12,
    records: records.map(({ topic, partition, key, value }) => ({ topic, partition, key, value })),
  });
});

test("a frame is read from the middle of a buffer", () => {
  const frame = encodeAppendFrame({ tenant: "t", receivedMs: 1 }, [record({ value: bytes(5) })]);
  const buffer = new Uint8Array(frame.byteLength + 7);
  buffer.set(frame, 7);
  expect(decodeAppendFrame(buffer.subarray(7))?.records[0]?.value).toEqual(bytes(5));
});

test("another version is not guessed at", () => {
  const frame = encodeAppendFrame({ tenant: "t", receivedMs: 1 }, []);
  frame[0] = 2;
  expect(decodeAppendFrame(frame)).toBeUndefined();
});

test("a key above its bound is a programmer's error", () => {
  const key = new Uint8Array(255);
  expect(() => encodeAppendFrame({ tenant: "t", receivedMs: 1 }, [record({ key })])).toThrow("254");
});
