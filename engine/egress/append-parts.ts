// Deals outputs out to appends that the log takes: Kafka holds the records of a partition that come
// together, and a frame with all its items, against one limit. What a topic takes is learned from
// what it refuses, and kept until the thread ends: a refusal costs a producer.
import { FrameReader, frameLengthBytes } from "../../schemas/market/frame.ts";
import { isTopicName, topics } from "../../schemas/topics.ts";
import type { NewRecord } from "../log/event-log.ts";

type Records = readonly NewRecord[];

export class AppendParts {
  /** Bytes of values in one append, by topic; a topic that refused nothing is not in it. */
  readonly #bytesMax = new Map<string, number>();
  readonly #reader = new FrameReader();

  /** All records in order, in as many appends as are needed. */
  of(records: Records): readonly Records[] {
    if (this.#bytesMax.size === 0) return [records];
    const parts: NewRecord[][] = [[]];
    const bytes = new Map<string, number>();
    for (const record of records.flatMap((one) => this.#cut(one))) {
      const { topic, value } = record;
      const before = bytes.get(topic) ?? 0;
      if (before > 0 && before + value.length > this.#limit(topic)) {
        parts.push([]);
        bytes.clear();
      }
      parts.at(-1)?.push(record);
      bytes.set(topic, (bytes.get(topic) ?? 0) + value.length);
    }
    return parts;
  }

  /** What was too large together, in smaller parts; null for one output, which has none. */
  smaller(records: Records): readonly Records[] | null {
    const byTopic = Map.groupBy(records, ({ topic }) => topic);
    // It does not say whose limit it was.
    if (byTopic.size > 1) return [...byTopic.values()];
    const [first] = records;
    if (first === undefined || (records.length === 1 && this.#middle(first) === 0)) return null;
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    this.#bytesMax.set(first.topic, bytes >> 1);
    return this.of(records);
  }

  #limit(topic: string): number {
    return this.#bytesMax.get(topic) ?? Infinity;
  }

  #cut(record: NewRecord): Records {
    const { topic, value } = record;
    if (value.length <= this.#limit(topic)) return [record];
    const at = this.#middle(record);
    if (at === 0) return [record];
    const halves = [value.subarray(0, at), value.subarray(at)];
    return halves.flatMap((half) => this.#cut({ ...record, value: half }));
  }

  /** Where the second half of a frame's items begins; 0 for one item, and for what is no frame. */
  #middle({ topic, value }: NewRecord): number {
    if (!isTopicName(topic) || !topics[topic].encoding.startsWith("weir_frame_")) return 0;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const items = this.#reader.countItems(view, 0, value.length);
    if (items < 2) return 0;
    this.#reader.open(view, 0, value.length);
    while (this.#reader.index < items >> 1) this.#reader.next();
    return this.#reader.itemStart - frameLengthBytes;
  }
}
