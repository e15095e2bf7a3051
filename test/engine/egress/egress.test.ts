import { expect, test } from "vitest";

import { candidateBytes } from "../../../schemas/market/candidate-layout.ts";
import { frameLengthBytes } from "../../../schemas/market/frame.ts";
import type { TopicName } from "../../../schemas/topics.ts";
import { LogError, type NewRecord, type Position } from "../../../engine/log/event-log.ts";
import {
  aggregateBytes,
  encodeAggregate,
  writeAggregate,
} from "../../../engine/egress/aggregate-message.ts";
import { Egress } from "../../../engine/egress/egress.ts";
import { Outbox, outputType } from "../../../engine/egress/outbox.ts";
import { OutputBatch } from "../../../engine/egress/output-batch.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { MemoryLog } from "../log/memory-log.ts";

const rig = (log: MemoryLog, sleep: (metrics: MetricCells) => void) => {
  const metrics = new MetricCells(createMetricsMemory());
  const ring = createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
  const outbox = new Outbox({ ring: new MessageRingWriter(ring), onBlocked: () => undefined });
  const faults: string[] = [];
  const dropped: string[] = [];
  const done: Position[] = [];
  const latency = metrics.histogram("edgeToCandidate");
  const egress = new Egress({
    sources: [{ reader: new MessageRingReader(ring), sojourn: metrics.histogram("streamEgress") }],
    batch: new OutputBatch({ runId: "run", configVersion: () => 1, latency }),
    log,
    positions: new Positions(createPositionsMemory()),
    metrics,
    traces: null,
    onDone: (positions) => done.push(...positions),
    onFault: (fault) => faults.push(fault),
    onDropped: (why) => dropped.push(why),
    sleep: async () => sleep(metrics),
  });
  return { metrics, outbox, egress, faults, dropped, done };
};

const putAggregate = (outbox: Outbox, id: string): void => {
  const message = encodeAggregate("service", { id });
  const at = outbox.claim(outputType.aggregate, aggregateBytes(message));
  writeAggregate(outbox.bytes, outbox.view, at, message);
  outbox.commit(at);
};

const putCandidate = (outbox: Outbox): void => {
  outbox.commit(outbox.claim(outputType.candidate, candidateBytes));
};

const taken = async (log: MemoryLog, topic: TopicName): Promise<Uint8Array[]> => {
  const ends = await log.offsets(topic);
  const read = ends.map((_, partition) => log.read({ topic, partition, offset: 0 }, 100));
  return (await Promise.all(read)).flat().map(({ value }) => value);
};

test("why the log takes no outputs is said once, however often it is tried", async () => {
  const log = new MemoryLog();
  log.isAway = true;
  const { metrics, outbox, egress, faults } = rig(log, (at) => {
    log.isAway = at.read("egressFailures") < 3;
  });
  putAggregate(outbox, "1");
  outbox.publish();
  egress.stop();
  await egress.run();
  expect(metrics.read("egressFailures")).toBe(3);
  expect(metrics.read("egressRecords")).toBe(1);
  expect(faults).toEqual(["unreachable: away"]);
});

test("what the log has of an append that failed is not sent again", async () => {
  const log = new MemoryLog();
  const append = log.append.bind(log);
  const sends: (readonly NewRecord[])[] = [];
  log.append = async (records) => {
    sends.push(records);
    if (sends.length > 1) return append(records);
    await append(records.slice(0, 1));
    const acknowledged = new Set([0]);
    throw new LogError("unreachable", "too few replicas of one partition", { acknowledged });
  };
  const { metrics, outbox, egress } = rig(log, () => undefined);
  putAggregate(outbox, "1");
  putCandidate(outbox);
  outbox.publish();
  egress.stop();
  await egress.run();
  expect(sends.map(({ length }) => length)).toEqual([2, 1]);
  expect(await taken(log, "weir-aggregates")).toHaveLength(1);
  expect(await taken(log, "weir-candidates")).toHaveLength(1);
  expect(metrics.read("egressRecords")).toBe(2);
});

test("outputs that the log takes alone, but not together, are sent in parts, a frame by its items", async () => {
  const log = new MemoryLog();
  log.bytesMax = 2 * (frameLengthBytes + candidateBytes);
  const { metrics, outbox, egress, faults, dropped } = rig(log, () => undefined);
  for (let i = 0; i < 5; i += 1) putCandidate(outbox);
  for (let i = 0; i < 20; i += 1) putAggregate(outbox, `${i}`);
  outbox.publish();
  egress.stop();
  await egress.run();
  const frames = await taken(log, "weir-candidates");
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBe(5 * (frameLengthBytes + candidateBytes));
  expect(await taken(log, "weir-aggregates")).toHaveLength(20);
  expect(metrics.read("egressRecords")).toBe(20 + frames.length);
  expect(metrics.read("egressItems")).toBe(25);
  expect(faults).toEqual([expect.stringContaining("record-too-large")]);
  expect(dropped).toEqual([]);
});

test("an output that the log never takes is dropped, counted and named, and the others pass", async () => {
  const log = new MemoryLog();
  log.bytesMax = 100;
  const { metrics, outbox, egress, dropped, done } = rig(log, () => undefined);
  for (const id of ["a", "x".repeat(101), "b", "y".repeat(200), "c"]) putAggregate(outbox, id);
  outbox.mark(0, 7, "");
  outbox.publish();
  egress.stop();
  await egress.run();
  const values = await taken(log, "weir-aggregates");
  expect(values.map((value) => JSON.parse(Buffer.from(value).toString()) as unknown)).toEqual([
    { id: "a" },
    { id: "b" },
    { id: "c" },
  ]);
  expect(metrics.read("egressTooLarge")).toBe(2);
  expect(metrics.read("egressItems")).toBe(3);
  expect(dropped).toEqual(["record-too-large: bytes=110"]);
  expect(done).toEqual([expect.objectContaining({ offset: 7 })]);
});
