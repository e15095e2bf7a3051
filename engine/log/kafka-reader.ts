// Reads a partition without a group, for tools: plain fetch requests, so that no group is left
// behind on the broker. It uses kafkajs' cluster object, which its public surface hides.
import type { Kafka } from "kafkajs";
import Batch from "kafkajs/src/consumer/batch.js";

import type { Client } from "../../schemas/kafka/client.ts";
import type { LogRecord } from "./event-log.ts";
import { logRecord } from "./kafka-records.ts";

type Partition = { readonly topic: string; readonly partition: number };

type Fetched = {
  readonly responses: readonly { readonly partitions: readonly unknown[] }[];
};

type Broker = { fetch(request: unknown): Promise<Fetched> };

type Cluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
};

export type KafkaReader = {
  /** Records from `offset` on, as many as one answer holds, and where to go on. */
  fetch(at: Partition, offset: number): Promise<{ records: LogRecord[]; next: number }>;
  close(): Promise<void>;
};

const answerBytesMax = 4 << 20;
const readCommitted = 1;

/** Connects on the first fetch; a failed one is followed by a new connection. */
export const createKafkaReader = (client: Client): KafkaReader => {
  let cluster: Promise<Cluster> | undefined;

  const connected = async (): Promise<Cluster> => {
    const made = newCluster(client.kafka);
    await made.connect();
    return made;
  };

  const fetch: KafkaReader["fetch"] = async ({ topic, partition }, offset) => {
    cluster ??= connected();
    try {
      const now = await cluster;
      await now.addTargetTopic(topic);
      const leaders = now.findLeaderForPartitions(topic, [partition]);
      const broker = await now.findBroker({ nodeId: Object.keys(leaders)[0] ?? "" });
      const partitions = [{ partition, fetchOffset: `${offset}`, maxBytes: answerBytesMax }];
      const { responses } = await broker.fetch({
        maxWaitTime: 0,
        minBytes: 0,
        maxBytes: answerBytesMax,
        isolationLevel: readCommitted,
        topics: [{ topic, partitions }],
      });
      const batch = new Batch(topic, `${offset}`, responses[0]?.partitions[0]);
      if (batch.isEmptyIncludingFiltered()) return { records: [], next: offset };
      return { records: batch.messages.map(logRecord), next: Number(batch.lastOffset()) + 1 };
    } catch (error) {
      cluster = undefined;
      throw error;
    }
  };

  const close = async (): Promise<void> => {
    const last = cluster;
    cluster = undefined;
    await last?.then((made) => made.disconnect()).catch(() => undefined);
  };
  return { fetch, close };
};

const newCluster = (kafka: Kafka): Cluster => {
  const name = "private:Kafka:createCluster";
  const symbol = Object.getOwnPropertySymbols(kafka).find((at) => at.description === name);
  if (symbol === undefined) throw new Error(`kafkajs has no ${name}: another version than 2.2.4`);
  const make = Reflect.get(kafka, symbol) as (options: unknown) => Cluster;
  return make({ allowAutoTopicCreation: false, metadataMaxAge: 300_000 });
};
