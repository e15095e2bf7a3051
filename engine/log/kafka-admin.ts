// Topics, offsets and committed positions through kafkajs' admin client. It connects on first use
// and anew after a failure.
import kafkajs, { type Admin } from "kafkajs";

import type { Client } from "../../schemas/kafka/client.ts";
import type { EventLog, Position } from "./event-log.ts";
import { LogError } from "./event-log.ts";
import { kafkaLogError, withCoordinator, withLeaders, withMovedLeaders } from "./kafka-error.ts";
import type { TopicTable } from "./topic-table.ts";
import { checkTopics, missingOf } from "./topic-table.ts";

export type KafkaAdmin = Pick<EventLog, "offsets" | "committed" | "describe" | "createTopics"> & {
  /** max.message.bytes of a topic; `unknown` to who may not ask for it. */
  messageBytesMax(topic: string): Promise<string>;
  close(): Promise<void>;
};

/** Framing that a broker counts and messageBytesMax does not: batch and record headers. */
const framingBytesMax = 4096;

export const createKafkaAdmin = (client: Client, table: TopicTable): KafkaAdmin => {
  let admin: Promise<Admin> | undefined;

  const connected = async (): Promise<Admin> => {
    const made = client.kafka.admin();
    await client.ready;
    await made.connect();
    return made;
  };

  const using = async <T>(body: (admin: Admin) => Promise<T>): Promise<T> => {
    admin ??= connected();
    const mine = admin;
    try {
      return await withCoordinator(async () => body(await mine));
    } catch (error) {
      if (admin === mine) admin = undefined;
      void mine.then((last) => last.disconnect()).catch(() => undefined);
      throw kafkaLogError(error);
    }
  };

  const describe: KafkaAdmin["describe"] = () =>
    using(async (at) => {
      const { topics } = await at.fetchTopicMetadata();
      return topics
        .filter(({ name }) => !name.startsWith("__"))
        .map(({ name, partitions }) => ({ topic: name, partitions: partitions.length }));
    });

  const createTopics: KafkaAdmin["createTopics"] = async () => {
    const missing = await missingOf({ describe }, Object.keys(table));
    if (missing.length > 0) {
      const topics = missing.map((topic) => configured(topic, table));
      // kafkajs' own wait for leaders gives up when the broker asked has not heard of the topics yet.
      await using((at) => at.createTopics({ topics, waitForLeaders: false }));
      await using((at) => withLeaders(() => at.fetchTopicMetadata({ topics: missing })));
    }
    await checkTopics({ describe }, table);
    return missing;
  };

  // Each time with a new client: kafkajs keeps the leaders that it knows for minutes.
  const offsets: KafkaAdmin["offsets"] = async (topic) => {
    const asked = withMovedLeaders(() => using((at) => at.fetchTopicOffsets(topic)));
    const found = await asked.catch(async (error: unknown) => {
      throw await missingNamed({ describe }, [topic], error);
    });
    return found
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ low, high }) => ({ earliest: Number(low), end: Number(high) }));
  };

  const committed: KafkaAdmin["committed"] = (group, topic) =>
    using(async (at) => {
      const [found] = await at.fetchOffsets({ groupId: group, topics: [topic] });
      return positionsOf(topic, found?.partitions ?? []);
    });

  const messageBytesMax: KafkaAdmin["messageBytesMax"] = (topic) =>
    using((at) => askedMessageBytesMax(at, topic)).catch(() => "unknown");

  const close = async (): Promise<void> => {
    const last = admin;
    admin = undefined;
    await last?.then((at) => at.disconnect()).catch(() => undefined);
  };
  return { describe, createTopics, offsets, committed, messageBytesMax, close };
};

const askedMessageBytesMax = async (at: Admin, topic: string): Promise<string> => {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const asked = { type, name: topic, configNames: ["max.message.bytes"] };
  const { resources } = await at.describeConfigs({ resources: [asked], includeSynonyms: false });
  return resources[0]?.configEntries[0]?.configValue ?? "unknown";
};

/** Kafka's own words for a missing topic do not say which of those asked for it is. */
export const missingNamed = async (
  admin: Pick<KafkaAdmin, "describe">,
  topics: readonly string[],
  error: unknown,
): Promise<LogError> => {
  const told = kafkaLogError(error);
  if (told.code !== "topic-missing") return told;
  const missing = await missingOf(admin, topics).catch(() => topics);
  return missing.length === 0
    ? told
    : new LogError("topic-missing", missing.join(", "), { cause: error });
};

type Committed = Awaited<ReturnType<Admin["fetchOffsets"]>>[number]["partitions"];

/** In order of the partitions; those without a commit are left out. */
const positionsOf = (topic: string, partitions: Committed): Position[] =>
  partitions
    .filter(({ offset }) => Number(offset) >= 0)
    .map(({ partition, offset, metadata }) => ({
      topic,
      partition,
      offset: Number(offset),
      metadata: metadata ?? "",
    }))
    .toSorted((a, b) => a.partition - b.partition);

// Everything is set at creation: kafkajs' alterConfigs would reset what it does not name.
const configured = (topic: string, table: TopicTable) => ({
  topic,
  numPartitions: table[topic]?.partitions ?? 1,
  // -1: the cluster's own default.
  replicationFactor: -1,
  configEntries: [
    { name: "cleanup.policy", value: "delete" },
    { name: "retention.ms", value: `${table[topic]?.retentionMs}` },
    {
      name: "max.message.bytes",
      value: `${(table[topic]?.messageBytesMax ?? 0) + framingBytesMax}`,
    },
  ],
});
