// Append and read of both logs with 100 KB frames and 1 KB records: rate, latency, CPU of this
// process. Kafka's own CPU is beside it, on the same machine. Embedded: every append is fsynced;
// the local Kafka does not fsync, so the two are not rivals but two ways to run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openEmbeddedLog } from "../../engine/log/embedded-log.ts";
import type { EventLog, NewRecord } from "../../engine/log/event-log.ts";
import { createKafkaLog } from "../../engine/log/kafka-log.ts";
import type { TopicTable } from "../../engine/log/topic-table.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import type { BenchOptions } from "./harness.ts";
import { report } from "./harness.ts";

type Shape = {
  readonly name: string;
  readonly bytes: number;
  readonly perAppend: number;
  readonly appends: number;
  /** Appends that wait at the same time. */
  readonly atOnce: number;
};

const shapes: readonly Shape[] = [
  { name: "frames", bytes: 100_000, perAppend: 8, appends: 150, atOnce: 1 },
  { name: "records", bytes: 1_000, perAppend: 200, appends: 150, atOnce: 1 },
  { name: "single, one at a time", bytes: 1_000, perAppend: 1, appends: 300, atOnce: 1 },
  { name: "single, 64 at once", bytes: 1_000, perAppend: 1, appends: 6_400, atOnce: 64 },
];

const partitions = 6;
const table: TopicTable = Object.fromEntries(
  shapes.map((_, i) => [
    `bench-${i}`,
    { partitions, retentionMs: 3_600_000, messageBytesMax: 1 << 20 },
  ]),
);

const recordsOf = (topic: string, { bytes, perAppend }: Shape): NewRecord[] =>
  Array.from({ length: perAppend }, (_, i) => ({
    topic,
    partition: i % partitions,
    key: new Uint8Array(32).fill(i),
    value: new Uint8Array(bytes).map((_byte, at) => (at * 31 + i) & 255),
    headers: { "weir-batch": "0123456789abcdef", "weir-tenant": "default" },
    timestampMs: Date.now(),
  }));

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

const appending = async (log: EventLog, topic: string, shape: Shape): Promise<object> => {
  const records = recordsOf(topic, shape);
  await log.append(records);
  const latenciesMs: number[] = [];
  let left = shape.appends;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startMs = performance.now();
      await log.append(records);
      latenciesMs.push(performance.now() - startMs);
    }
  };
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: shape.atOnce }, one));
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  const count = shape.appends * shape.perAppend;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    recordsPerS: Math.round(count / seconds),
    megabytesPerS: (count * shape.bytes) / seconds / 1e6,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    cpuUsPerRecord: (used.user + used.system) / count,
  };
};

const consuming = async (log: EventLog, topic: string, shape: Shape): Promise<object> => {
  const expected = (shape.appends + 1) * shape.perAppend;
  const all = Promise.withResolvers<void>();
  let count = 0;
  let startMs = 0;
  let cpu = process.cpuUsage();
  const consumer = await log.consume(
    { group: `bench-${topic}`, topics: [topic] },
    {
      onAssigned: async () => {
        startMs = performance.now();
        cpu = process.cpuUsage();
      },
      onRevoked: async () => undefined,
      onBatch: async ({ records }) => {
        count += records.length;
        if (count >= expected) all.resolve();
      },
      onFailed: all.reject,
    },
  );
  await all.promise;
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  await consumer.stop();
  return {
    recordsPerS: Math.round(count / seconds),
    megabytesPerS: (count * shape.bytes) / seconds / 1e6,
    cpuUsPerRecord: (used.user + used.system) / count,
  };
};

const measure = async (name: string, log: EventLog, smoke: boolean): Promise<void> => {
  await log.createTopics();
  for (const [i, given] of shapes.entries()) {
    const shape = smoke ? { ...given, appends: Math.ceil(given.appends / 50) } : given;
    const topic = `bench-${i}`;
    const what = { log: name, shape: shape.name, bytes: shape.bytes, perAppend: shape.perAppend };
    report({ ...what, operation: "append", ...(await appending(log, topic, shape)) });
    report({ ...what, operation: "consume", ...(await consuming(log, topic, shape)) });
  }
};

export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "weir-bench-log-"));
  const embedded = openEmbeddedLog({ directory, topics: table });
  await measure("embedded", embedded, smoke);
  await embedded.close();
  rmSync(directory, { recursive: true });
  if (!kafkaAvailable()) {
    report({ skipped: "kafka (needs Java 17, Maven)" });
    return;
  }
  const broker = await startBroker({ quick: false, heap: "512m" });
  const kafka = createKafkaLog({ brokers: [broker.bootstrap], topics: table });
  await measure("kafka", kafka, smoke);
  await kafka.close();
  await broker.close();
};
