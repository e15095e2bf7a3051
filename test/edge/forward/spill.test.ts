// One behaviour suite for the spill in an object's real SQLite and for its plain twin.
import { env, runInDurableObject } from "cloudflare:test";

import { describe, expect, test } from "vitest";

import type { ForwarderObject } from "../../../edge/forward/forwarder-object.ts";
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { LateOutcomes } from "../../../edge/forward/late-outcomes.ts";
import { decodeSpillRow, encodeSpillRow } from "../../../edge/forward/spill-row.ts";
import { putOffMsMax, Spill, type SpillQueue } from "../../../edge/forward/spill.ts";
import { MemorySpill, unbounded } from "./memory-spill.ts";
import { sinkRecord } from "./scripted-sink.ts";

const { FORWARDER } = env as unknown as {
  readonly FORWARDER: DurableObjectNamespace<ForwarderObject>;
};
let objects = 0;

type Body = (spill: SpillQueue, reopen: () => SpillQueue) => void;
type Bounds = Partial<typeof unbounded>;
type Run = (bytesMax: number, body: Body, changed?: Bounds) => Promise<void>;

const onSqlite: Run = (bytesMax, body, changed) => {
  objects += 1;
  const stub = FORWARDER.get(FORWARDER.idFromName(`spill-${objects}`));
  return runInDurableObject(stub, (_object: ForwarderObject, { storage }) => {
    const late = new LateOutcomes(storage.sql, "");
    const limits = { ...unbounded, ...changed, bytesMax };
    body(new Spill(storage, limits, late), () => new Spill(storage, limits, late));
  });
};

const inMemory: Run = (bytesMax, body) => {
  const spill = new MemorySpill(bytesMax);
  body(spill, () => spill);
  return Promise.resolve();
};

const marks = (group: ReturnType<SpillQueue["peek"]>): readonly number[] | undefined =>
  group?.records.map(({ partition }) => partition);

const states = (...list: number[]): Uint8Array => Uint8Array.from(list);
const { acknowledged, refused, repeatable, oversize, unplaced } = recordState;

describe.each([
  ["in an object's SQLite", onSqlite],
  ["as its plain twin", inMemory],
] as const)("a spill %s", (_name, run) => {
  test("gives back what it was given, bit by bit", () =>
    run(1 << 20, (spill) => {
      const record = {
        ...sinkRecord(3, 0),
        topic: "weir-depth",
        key: new Uint8Array([0, 255, 1]),
        value: Uint8Array.from({ length: 1000 }, (_, i) => i * 7),
        headers: { "weir-tenant": "ü", "weir-sequence": "17" },
        timestampMs: 1_700_000_000_123,
      };
      expect(spill.tryPut([{ first: 0, records: [record, sinkRecord(4, 0)] }])).toBe(true);
      expect(spill.peek(0, 1000)?.records).toEqual([record, sinkRecord(4, 0)]);
      expect([spill.records, spill.isEmpty]).toEqual([2, false]);
    }));

  test("gives what was put off also from a clock that was set back on", () =>
    run(1 << 20, (spill) => {
      spill.tryPut([{ first: 0, records: [sinkRecord(3, 0)] }]);
      const nowMs = 1_700_000_000_000;
      const group = spill.peek(nowMs, 1000);
      if (group !== undefined) spill.settle(group, states(refused), nowMs + putOffMsMax);
      expect(spill.peek(nowMs, 1000)).toBeUndefined();
      expect(marks(spill.peek(nowMs + putOffMsMax, 1000))).toEqual([3]);
      expect(marks(spill.peek(nowMs - 1, 1000))).toEqual([3]);
    }));

  test("orders by number, whatever the order of the puts", () =>
    run(1 << 20, (spill) => {
      for (const first of [30, 10, 20])
        spill.tryPut([{ first, records: [sinkRecord(first, 1), sinkRecord(first + 1, 1)] }]);
      expect(marks(spill.peek(0, 1 << 20))).toEqual([10, 11, 20, 21, 30, 31]);
    }));

  test("keeps all of a put or nothing, and counts its bytes", () =>
    run(5000, (spill) => {
      expect(spill.tryPut([{ first: 0, records: [sinkRecord(0, 2000)] }])).toBe(true);
      const before = spill.bytes;
      const both = [
        { first: 1, records: [sinkRecord(1, 1)] },
        { first: 2, records: [sinkRecord(2, 4000)] },
      ];
      expect(spill.tryPut(both)).toBe(false);
      expect([spill.bytes, spill.records]).toEqual([before, 1]);
      const group = spill.peek(0, 1);
      if (group !== undefined) spill.settle(group, states(acknowledged), 0);
      expect([spill.bytes, spill.isEmpty, spill.peek(0, 1)]).toEqual([0, true, undefined]);
      expect(spill.tryPut(both)).toBe(true);
    }));

  test("gives groups within a bound of bytes, and a larger row alone", () =>
    run(1 << 20, (spill) => {
      for (const first of [0, 1, 2]) spill.tryPut([{ first, records: [sinkRecord(first, 1000)] }]);
      expect(marks(spill.peek(0, 2400))).toEqual([0, 1]);
      expect(marks(spill.peek(0, 10))).toEqual([0]);
    }));

  test("keeps of a row only what was not written, and tries it again when it is due", () =>
    run(1 << 20, (spill) => {
      spill.tryPut([{ first: 0, records: [0, 1, 2, 3].map((mark) => sinkRecord(mark, 10)) }]);
      spill.tryPut([{ first: 4, records: [sinkRecord(4, 10), sinkRecord(5, 10)] }]);
      const group = spill.peek(0, 1 << 20);
      const fates = states(acknowledged, refused, repeatable, refused, oversize, unplaced);
      if (group !== undefined) spill.settle(group, fates, 5000);
      expect(spill.records).toBe(3);
      expect([spill.peek(4999, 1000), spill.nextDueMs()]).toEqual([undefined, 5000]);
      spill.tryPut([{ first: 9, records: [sinkRecord(9, 1)] }]);
      expect(spill.nextDueMs()).toBe(0);
      expect(marks(spill.peek(4999, 1000))).toEqual([9]);
      expect(marks(spill.peek(5000, 1000))).toEqual([1, 3, 5, 9]);
    }));
});

test("a spill that is opened again has its rows before those of the new instance", () =>
  onSqlite(1 << 20, (spill, reopen) => {
    spill.tryPut([{ first: 1000, records: [sinkRecord(1, 100)] }]);
    const next = reopen();
    expect([next.bytes, next.records]).toEqual([spill.bytes, 1]);
    next.tryPut([{ first: 0, records: [sinkRecord(2, 100)] }]);
    expect(marks(next.peek(0, 10_000))).toEqual([1, 2]);
  }));

test("records of many megabytes stand in rows that SQLite takes", () =>
  onSqlite(64 << 20, (spill) => {
    const records = Array.from({ length: 12 }, (_, mark) => sinkRecord(mark, 1_000_000));
    expect(spill.tryPut([{ first: 0, records }])).toBe(true);
    expect(spill.peek(0, 1)?.records).toHaveLength(1);
    expect(spill.peek(0, 1 << 30)?.records).toHaveLength(12);
  }));

test("a row reads back without keys, with empty keys and empty values", () => {
  const records = [
    { ...sinkRecord(0, 0), key: new Uint8Array(0) },
    { ...sinkRecord(1, 0), key: null },
  ];
  expect(decodeSpillRow(encodeSpillRow(records))).toEqual(records);
});

test("a send from the spill keeps to the bounds of bytes and records of a send", () =>
  onSqlite(
    1 << 20,
    (spill) => {
      const records = Array.from({ length: 7 }, (_, mark) => sinkRecord(mark, mark < 3 ? 1000 : 1));
      spill.tryPut([{ first: 0, records }]);
      spill.tryPut([{ first: 7, records: [sinkRecord(7, 1)] }]);
      const given: (readonly number[] | undefined)[] = [];
      for (let group = spill.peek(0, 3000); group !== undefined; group = spill.peek(0, 3000)) {
        given.push(marks(group));
        spill.settle(group, new Uint8Array(group.records.length).fill(acknowledged), 0);
      }
      expect(given).toEqual([
        [0, 1],
        [2, 3, 4],
        [5, 6, 7],
      ]);
    },
    { sendBytesMax: 3000, sendRecordsMax: 4 },
  ));

test("a row of thousands of tiny records, whose headers are larger, stays below 2 MB", () =>
  onSqlite(8 << 20, (spill) => {
    const headers = {
      "weir-tenant": "acme",
      "weir-producer": "0d5bb1f4-7a0c-4a51-9f0e-0c7f5a1b2c3d",
      "weir-content-encoding": "identity",
      "weir-schema": "urn:weir:otlp_proto:1",
      "weir-received-ms": "1795378453903",
      "weir-sequence": "123456",
    };
    const records = Array.from({ length: 6000 }, (_, at) => ({ ...sinkRecord(at, 140), headers }));
    expect(spill.tryPut([{ first: 0, records }])).toBe(true);
    const given: number[] = [];
    for (let group = spill.peek(0, 1); group !== undefined; group = spill.peek(0, 1)) {
      expect(encodeSpillRow(group.records).byteLength).toBeLessThan(2_000_000);
      given.push(...(marks(group) ?? []));
      spill.settle(group, new Uint8Array(group.records.length).fill(acknowledged), 0);
    }
    expect(given).toEqual(marks({ rows: [], records }));
  }));
