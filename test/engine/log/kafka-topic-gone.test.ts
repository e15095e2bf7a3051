// A topic that is deleted while it is read together with others, and comes back.
import { randomUUID } from "node:crypto";

import { Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";

import type { EventLog, Position } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { until } from "../../until.ts";

const kept = `kept-${randomUUID()}`;
const gone = `gone-${randomUUID()}`;
const one = { partitions: 1, retentionMs: 3_600_000, messageBytesMax: 100_000 };
const topics = { [kept]: one, [gone]: one };

const append = (log: EventLog, topic: string, values: readonly string[]): Promise<unknown> =>
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

const reading = async (log: EventLog) => {
  const seen = {
    values: [] as string[],
    assigned: [] as (readonly Position[])[],
    notes: [] as string[],
    failures: [] as string[],
  };
  const consumer = await log.consume(
    { group: randomUUID(), topics: [kept, gone] },
    {
      onAssigned: async (positions) => void seen.assigned.push(positions),
      onRevoked: async () => undefined,
      onBatch: async ({ records }) => {
        seen.values.push(...records.map(({ value }) => Buffer.from(value).toString()));
      },
      onFailed: ({ message }) => void seen.failures.push(message),
      onNote: (note) => void seen.notes.push(note),
    },
  );
  return { seen, consumer };
};

test.skipIf(!kafkaAvailable())(
  "a topic that is deleted is named, the others are read on, and it is read from its beginning when it is there again (needs Java, Maven)",
  async () => {
    const broker = await startBroker();
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    const log = createKafkaLog({ brokers: [broker.bootstrap], topics });
    try {
      await admin.connect();
      await log.createTopics();
      await append(log, gone, ["old"]);
      const { seen, consumer } = await reading(log);
      await until(() => seen.values.length === 1, "what was there");
      await admin.deleteTopics({ topics: [gone] });
      await until(() => seen.notes.length === 1, "the note");
      expect(seen.notes[0]).toContain(`Kafka has no topic ${gone} any more`);
      // A producer of before asks for the topic that it knew, too.
      const anew = createKafkaLog({ brokers: [broker.bootstrap], topics });
      await append(anew, kept, ["a", "b"]);
      await until(() => seen.values.length === 3, "the other topic");
      await consumer.commit([{ topic: kept, partition: 0, offset: 2, metadata: "" }]);
      await anew.createTopics();
      // More than there were: by its length nobody could tell.
      await append(anew, gone, ["1", "2", "3"]);
      await until(() => seen.values.length === 6, "the topic again");
      expect(seen.values).toEqual(["old", "a", "b", "1", "2", "3"]);
      const back = { topic: gone, partition: 0, offset: 0, metadata: "", isAnew: true };
      expect(seen.assigned.at(-1)).toContainEqual(back);
      expect(seen.notes[1]).toContain(`Kafka has topic ${gone} again`);
      expect(seen.failures).toEqual([]);
      await consumer.stop();
      await anew.close();
    } finally {
      await log.close();
      await admin.disconnect();
      await broker.close();
    }
  },
);
