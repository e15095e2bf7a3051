// How far each stage is, per partition, in shared memory: a position is the offset of the next
// record that the stage has not finished. Written once per batch by the stage that owns the
// column; the consumer commits the minimum, the control thread shows the lag.
import type { TopicName } from "../../schemas/topics.ts";
import { topics } from "../../schemas/topics.ts";

/** What the engine reads from the log, and the stage between reading and output. */
export const consumed = {
  otlp_spans: "stream",
  otlp_metrics: "stream",
  otlp_logs: "stream",
  "weir-transactions": "market",
  "weir-depth": "market",
} as const satisfies { readonly [topic in TopicName]?: "stream" | "market" };

export type ConsumedTopic = keyof typeof consumed;
export const consumedTopics = Object.keys(consumed) as readonly ConsumedTopic[];
export const isConsumed = (topic: string): topic is ConsumedTopic => Object.hasOwn(consumed, topic);

export type TopicPartition = { readonly topic: ConsumedTopic; readonly partition: number };

/** All partitions that the engine reads; the index is the id that travels through the rings. */
export const topicPartitions: readonly TopicPartition[] = consumedTopics.flatMap((topic) =>
  Array.from({ length: topics[topic].partitions }, (_, partition) => ({ topic, partition })),
);

const ids = new Map(
  topicPartitions.map(({ topic, partition }, id) => [`${topic}/${partition}`, id]),
);

/** The id of a partition, or -1 for one that the engine does not read. */
export const topicPartitionId = (topic: string, partition: number): number =>
  ids.get(`${topic}/${partition}`) ?? -1;

/**
 * `read` is ingest's, `handled` the stage's, `done` egress' (outputs acknowledged, to commit).
 * `owned` is ingest's too: 1 while the log gives the partition to this engine, else 0.
 */
export type Column = "read" | "handled" | "done" | "owned";
const columns: readonly Column[] = ["read", "handled", "done", "owned"];

export const createPositionsMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(columns.length * topicPartitions.length * 8);

export class Positions {
  readonly #cells: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new BigInt64Array(memory);
  }

  /** The column's thread only, once per batch: BigInt atomics cost 20 ns and allocate. */
  set(column: Column, id: number, offset: number): void {
    Atomics.store(this.#cells, this.#at(column, id), BigInt(offset));
  }

  /** Any thread. */
  get(column: Column, id: number): number {
    return Number(Atomics.load(this.#cells, this.#at(column, id)));
  }

  /** What may be committed: no stage needs anything before it. */
  minimum(id: number): number {
    return Math.min(this.get("read", id), this.get("handled", id), this.get("done", id));
  }

  #at(column: Column, id: number): number {
    return columns.indexOf(column) * topicPartitions.length + id;
  }
}
