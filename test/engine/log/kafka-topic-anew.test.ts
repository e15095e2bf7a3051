import { randomUUID } from "node:crypto";

import { type Admin, Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";

import type { EventLog, LogConsumer, Position } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { until } from "../../until.ts";

const topic = `anew-${randomUUID()}`;
const topics = { [topic]: { partitions: 1, retentionMs: 3_600_000, messageBytesMax: 100_000 } };
const group = randomUUID();

type Seen = { readonly values: string[]; readonly positions: Position[]; consumer: LogConsumer };

const append = (log: EventLog, values: readonly string[]): Promise<unknown> =>
  log.append(
    values.map((value) => ({
      topic,
      partition: 0,
      key: null,
      value: Buffer.from(value),
      headers: {},
      timestampMs: Date.now(),
    })),
  );

const untilGone = async (admin: Admin): Promise<void> => {
  while ((await admin.listTopics()).includes(topic)) await new Promise(setImmediate);
};

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);

const consume = async (log: EventLog): Promise<Seen> => {
  const values: string[] = [];
  const positions: Position[] = [];
  const consumer = await log.consume(
    { group, topics: [topic] },
    {
      onAssigned: async (assigned) => void positions.push(...assigned),
      onRevoked: async () => undefined,
      onBatch: async ({ records }) => {
        values.push(...records.map(({ value }) => Buffer.from(value).toString()));
      },
      onFailed: (error) => {
        throw error;
      },
    },
  );
  return { values, positions, consumer };
};

test.skipIf(!kafkaAvailable())(
  "a topic that is deleted and made anew is read from its beginning, by who reads it and by who comes (needs Java, Maven)",
  async () => {
    const broker = await startBroker({
      properties: { "log.retention.check.interval.ms": 3_600_000 },
    });
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    const log = createKafkaLog({ brokers: [broker.bootstrap], topics });
    try {
      await admin.connect();
      await log.createTopics();
      await append(log, numbered("old", 20));
      const first = await consume(log);
      await until(() => first.values.length === 20, "old ones");
      await first.consumer.commit([{ topic, partition: 0, offset: 20, metadata: "of old" }]);
      await admin.deleteTopics({ topics: [topic] });
      await untilGone(admin);
      // A producer of before knows sequence numbers that the new topic does not.
      const anew = createKafkaLog({ brokers: [broker.bootstrap], topics });
      await anew.createTopics();
      await append(anew, numbered("new", 5));
      await until(() => first.values.length >= 25, "new ones");
      expect(first.values.slice(20)).toEqual(numbered("new", 5));
      const beginning = { topic, partition: 0, offset: 0, metadata: "" };
      expect(first.positions.at(-1)).toEqual({ ...beginning, isAnew: true });
      await first.consumer.stop();
      const second = await consume(anew);
      await until(() => second.values.length === 5, "again");
      expect(second.positions).toEqual([beginning]);
      await anew.close();
    } finally {
      await log.close();
      await admin.disconnect();
      await broker.close();
    }
  },
);
