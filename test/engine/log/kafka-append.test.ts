import { Kafka, logLevel } from "kafkajs";
import { expect, test } from "vitest";

import type { NewRecord } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { makeTopic } from "../../kafka-topic.ts";

const recordOf = (topic: string, bytes: number): NewRecord => ({
  topic,
  partition: 0,
  key: null,
  value: new Uint8Array(bytes),
  headers: {},
  timestampMs: Date.now(),
});

test.skipIf(!kafkaAvailable())(
  "a topic that others made for smaller records is named, with the size of ours (needs Java, Maven)",
  async () => {
    const broker = await startBroker();
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    const log = createKafkaLog({ brokers: [broker.bootstrap], topics: {} });
    try {
      await admin.connect();
      const configEntries = [{ name: "max.message.bytes", value: "2000" }];
      await makeTopic(admin, { topic: "narrow", configEntries });
      await log.append([recordOf("narrow", 1_000)]);
      const append = log.append([recordOf("narrow", 10), recordOf("narrow", 3_000)]);
      await expect(append).rejects.toMatchObject({
        code: "record-too-large",
        message: expect.stringContaining("narrow: 3000 bytes, max.message.bytes=2000") as string,
      });
    } finally {
      await admin.disconnect();
      await log.close();
      await broker.close();
    }
  },
);
