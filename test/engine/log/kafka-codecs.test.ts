// Batches compressed by others: the broker writes them anew with the compression of their topic, so
// each goes through the libraries of the Java client. kafkajs alone would end the consumer.
import kafkajs from "kafkajs";
import { compress } from "snappy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { EventLog, LogRecord } from "../../../engine/log/event-log.ts";
import { installKafkaCodecs } from "../../../engine/log/kafka-codecs.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import type { TestBroker } from "../../kafka-broker.ts";
import { makeTopic } from "../../kafka-topic.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { seeded } from "../../random.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;

type Codec = { decompress(source: Buffer): Promise<Buffer> };

const compressions = ["gzip", "snappy", "lz4", "zstd"] as const;

const recordsCount = 40;

/** Runs, text and noise, from nothing to several blocks of each format. */
const values = (): readonly Buffer[] => {
  const random = seeded(7);
  return Array.from({ length: recordsCount }, (_, i) => {
    const noise = Buffer.from(random.bytes(i * 7));
    const run = Buffer.alloc(i * 401, `service-${i} `);
    return Buffer.concat([run, noise, run.subarray(0, i * 31), noise]);
  });
};

it("reads Snappy without the blocks of Java, as librdkafka and Go write it", async () => {
  installKafkaCodecs();
  const codec = CompressionCodecs[CompressionTypes.Snappy]() as Codec;
  for (const value of values()) {
    expect(await codec.decompress(await compress(value))).toEqual(value);
  }
});

describe.skipIf(!kafkaAvailable())("compressed batches (needs Java 17, Maven)", () => {
  let broker: TestBroker;
  let log: EventLog;

  beforeAll(async () => {
    broker = await startBroker();
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    for (const topic of compressions) {
      const configEntries = [{ name: "compression.type", value: topic }];
      await makeTopic(admin, { topic, configEntries });
    }
    await admin.disconnect();
    log = createKafkaLog({ brokers: [broker.bootstrap], topics: {} });
    for (const topic of compressions) {
      await log.append(
        values().map((value) => ({
          topic,
          partition: 0,
          key: null,
          value,
          headers: {},
          timestampMs: Date.now(),
        })),
      );
    }
  });

  afterAll(async () => {
    await log?.close();
    await broker?.close();
  });

  it.each(compressions)("a reader gets what was written in %s", async (topic) => {
    const found = await log.read({ topic, partition: 0, offset: 0 }, recordsCount);
    expect(found.map(({ value }) => Buffer.from(value))).toEqual(values());
  });

  it("a consumer gets all of them", async () => {
    const seen = new Map<string, LogRecord[]>();
    const all = Promise.withResolvers<void>();
    const consumer = await log.consume(
      { group: "codecs", topics: compressions },
      {
        onAssigned: async () => undefined,
        onRevoked: async () => undefined,
        onBatch: async ({ topic, records }) => {
          seen.set(topic, [...(seen.get(topic) ?? []), ...records]);
          const counts = compressions.map((name) => seen.get(name)?.length ?? 0);
          if (counts.every((count) => count >= recordsCount)) all.resolve();
        },
        onFailed: all.reject,
      },
    );
    await all.promise;
    await consumer.stop();
    for (const records of seen.values()) {
      expect(records.map(({ value }) => Buffer.from(value))).toEqual(values());
    }
  });
});
