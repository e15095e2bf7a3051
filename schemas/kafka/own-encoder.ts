// Puts our produce encoder into kafkajs, whose own copies each value nine times and groups messages
// in quadratic time. Connections, metadata, retries and sequence numbers stay kafkajs'. Only sends
// of `partitionedRecords` take the new way: a message list that kafkajs groups by calling `reduce`,
// for which ours returns its records already grouped. Done on the prototypes of the client's own
// classes, so it is one mechanism for Node, workerd and tests, whatever bundles the modules.
import type { Kafka, Message, TopicMessages } from "kafkajs";

import type { Checksum } from "./crc32c.ts";
import {
  type KafkajsBroker,
  type KafkajsConnection,
  type Lookup,
  type PartitionAnswer,
  type SendCall,
  newCluster,
} from "./kafkajs-cluster.ts";
import { decodeProduceAnswer } from "./produce-answer.ts";
import { type PartitionBatch, type ProduceCall, encodeProduceRequest } from "./produce-request.ts";
import type { ProducerRecord } from "./topic-messages.ts";

const ownCall = Symbol("weir: produce call");
const isInstalled = Symbol("weir: own encoder");

class Batch implements PartitionBatch {
  readonly records: ProducerRecord[] = [];
  /** In this send, whatever a later try of it is told. */
  isAcknowledged = false;

  get length(): number {
    return this.records.length;
  }
}

/** Looks like a list of messages to the few calls that kafkajs makes. */
class PartitionedMessages {
  readonly #batches: { [partition: string]: Batch } = {};

  add(record: ProducerRecord): void {
    const batch = (this.#batches[record.partition] ??= new Batch());
    batch.records.push(record);
  }

  isAcknowledged(partition: number): boolean {
    return this.#batches[partition]?.isAcknowledged ?? false;
  }

  /** kafkajs looks for messages without a value. */
  find(): undefined {
    return undefined;
  }

  /** kafkajs groups by partition. */
  reduce(): { readonly [partition: string]: Batch } {
    return this.#batches;
  }
}

/** What kafkajs is given to send. */
export type Sending = {
  readonly topicMessages: TopicMessages[];
  /** kafkajs throws one partition's error for all; this one's leader may have acknowledged. */
  readonly isAcknowledged: (record: ProducerRecord) => boolean;
};

/** The records by topic, for `sendBatch` of a client with the encoder installed. */
export const partitionedRecords = (records: readonly ProducerRecord[]): Sending => {
  const topics = new Map<string, PartitionedMessages>();
  for (const record of records) {
    let messages = topics.get(record.topic);
    if (messages === undefined) {
      messages = new PartitionedMessages();
      topics.set(record.topic, messages);
    }
    messages.add(record);
  }
  const topicMessages: TopicMessages[] = [];
  for (const [topic, messages] of topics)
    topicMessages.push({ topic, messages: messages as unknown as Message[] });
  const isAcknowledged = ({ topic, partition }: ProducerRecord): boolean =>
    topics.get(topic)?.isAcknowledged(partition) ?? false;
  return { topicMessages, isAcknowledged };
};

const isOwn = (call: ProduceCall): boolean =>
  call.topicData[0]?.partitions[0]?.messages instanceof Batch;

/**
 * Resolves within the turn of the event loop, so before any connection is open. Idempotent; the
 * first checksum stays.
 *
 * @throws when kafkajs is not the version whose insides this knows.
 */
export const installOwnEncoder = async (kafka: Kafka, checksum: Checksum): Promise<void> => {
  const { connectionPoolBuilder, brokerPool } = newCluster(kafka);
  const connectionPool = await connectionPoolBuilder.build({ host: "-", port: 0 });
  const { rootLogger: logger } = brokerPool;
  const broker = brokerPool.createBroker({ connectionPool, logger });
  const [connection] = connectionPool.pool;
  if (typeof broker.produce !== "function" || typeof connection?.send !== "function")
    throw new Error("kafkajs has no produce or send: another version than 2.2.4");
  patchBroker(Object.getPrototypeOf(broker) as KafkajsBroker);
  patchConnection(Object.getPrototypeOf(connection) as KafkajsConnection, checksum);
};

/** True the first time. */
const marks = (prototype: object): boolean => {
  if (Object.hasOwn(prototype, isInstalled)) return false;
  Object.defineProperty(prototype, isInstalled, { value: true });
  return true;
};

/**
 * The broker with a lookup that puts the call beside the request, which keeps it to itself. Made once
 * for each connection: V8 forgets the optimised code of functions that are made for each send.
 */
const withCalls = (broker: KafkajsBroker, lookup: Lookup): KafkajsBroker => {
  const lookupRequest: Lookup = (key, definition) => {
    const make = lookup(key, definition);
    return (call) => {
      const made = make(call);
      return { ...made, request: { ...made.request, [ownCall]: call } };
    };
  };
  return Object.create(broker, { lookupRequest: { value: lookupRequest } }) as KafkajsBroker;
};

const patchBroker = (prototype: KafkajsBroker): void => {
  if (!marks(prototype)) return;
  const { produce } = prototype;
  // By lookup: a broker that connects again has another.
  const brokers = new WeakMap<Lookup, KafkajsBroker>();
  prototype.produce = function produceOwn(this: KafkajsBroker, call: ProduceCall) {
    if (!isOwn(call)) return produce.call(this, call);
    const { lookupRequest } = this;
    let broker = brokers.get(lookupRequest);
    if (broker === undefined) {
      broker = withCalls(this, lookupRequest);
      brokers.set(lookupRequest, broker);
    }
    return produce.call(broker, call);
  };
};

const patchConnection = (prototype: KafkajsConnection, checksum: Checksum): void => {
  if (!marks(prototype)) return;
  const { send } = prototype;
  prototype.send = function sendOwn(this: KafkajsConnection, request: SendCall) {
    const call = (request.request as { readonly [ownCall]?: ProduceCall })[ownCall];
    if (call === undefined) return send.call(this, request);
    return sendProduce(this, request, { call, checksum });
  };
};

/** As kafkajs' own `send`, but that the request is one buffer. */
const sendProduce = async (
  connection: KafkajsConnection,
  { request, response }: SendCall,
  { call, checksum }: { readonly call: ProduceCall; readonly checksum: Checksum },
): Promise<unknown> => {
  await connection.authenticate();
  connection.failIfNotConnected();
  const { apiKey, apiName, apiVersion } = request;
  const correlationId = connection.nextCorrelationId();
  const { clientId } = connection;
  const head = { version: apiVersion, correlationId, clientId, checksum };
  const bytes = encodeProduceRequest(call, head);
  const { promise: answered, resolve, reject } = Promise.withResolvers<{ payload: Buffer }>();
  connection.requestQueue.push({
    entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
    expectResponse: true,
    requestTimeout: null,
    sendRequest: connection.socket.write.bind(connection.socket, bytes),
  });
  const { payload } = await answered;
  const decoded = decodeProduceAnswer(payload, apiVersion);
  connection.requestQueue.maybeThrottle(decoded.clientSideThrottleTime);
  let isFailed = false;
  for (const { topicName, partitions } of decoded.topics) {
    for (const answer of partitions) {
      noteAnswer(call, topicName, answer);
      if (answer.errorCode !== 0) isFailed = true;
    }
  }
  return isFailed ? response.parse(decoded) : decoded;
};

// Without an offset a duplicate is told, of which nobody can say what it repeats.
const noteAnswer = ({ topicData }: ProduceCall, name: string, answer: PartitionAnswer): void => {
  if (answer.errorCode !== 0 || Number(answer.baseOffset) < 0) return;
  for (const { topic, partitions } of topicData) {
    if (topic !== name) continue;
    for (const { partition, messages } of partitions)
      if (partition === answer.partition && messages instanceof Batch)
        messages.isAcknowledged = true;
  }
};
