// Market items to records: items of one partition share frames (schemas/market/frame.ts), in
// order of arrival, each frame below its topic's record bound. The record's key is its first
// item's: it hashes to the partition as every other item's key does.
import { keyPartition } from "../../schemas/hash/murmur2.ts";
import { frameLengthBytes, frameLimits } from "../../schemas/market/frame.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { type OutgoingRecord, valueBytesMax } from "./outgoing-record.ts";

type OpenFrame = { readonly key: Uint8Array; readonly items: Uint8Array[]; bytes: number };

const sealed = ({ items, bytes }: OpenFrame): Uint8Array => {
  const value = new Uint8Array(bytes);
  const view = new DataView(value.buffer);
  let at = 0;
  for (const item of items) {
    view.setUint32(at, item.byteLength, true);
    value.set(item, at + frameLengthBytes);
    at += frameLengthBytes + item.byteLength;
  }
  return value;
};

/** Collects the items of one request; used once. */
export class FrameRecords {
  readonly #topic: TopicName;
  readonly #bytesMax: number;
  readonly #open = new Map<number, OpenFrame>();
  readonly #records: OutgoingRecord[] = [];

  constructor(topic: TopicName) {
    this.#topic = topic;
    this.#bytesMax = Math.min(frameLimits.bytesMax, valueBytesMax(topic));
  }

  /** False when no record can hold the item. `item` must stay unchanged until `take`. */
  tryAdd(key: Uint8Array, item: Uint8Array): boolean {
    if (item.byteLength > frameLimits.itemBytesMax) return false;
    const { partitions } = topics[this.#topic];
    const partition = keyPartition(key, 0, key.byteLength, partitions);
    const frame = this.#frameFor(partition, key, frameLengthBytes + item.byteLength);
    frame.items.push(item);
    frame.bytes += frameLengthBytes + item.byteLength;
    return true;
  }

  /** All records, those of one partition in order. */
  take(): readonly OutgoingRecord[] {
    for (const [partition, frame] of this.#open) this.#seal(partition, frame);
    this.#open.clear();
    return this.#records;
  }

  #frameFor(partition: number, key: Uint8Array, bytes: number): OpenFrame {
    const open = this.#open.get(partition);
    if (open !== undefined) {
      const isRoom =
        open.bytes + bytes <= this.#bytesMax && open.items.length < frameLimits.itemsMax;
      if (isRoom) return open;
      this.#seal(partition, open);
    }
    const frame: OpenFrame = { key, items: [], bytes: 0 };
    this.#open.set(partition, frame);
    return frame;
  }

  #seal(partition: number, frame: OpenFrame): void {
    const { key, items } = frame;
    const value = sealed(frame);
    this.#records.push({ topic: this.#topic, partition, key, value, items: items.length });
  }
}
