// Reads a partition without a group, for tools: plain fetch requests, so that no group is left
// behind on the broker.
import Batch from "kafkajs/src/consumer/batch.js";

import type { Client } from "../../schemas/kafka/client.ts";
import type { Cluster } from "../../schemas/kafka/kafkajs-cluster.ts";
import { newCluster } from "../../schemas/kafka/kafkajs-cluster.ts";
import type { LogRecord } from "./event-log.ts";
import { logRecord } from "./kafka-records.ts";

type Partition = { readonly topic: string; readonly partition: number };

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
    await client.ready;
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
