// A whole produce request (versions 3 to 7) in one buffer of its exact size, each key and value
// copied once. Big-endian; a string is i16 length and UTF-8:
//
//   i32 length of what follows | i16 key 0 | i16 version | i32 correlation id | string client id
//   i16 -1 (no transaction) | i16 acks | i32 timeout ms | i32 topics
//   per topic: string name | i32 partitions
//     per partition: i32 partition | i32 bytes | record batch
import type { Checksum } from "./crc32c.ts";
import { type BatchPlan, planBatch, writeBatch } from "./record-batch.ts";
import type { ProducerRecord } from "./topic-messages.ts";

/** Records of one partition in one request; `length` is what kafkajs counts its sequences by. */
export type PartitionBatch = {
  readonly length: number;
  readonly records: readonly ProducerRecord[];
};

/** What kafkajs gives its broker to produce, as far as it is read here. */
export type ProduceCall = {
  readonly acks: number;
  /** Milliseconds that the broker may take. */
  readonly timeout: number;
  /** Anything that prints as an integer. */
  readonly producerId: { toString(): string };
  readonly producerEpoch: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence: number;
      readonly messages: PartitionBatch;
    }[];
  }[];
};

/** What the connection adds. */
export type RequestHead = {
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly checksum: Checksum;
};

const headBytes = 14;
const bodyHeadBytes = 12;
const stringHeadBytes = 2;
const topicHeadBytes = stringHeadBytes + 4;
const partitionHeadBytes = 8;
const produceKey = 0;

type TopicData = ProduceCall["topicData"][number];
type PlannedPartition = { partition: number; firstSequence: number; plan: BatchPlan };
type PlannedTopic = { readonly name: Buffer; readonly partitions: readonly PlannedPartition[] };

// Functions of their own: V8 forgets the optimised code of closures made for each send.
const plannedPartition = (of: TopicData["partitions"][number]): PlannedPartition => {
  const { partition, firstSequence, messages } = of;
  return { partition, firstSequence, plan: planBatch(messages.records) };
};

const plannedTopic = ({ topic, partitions }: TopicData): PlannedTopic => ({
  name: Buffer.from(topic),
  partitions: partitions.map(plannedPartition),
});

const topicBytes = ({ name, partitions }: PlannedTopic): number => {
  let bytes = topicHeadBytes + name.length;
  for (const { plan } of partitions) bytes += partitionHeadBytes + plan.bytes;
  return bytes;
};

const putString = (view: DataView, at: number, bytes: Uint8Array): number => {
  view.setInt16(at, bytes.length);
  new Uint8Array(view.buffer, view.byteOffset).set(bytes, at + stringHeadBytes);
  return at + stringHeadBytes + bytes.length;
};

const putTopic = (
  view: DataView,
  start: number,
  topic: PlannedTopic,
  call: ProduceCall & Pick<RequestHead, "checksum">,
): number => {
  const { name, partitions } = topic;
  const producerId = BigInt(call.producerId.toString());
  const { producerEpoch, checksum } = call;
  let at = putString(view, start, name);
  view.setInt32(at, partitions.length);
  at += 4;
  for (const { partition, firstSequence, plan } of partitions) {
    view.setInt32(at, partition);
    view.setInt32(at + 4, plan.bytes);
    const batch = { producerId, producerEpoch, firstSequence, checksum };
    at = writeBatch(view, at + partitionHeadBytes, plan, batch);
  }
  return at;
};

/** @throws when the sizes do not add up: nothing was sent then. */
export const encodeProduceRequest = (call: ProduceCall, head: RequestHead): Buffer => {
  const topics = call.topicData.map(plannedTopic);
  const clientId = Buffer.from(head.clientId);
  let bytes = headBytes + clientId.length + bodyHeadBytes;
  for (const topic of topics) bytes += topicBytes(topic);
  // Slow: of its own, so that its start is aligned and no pool keeps it alive.
  const request = Buffer.allocUnsafeSlow(bytes);
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  view.setInt32(0, bytes - Int32Array.BYTES_PER_ELEMENT);
  view.setInt16(4, produceKey);
  view.setInt16(6, head.version);
  view.setInt32(8, head.correlationId);
  let at = putString(view, 12, clientId);
  view.setInt16(at, -1);
  view.setInt16(at + 2, call.acks);
  view.setInt32(at + 4, call.timeout);
  view.setInt32(at + 8, topics.length);
  at += bodyHeadBytes;
  const writing = { ...call, checksum: head.checksum };
  for (const topic of topics) at = putTopic(view, at, topic, writing);
  if (at !== bytes) throw new Error(`produce request: ${at} of ${bytes} bytes`);
  return request;
};
