import { randomUUID } from "node:crypto";

import { Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";

import type { EventLog, LogConsumer } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { until } from "../../until.ts";

const topic = "foreign";
const topics = { [topic]: { partitions: 1, retentionMs: 3_600_000, messageBytesMax: 100_000 } };

/** What a producer of others writes: each transaction ends with a marker that has an offset too. */
const transactions = async (
  bootstrap: string,
  all: readonly (readonly ["commit" | "abort", readonly string[]])[],
): Promise<void> => {
  const kafka = new Kafka({
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 10 },
  });
  const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1 });
  await producer.connect();
  for (const [end, values] of all) {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: values.map((value) => ({ value })) });
    await transaction[end]();
  }
  await producer.disconnect();
};

type Seen = { readonly values: string[]; next: number; consumer: LogConsumer };

const consume = async (log: EventLog, group: string): Promise<Seen> => {
  const seen = { values: [] as string[], next: -1 };
  const consumer = await log.consume(
    { group, topics: [topic] },
    {
      onAssigned: async ([position]) => void (seen.next = position?.offset ?? -1),
      onRevoked: async () => undefined,
      onBatch: async ({ records }) => {
        for (const { offset, value } of records) {
          expect(offset).toBeGreaterThanOrEqual(seen.next);
          if (value.length > 0) seen.values.push(Buffer.from(value).toString());
          seen.next = offset + 1;
        }
      },
      onFailed: (error) => {
        throw error;
      },
    },
  );
  return Object.assign(seen, { consumer });
};

test.skipIf(!kafkaAvailable())(
  "positions pass the markers of transactions and aborted records, also where nothing follows (needs Java, Maven)",
  async () => {
    const broker = await startBroker();
    const log = createKafkaLog({ brokers: [broker.bootstrap], topics });
    try {
      await log.createTopics();
      const seen = await consume(log, "reader");
      await transactions(broker.bootstrap, [
        ["commit", ["a", "b"]],
        ["abort", ["not", "these"]],
        ["commit", ["c"]],
        ["abort", ["nor", "those", "two"]],
      ]);
      // The broker answers before the last transaction's marker stands in the partition.
      await until(() => seen.next === 12, "the end");
      const [kept] = await log.offsets(topic);
      expect(kept?.end).toBe(12);
      expect(seen.values).toEqual(["a", "b", "c"]);
      await seen.consumer.commit([{ topic, partition: 0, offset: 12, metadata: "" }]);
      await transactions(broker.bootstrap, [["commit", ["d"]]]);
      await until(() => seen.next === 14, "what follows");
      expect(seen.values).toEqual(["a", "b", "c", "d"]);
    } finally {
      await log.close();
      await broker.close();
    }
  },
);
