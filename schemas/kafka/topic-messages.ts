// Between our flat list of records and kafkajs' list per topic, both ways. kafkajs answers with a
// base offset per partition, and leaves out a partition that it does not know or whose leader
// moved during a retry: such a send is a failure, never a success with a hole.
import type { Message, RecordMetadata, TopicMessages } from "kafkajs";

import { type HeaderBlock, type RecordHeaders, allHeaders } from "./header-block.ts";
import { ProducerError } from "./producer-error.ts";

export type ProducerRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** Headers that are the same for many records; none of `headers` has a name of these. */
  readonly common?: HeaderBlock;
  readonly headers: RecordHeaders;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
};

// kafkajs writes anything but a Buffer as text.
const buffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Upper bound of one partition's batch: brokers refuse batches above max.message.bytes, by default
 * 1,048,588, whatever the size of the records in it. A larger single record goes alone.
 */
const batchBytesMax = 1_000_000;

/** Record and header framing at its largest: varints of length, time, offset, key, value. */
const recordOverheadBytes = 64;

/** Bytes of a record as the limits count them: key, value and headers. */
const recordBytes = ({ key, value, common, headers }: ProducerRecord): number => {
  let bytes = value.length + (key?.length ?? 0) + (common?.bytes.length ?? 0);
  for (const name in headers) {
    // Three bytes for a character of UTF-16 is UTF-8 at its longest.
    bytes += 3 * (name.length + (headers[name]?.length ?? 0));
  }
  return bytes;
};

const bytesOf = (records: readonly ProducerRecord[]): number => {
  let bytes = 0;
  for (const record of records) bytes += recordBytes(record) + recordOverheadBytes;
  return bytes;
};

/** Cuts where a partition's batch would pass its limit; order is kept, usually one piece. */
export function* batches(
  records: readonly ProducerRecord[],
): Generator<readonly ProducerRecord[], void> {
  if (bytesOf(records) <= batchBytesMax) {
    yield records;
    return;
  }
  const bytes = new Map<string, number>();
  let start = 0;
  for (const [i, record] of records.entries()) {
    const key = `${record.topic}/${record.partition}`;
    const own = recordBytes(record) + recordOverheadBytes;
    const together = (bytes.get(key) ?? 0) + own;
    if (together > batchBytesMax && together > own) {
      yield records.slice(start, i);
      start = i;
      bytes.clear();
      bytes.set(key, own);
    } else bytes.set(key, together);
  }
  yield start === 0 ? records : records.slice(start);
}

/** Groups by topic, keeping the order within each; bytes are shared, not copied. */
export const byTopic = (records: readonly ProducerRecord[]): TopicMessages[] => {
  const topics = new Map<string, Message[]>();
  for (const record of records) {
    const message: Message = {
      partition: record.partition,
      key: record.key === null ? null : buffer(record.key),
      value: buffer(record.value),
      headers: allHeaders(record),
      timestamp: String(record.timestampMs),
    };
    const messages = topics.get(record.topic);
    if (messages === undefined) topics.set(record.topic, [message]);
    else messages.push(message);
  }
  return Array.from(topics, ([topic, messages]) => ({ topic, messages }));
};

/** The offset of each record. @throws ProducerError when the answer lacks a partition. */
export const offsetsOf = (
  records: readonly ProducerRecord[],
  answer: readonly RecordMetadata[],
): number[] => {
  // Not by one text of both: it would be made for each record.
  const nextOf = new Map<string, Map<number, number>>();
  for (const { topicName, partition, baseOffset } of answer) {
    const next = nextOf.get(topicName) ?? new Map<number, number>();
    nextOf.set(topicName, next.set(partition, Number(baseOffset ?? -1)));
  }
  const offsets: number[] = [];
  for (const { topic, partition } of records) {
    const next = nextOf.get(topic);
    const offset = next?.get(partition);
    if (offset === undefined) {
      throw new ProducerError("topic-missing", `partition ${partition} of ${topic} has no leader`);
    }
    if (!(offset >= 0)) {
      throw new ProducerError("sequence", `no offset for partition ${partition} of ${topic}`);
    }
    next?.set(partition, offset + 1);
    offsets.push(offset);
  }
  return offsets;
};
