// Holds the kafkajs producer that is in use, connects it on first need and replaces it after any
// failure after which the broker may have written. kafkajs takes a failed batch's sequence numbers
// back although it may, and the next batch is then acknowledged as a duplicate and dropped; so
// nothing is ever sent through such a producer. One attempt at a time: the caller queues.
import type { Producer as KafkaProducer } from "kafkajs";

import type { Client, ClientOptions } from "./client.ts";
import { createClient, retry } from "./client.ts";
import { Deadlines } from "./deadlines.ts";
import { ProducerError, producerError } from "./producer-error.ts";
import { type Sending, partitionedRecords } from "./own-encoder.ts";
import type { ProducerRecord } from "./topic-messages.ts";
import { batches, byTopic, offsetsOf } from "./topic-messages.ts";

/** A client is replaced before any partition's sequence nears 2^31, where kafkajs wraps early. */
const recordsPerClientMax = 2 ** 30;

type Live = { readonly client: Client; readonly producer: KafkaProducer; records: number };

/** Of one attempt: the offsets of earlier batches, and the current one. */
type Progress = {
  readonly offsets: number[];
  batch: readonly ProducerRecord[];
  sending: Sending | undefined;
  /** Produce requests that were out before it. */
  writesBefore: number;
};

const newProgress = (): Progress => ({
  offsets: [],
  batch: [],
  sending: undefined,
  writesBefore: Number.POSITIVE_INFINITY,
});

export type ProducerSlot = {
  /** Sends through the live producer within `leftMs`. @throws ProducerError */
  attempt(records: readonly ProducerRecord[], leftMs: number): Promise<number[]>;
  /** Disconnects the live producer, if any. */
  retire(): Promise<void>;
  clients(): number;
};

/** How a slot reaches Kafka. */
export type SlotOptions = ClientOptions & {
  /**
   * A send that has to connect first has so long at least: one that a short deadline cuts in its
   * connection begins anew each time, and never reaches a Kafka that is far.
   */
  readonly connectDeadlineMs?: number;
};

export const createProducerSlot = (options: SlotOptions): ProducerSlot => {
  let client: Client | undefined;
  let live: Promise<Live> | undefined;
  let clients = 0;
  const deadlines = new Deadlines();

  const current = (): Promise<Live> => {
    if (live !== undefined) return live;
    clients += 1;
    client = createClient(options);
    live = connect(client);
    return live;
  };

  const sent = async (
    records: readonly ProducerRecord[],
    progress: Progress,
  ): Promise<number[]> => {
    const { offsets } = progress;
    const now = await current();
    now.records += records.length;
    for (const batch of batches(records)) {
      progress.writesBefore = now.client.produceWrites();
      const sending = options.encoder === "kafkajs" ? unobserved(batch) : partitionedRecords(batch);
      progress.batch = batch;
      progress.sending = sending;
      const answer = await now.producer.sendBatch({
        acks: -1,
        timeout: options.requestTimeoutMs,
        topicMessages: sending.topicMessages,
      });
      for (const offset of offsetsOf(batch, answer)) offsets.push(offset);
    }
    // Not when this send was given up meanwhile: the live producer is then another one.
    if (now.records >= recordsPerClientMax && now.client === client) await retire();
    return offsets;
  };

  const retire = async (): Promise<void> => {
    const last = live;
    const cut = client?.cut;
    live = undefined;
    client = undefined;
    if (last === undefined) return;
    const closed = last.then((now) => now.producer.disconnect());
    // A broker that does not answer must not hold up the close; the cut ends it.
    await within(deadlines, closed, options.connectTimeoutMs).catch(() => undefined);
    cut?.();
  };

  const attempt = async (records: readonly ProducerRecord[], leftMs: number): Promise<number[]> => {
    const progress = newProgress();
    const deadlineMs =
      live === undefined ? Math.max(leftMs, options.connectDeadlineMs ?? 0) : leftMs;
    try {
      return await within(deadlines, sent(records, progress), deadlineMs);
    } catch (error) {
      const failure = producerError(error);
      const isInDoubt = (client?.produceWrites() ?? 0) > progress.writesBefore;
      failure.fate = { acknowledged: acknowledgedOf(progress), isInDoubt };
      if (isExact(failure, progress, client)) throw failure;
      client?.cut();
      client = undefined;
      live = undefined;
      throw failure;
    }
  };
  return { attempt, retire, clients: () => clients };
};

/**
 * The one failure after which the sequence numbers are right: the only partition was asked once and
 * wrote nothing, as the batch is too large. A group is cut in halves until the record that is too
 * large stands alone: with a new producer for each refusal that took 50 ms a record.
 */
const isExact = (
  { code }: ProducerError,
  { batch, writesBefore }: Progress,
  client: Client | undefined,
): boolean => {
  const [first] = batch;
  return (
    code === "record-too-large" &&
    client?.produceWrites() === writesBefore + 1 &&
    batch.every(({ topic, partition }) => topic === first?.topic && partition === first.partition)
  );
};

/** Earlier batches, and of the current one what leaders acknowledged before another one failed. */
const acknowledgedOf = ({ offsets, batch, sending }: Progress): ReadonlySet<number> => {
  const places = new Set(offsets.keys());
  for (const [at, record] of batch.entries())
    if (sending?.isAcknowledged(record) === true) places.add(offsets.length + at);
  return places;
};

/** kafkajs' own encoder does not tell one partition's answer from another's. */
const unobserved = (batch: readonly ProducerRecord[]): Sending => ({
  topicMessages: byTopic(batch),
  isAcknowledged: () => false,
});

const connect = async (client: Client): Promise<Live> => {
  const producer = client.kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry,
    // Every record names its partition: the hash is ours, so that it equals the Java client's.
    createPartitioner: () => (args) => args.message.partition ?? 0,
  });
  await client.ready;
  await producer.connect();
  return { client, producer, records: 0 };
};

const within = async <T>(deadlines: Deadlines, work: Promise<T>, leftMs: number): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = deadlines.start(leftMs, () =>
    reject(new ProducerError("timeout", `no answer within ${leftMs} ms`)),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
};
