import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { EventLog } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import type { KafkaNode } from "../../../engine/log/kafka-node.ts";
import { startKafkaNode } from "../../../engine/log/kafka-node.ts";
import { runSeed, seeded } from "../../random.ts";
import { kafkaAvailable } from "../../kafka-broker.ts";

/** WEIR_KILLS=20 for the long run. */
const kills = Number(process.env["WEIR_KILLS"] ?? 1);
const topic = `kill-${randomUUID()}`;
const topics = { [topic]: { partitions: 3, retentionMs: 3_600_000, messageBytesMax: 100_000 } };

// The controller otherwise waits 9 s for the killed broker to come back as the one it was.
const properties = { "broker.session.timeout.ms": 1_000, "broker.heartbeat.interval.ms": 300 };

type Load = { readonly acknowledged: string[]; failed: number; isOver: boolean };

// Batches of the same size, so that a lost sequence number would pass as a repeat.
const appendUntilOver = async (log: EventLog, load: Load): Promise<void> => {
  for (let next = 0; !load.isOver; next += 3) {
    const values = [next, next + 1, next + 2].map(String);
    const records = values.map((value, partition) => ({
      topic,
      partition,
      key: null,
      value: Buffer.from(value),
      headers: {},
      timestampMs: Date.now(),
    }));
    try {
      await log.append(records);
      load.acknowledged.push(...values);
    } catch {
      load.failed += 1;
    }
  }
};

const pause = async (timeMs: number): Promise<void> => {
  await new Promise((resolve) => {
    setTimeout(resolve, timeMs);
  });
};

describe.skipIf(!kafkaAvailable())(
  "the log over a broker that is killed (needs Java, Maven)",
  () => {
    test(
      "SN1: what was acknowledged is in the topic, and a consumer that lost its broker sees all of it",
      { timeout: 240_000 + kills * 30_000 },
      async () => {
        const random = seeded(runSeed("kafka kill"));
        const dataDirectory = mkdtempSync(join(tmpdir(), "weir-test-kafka-"));
        let node: KafkaNode = await startKafkaNode({ dataDirectory, port: 0, properties });
        const port = Number(node.bootstrap.split(":")[1]);
        const log = createKafkaLog({ brokers: [node.bootstrap], topics, appendDeadlineMs: 5_000 });
        await log.createTopics();
        const seen = new Set<string>();
        const failures: string[] = [];
        const consumer = await log.consume(
          { group: randomUUID(), topics: [topic] },
          {
            onAssigned: async () => undefined,
            onRevoked: async () => undefined,
            onBatch: async ({ records }) => {
              for (const { value } of records) seen.add(Buffer.from(value).toString());
            },
            onFailed: (error) => {
              failures.push(error.message);
            },
          },
        );
        const load: Load = { acknowledged: [], failed: 0, isOver: false };
        const appending = appendUntilOver(log, load);
        for (let run = 0; run < kills; run += 1) {
          const before = load.acknowledged.length;
          await expect.poll(() => load.acknowledged.length).toBeGreaterThan(before);
          await pause(random.below(300));
          process.kill(node.pid, "SIGKILL");
          await node.exited;
          node = await startKafkaNode({ dataDirectory, port, properties });
        }
        const last = load.acknowledged.length;
        await expect.poll(() => load.acknowledged.length).toBeGreaterThan(last);
        load.isOver = true;
        await appending;
        expect(load.acknowledged.length).toBeGreaterThan(kills);
        const held = new Set<string>();
        for (const [partition, { end }] of (await log.offsets(topic)).entries()) {
          const records = await log.read({ topic, partition, offset: 0 }, end);
          for (const { value } of records) held.add(Buffer.from(value).toString());
        }
        expect(load.acknowledged.filter((value) => !held.has(value))).toEqual([]);
        const unseen = (): number => load.acknowledged.filter((value) => !seen.has(value)).length;
        if (failures.length === 0) await expect.poll(unseen).toBe(0);
        process.stderr.write(
          `kafka kill: ${kills} kills, ${load.acknowledged.length} acknowledged, ` +
            `${load.failed} appends failed, consumer failures: ${failures.join("; ")}\n`,
        );
        expect(failures).toEqual([]);
        await consumer.stop();
        await log.close();
        await node.stop();
        rmSync(dataDirectory, { recursive: true });
      },
    );
  },
);
