// The log on Apache Kafka: one producer, one admin client, one reader, and a consumer per call of
// consume. Nothing connects before it is used.
import type { Client, ClientOptions } from "../../schemas/kafka/client.ts";
import { createClient } from "../../schemas/kafka/client.ts";
import { createProducer } from "../../schemas/kafka/producer.ts";
import type { EventLog, LogConsumer, LogRecord, NewRecord } from "./event-log.ts";
import { LogError } from "./event-log.ts";
import type { KafkaAdmin } from "./kafka-admin.ts";
import { createKafkaAdmin } from "./kafka-admin.ts";
import { installKafkaCodecs } from "./kafka-codecs.ts";
import { kafkaLogError } from "./kafka-error.ts";
import { startLastingConsumer } from "./kafka-lasting-consumer.ts";
import type { KafkaReader } from "./kafka-reader.ts";
import { createKafkaReader } from "./kafka-reader.ts";
import type { TopicTable } from "./topic-table.ts";
import { checkRecords, contractTopics, recordBytes } from "./topic-table.ts";

export type KafkaLogOptions = {
  /** host:port, one or several. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly ssl?: ClientOptions["ssl"];
  readonly login?: ClientOptions["login"];
  readonly connectTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** An append that is not acknowledged by then fails with `unreachable`. */
  readonly appendDeadlineMs?: number;
  readonly topics?: TopicTable;
};

export const createKafkaLog = (options: KafkaLogOptions): EventLog => {
  const { appendDeadlineMs = 10_000, topics = contractTopics } = options;
  installKafkaCodecs();
  const shared: ClientOptions = {
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 8_000,
    clientId: "weir-engine",
    ...options,
  };
  const producer = createProducer({ ...shared, sendDeadlineMs: appendDeadlineMs });
  const client: Client = createClient(shared);
  const admin = createKafkaAdmin(client, topics);
  const reader = createKafkaReader(client);
  const consumers = new Set<LogConsumer>();
  let closed = false;

  const append: EventLog["append"] = async (records) => {
    checkRecords(records, topics);
    return producer.send(records).catch(async (error: unknown) => {
      throw await appendError(admin, error, records);
    });
  };

  const consume: EventLog["consume"] = async (consumerOptions, handlers) => {
    if (closed) throw new LogError("closed", "consume after close");
    const consumer = await startLastingConsumer(
      { newClient: () => createClient(shared), admin },
      consumerOptions,
      handlers,
    );
    const tracked: LogConsumer = {
      commit: (positions) => consumer.commit(positions),
      stop: () => {
        consumers.delete(tracked);
        return consumer.stop();
      },
    };
    consumers.add(tracked);
    return tracked;
  };

  const close: EventLog["close"] = async () => {
    if (closed) return;
    closed = true;
    await Promise.all(Array.from(consumers, (consumer) => consumer.stop()));
    await Promise.all([producer.disconnect(), admin.close(), reader.close()]);
    client.cut();
  };
  return {
    append,
    consume,
    read: (from, recordsMax) => readFrom({ reader, admin }, from, recordsMax),
    offsets: (topic) => admin.offsets(topic),
    committed: (group, topic) => admin.committed(group, topic),
    describe: () => admin.describe(),
    createTopics: () => admin.createTopics(),
    close,
  };
};

/** Kafka does not say what it found too large: a topic may have been made for less than we send. */
const appendError = async (
  admin: KafkaAdmin,
  error: unknown,
  records: readonly NewRecord[],
): Promise<LogError> => {
  const told = kafkaLogError(error);
  if (told.code !== "record-too-large") return told;
  const largest = new Map<string, number>();
  for (const record of records) {
    largest.set(record.topic, Math.max(largest.get(record.topic) ?? 0, recordBytes(record)));
  }
  const each = await Promise.all(
    Array.from(largest, async ([topic, bytes]) => {
      const limit = await admin.messageBytesMax(topic);
      return `${topic}: ${bytes} bytes, max.message.bytes=${limit}`;
    }),
  );
  const advice = "above max.message.bytes of its topic, alone or with those sent beside it";
  const largestFor = `${advice}; the largest for ${each.join(", ")}`;
  const { code, acknowledged } = told;
  return new LogError(code, largestFor, { cause: error, acknowledged });
};

type Readers = { readonly reader: KafkaReader; readonly admin: KafkaAdmin };

const readFrom = async (
  { reader, admin }: Readers,
  from: Parameters<EventLog["read"]>[0],
  recordsMax: number,
): Promise<readonly LogRecord[]> => {
  // Kept offsets are asked first: a fetch outside of them is an error that says nothing.
  const kept = (await admin.offsets(from.topic))[from.partition];
  if (kept === undefined) {
    throw new LogError("topic-missing", `${from.topic} has no partition ${from.partition}`);
  }
  const out: LogRecord[] = [];
  let at = Math.max(from.offset, kept.earliest);
  while (out.length < recordsMax && at < kept.end) {
    const { records, next } = await reader.fetch(from, at).catch((error: unknown) => {
      throw kafkaLogError(error);
    });
    if (next === at) break;
    for (const record of records) if (out.length < recordsMax) out.push(record);
    at = next;
  }
  return out;
};
