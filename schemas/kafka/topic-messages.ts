// Between our flat list of records and kafkajs' list per topic, both ways. kafkajs answers with a
// base offset per partition, and leaves out a partition that it does not know or whose leader
// moved during a retry: such a send is a failure, never a success with a hole.
import type { Message, RecordMetadata, TopicMessages } from "kafkajs";

import { ProducerError } from "./producer-error.ts";

export type ProducerRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: { readonly [name: string]: string };
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
};

// kafkajs writes anything but a Buffer as text.
const buffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Groups by topic, keeping the order within each; bytes are shared, not copied. */
export const byTopic = (records: readonly ProducerRecord[]): TopicMessages[] => {
  const topics = new Map<string, Message[]>();
  for (const record of records) {
    const message: Message = {
      partition: record.partition,
      key: record.key === null ? null : buffer(record.key),
      value: buffer(record.value),
      headers: record.headers,
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
  const next = new Map<string, number>();
  for (const { topicName, partition, baseOffset } of answer) {
    next.set(`${topicName}/${partition}`, Number(baseOffset ?? -1));
  }
  return records.map(({ topic, partition }) => {
    const key = `${topic}/${partition}`;
    const offset = next.get(key);
    if (offset === undefined) {
      throw new ProducerError("topic-missing", `partition ${partition} of ${topic} has no leader`);
    }
    if (!(offset >= 0)) {
      throw new ProducerError("sequence", `no offset for partition ${partition} of ${topic}`);
    }
    next.set(key, offset + 1);
    return offset;
  });
};
