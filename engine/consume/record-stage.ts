// The stage of the market and the stream thread: takes log records from the ring, gives each to
// the handler of its topic, publishes positions, and sends marks behind the outputs. What is done
// with a record is the handlers' concern; how far everything is, this file's.
import type { Outbox } from "../egress/outbox.ts";
import { type FinishedRecord, type ItemCounts, noneRefused } from "../ledger/item-counts.ts";
import type { ConsumedTopic, Positions } from "../ledger/positions.ts";
import { topicPartitions } from "../ledger/positions.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { sojournUs, stampNowUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { Stage } from "../threads/stage.ts";
import {
  headerBytes,
  messageType,
  readId,
  readOffset,
  readOwnRun,
  readTimestampMs,
  readTrace,
} from "./record-message.ts";

/** One log record inside the ring; valid only during the call. The object is reused. */
export type RecordAt = {
  id: number;
  ownRun: boolean;
  offset: number;
  timestampMs: number;
  /** Ticket of a record that is traced (trace/trace-layout.ts), else 0. */
  trace: number;
  /** The value's place in the ring's memory. */
  start: number;
  end: number;
};

export type RecordHandler = {
  onAssign(id: number, offset: number, metadata: string): void;
  onRevoke(id: number): void;
  /**
   * Returns how many items it held that could be read: they count as handled, once. `finishedLater`
   * when it is only begun: `work` or `finish` say when it is through.
   */
  onRecord(record: RecordAt): number;
  /** Called about every `tickMs`; true when it produced outputs without a record. */
  onTick(nowMs: number): boolean;
  /** What a restart must read again, given that everything before `next` is handled. */
  commitPoint(id: number, next: number): { readonly offset: number; readonly metadata: string };
  /** For a handler that finishes records later: called on every turn; returns how much it did. */
  work?(onFinished: OnFinished): number;
  /** The same until nothing is under way; called once, before the stage stops. */
  finish?(onFinished: OnFinished): void;
  /** And the offset of the next record that it has not finished; with `work`, never without. */
  finished?(id: number): number;
  /** And how long the thread may sleep before it calls `work` again, ms. */
  idleMs?(): number;
};

/** What `onRecord` returns for a record that is only begun. */
export const finishedLater = -1;

/** The record is read during the call only. */
export type OnFinished = (record: FinishedRecord) => void;

export type RecordStageOptions = {
  readonly name: string;
  readonly reader: MessageRingReader;
  readonly outbox: Outbox;
  readonly handlers: { readonly [topic in ConsumedTopic]?: RecordHandler };
  readonly positions: Positions;
  readonly items: ItemCounts;
  /** Called with the items of a record that was counted before: a restart reads records again. */
  readonly onRepeated: (items: number) => void;
  readonly sojourn: Histogram;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

/** Records begun between two calls of a handler's `work`, at most. */
export const recordsATurnMax = 64;
const tickMs = 100;

export class RecordStage implements Stage {
  readonly name: string;
  readonly #options: RecordStageOptions;
  readonly #byId: readonly (RecordHandler | undefined)[];
  readonly #handlers: readonly RecordHandler[];
  readonly #next = new Float64Array(topicPartitions.length);
  readonly #owned = new Uint8Array(topicPartitions.length);
  readonly #touched = new Uint8Array(topicPartitions.length);
  readonly #record: RecordAt;
  readonly #finished = { id: 0, offset: 0, items: 0, ownRun: false, refused: noneRefused };
  readonly #decoder = new TextDecoder();
  #drainUs = 0;
  #tickAtMs = 0;

  constructor(options: RecordStageOptions) {
    this.name = options.name;
    this.#options = options;
    this.#byId = topicPartitions.map(({ topic }) => options.handlers[topic]);
    this.#handlers = [...new Set(Object.values(options.handlers))];
    this.#record = { id: 0, ownRun: false, offset: 0, timestampMs: 0, trace: 0, start: 0, end: 0 };
  }

  start(): void {
    this.#tickAtMs = this.#options.nowMs() + tickMs;
  }

  work(): number {
    const { reader, outbox } = this.#options;
    this.#drainUs = stampNowUs();
    outbox.stamp(this.#drainUs);
    const drained = reader.drain(this.#onMessage, recordsATurnMax);
    let worked = 0;
    for (const handler of this.#handlers) worked += handler.work?.(this.#onFinished) ?? 0;
    const ticked = this.#tick();
    if (drained + worked > 0 || ticked) this.#publish();
    return drained + worked;
  }

  idleMs(): number {
    let idleMs = Number.POSITIVE_INFINITY;
    for (const handler of this.#handlers) idleMs = Math.min(idleMs, handler.idleMs?.() ?? idleMs);
    return idleMs;
  }

  stop(): void {
    this.#options.outbox.stamp(stampNowUs());
    for (const handler of this.#handlers) handler.finish?.(this.#onFinished);
    this.#touched.set(this.#owned);
    this.#publish();
  }

  readonly #onMessage = (type: number, at: number, length: number, stampUs: number): void => {
    const { view } = this.#options.reader;
    const id = readId(view, at);
    const handler = this.#byId[id];
    if (handler === undefined)
      throw new Error(`${this.name} was sent a record of partition id=${id}`);
    if (type === messageType.record) this.#onRecord(handler, at, length, stampUs);
    else if (type === messageType.assign) this.#onAssign(handler, at, length);
    else if (type === messageType.assignAnew) {
      this.#options.items.restart(id, readOffset(view, at));
      this.#onAssign(handler, at, length);
    } else {
      this.#owned[id] = 0;
      this.#touched[id] = 0;
      handler.onRevoke(id);
    }
  };

  #onRecord(handler: RecordHandler, at: number, length: number, stampUs: number): void {
    const { reader, sojourn } = this.#options;
    const record = this.#record;
    record.id = readId(reader.view, at);
    record.ownRun = readOwnRun(reader.view, at);
    record.offset = readOffset(reader.view, at);
    record.timestampMs = readTimestampMs(reader.view, at);
    record.trace = readTrace(reader.view, at);
    record.start = at + headerBytes;
    record.end = at + length;
    const count = handler.onRecord(record);
    if (count !== finishedLater) {
      const finished = this.#finished;
      finished.id = record.id;
      finished.offset = record.offset;
      finished.items = count;
      finished.ownRun = record.ownRun;
      this.#count(finished);
    }
    sojourn.record(sojournUs(stampUs, this.#drainUs));
    this.#next[record.id] = record.offset + 1;
    this.#touched[record.id] = 1;
  }

  readonly #onFinished = (record: FinishedRecord): void => {
    if (this.#owned[record.id] === 1) this.#touched[record.id] = 1;
    this.#count(record);
  };

  #count(record: FinishedRecord): void {
    const { items, onRepeated } = this.#options;
    if (!items.add(record)) onRepeated(record.items);
  }

  #onAssign(handler: RecordHandler, at: number, length: number): void {
    const { reader } = this.#options;
    const id = readId(reader.view, at);
    const offset = readOffset(reader.view, at);
    // slice copies out of shared memory, which TextDecoder refuses.
    const text = reader.bytes.slice(at + headerBytes, at + length);
    handler.onAssign(id, offset, this.#decoder.decode(text));
    this.#next[id] = offset;
    this.#owned[id] = 1;
    this.#touched[id] = 1;
  }

  #tick(): boolean {
    const nowMs = this.#options.nowMs();
    const leftMs = this.#tickAtMs - nowMs;
    // More is left than ever is: the clock was set back.
    if (leftMs > 0 && leftMs <= tickMs) return false;
    this.#tickAtMs = nowMs + tickMs;
    let emitted = false;
    for (const handler of this.#handlers) {
      emitted = handler.onTick(nowMs) || emitted;
    }
    if (emitted) this.#touched.set(this.#owned);
    return emitted;
  }

  // Outputs first, then the marks, then the position that others may see.
  #publish(): void {
    const { outbox, positions } = this.#options;
    for (let id = 0; id < topicPartitions.length; id += 1) {
      if (this.#touched[id] === 0) continue;
      this.#touched[id] = 0;
      const next = this.#next[id] ?? 0;
      const handler = this.#byId[id];
      const point = handler?.commitPoint(id, next);
      if (point !== undefined) outbox.mark(id, point.offset, point.metadata);
      positions.set("handled", id, handler?.finished?.(id) ?? next);
    }
    outbox.publish();
  }
}
