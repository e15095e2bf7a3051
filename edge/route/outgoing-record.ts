// A record on its way to the log, and the bound that keeps every one of them below its topic's.
import { type TopicName, topics } from "../../schemas/topics.ts";

/** Made by the router, bounded by `valueBytesMax`. */
export type OutgoingRecord = {
  readonly topic: TopicName;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** Items in the value: what the counters count. */
  readonly items: number;
};

/** Room for key, headers and the record batch's own fields within a topic's messageBytesMax. */
const reserveBytes = 4096;

/** Largest value of a record of this topic, in bytes. */
export const valueBytesMax = (topic: TopicName): number =>
  topics[topic].messageBytesMax - reserveBytes;
