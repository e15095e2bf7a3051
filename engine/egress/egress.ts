// The last stage: turns outputs into log records, waits for their acknowledgement, and only then
// lets the marks behind them become positions to commit. One append in flight; what arrives
// meanwhile goes into the next. A failed append is tried again until it succeeds: the rings fill,
// the stages wait, the log keeps the rest. What is too large is sent in smaller parts; one output
// that still is would hold up all others for ever, and is dropped, counted and named.
import type { Positions } from "../ledger/positions.ts";
import { topicPartitions } from "../ledger/positions.ts";
import type { EventLog, NewRecord, Position } from "../log/event-log.ts";
import { LogError } from "../log/event-log.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { sojournUs, stampNowUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { TraceEgress } from "../trace/trace-egress.ts";
import { AppendParts } from "./append-parts.ts";
import type { Mark } from "./outbox.ts";
import { outputType, readMark } from "./outbox.ts";
import type { OutputBatch } from "./output-batch.ts";

const drainLimit = 4_096;
const idleMs = 100;
const retryMsMin = 50;
const retryMsMax = 2_000;

export type Source = { readonly reader: MessageRingReader; readonly sojourn: Histogram };

export type EgressOptions = {
  /** At least one; more can be added. */
  readonly sources: readonly Source[];
  readonly batch: OutputBatch;
  readonly log: EventLog;
  readonly positions: Positions;
  readonly metrics: MetricCells;
  /** Null: nothing is traced. */
  readonly traces: TraceEgress | null;
  /** Positions whose outputs are acknowledged, to be committed by the ingest thread. */
  readonly onDone: (positions: readonly Position[]) => void;
  /** An append failed and is tried again; of one message once while it goes on. */
  readonly onFault: (message: string) => void;
  /** An output was dropped; of a topic once. */
  readonly onDropped: (message: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
};

export class Egress {
  readonly #options: EgressOptions;
  readonly #marks = new Map<number, Mark>();
  readonly #sources: Source[];
  readonly #waits: (Promise<boolean> | null)[];
  readonly #parts = new AppendParts();
  /** Topics that were named as too narrow, for parts and for drops. */
  readonly #named = new Set<string>();
  #stopping = false;
  #paused: PromiseWithResolvers<void> | null = null;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#sources = [...options.sources];
    this.#waits = options.sources.map(() => null);
  }

  /** Runs until `stop` was called and both rings are empty and acknowledged. */
  async run(): Promise<void> {
    for (;;) {
      await this.#paused?.promise;
      const stopping = this.#stopping;
      const drained = this.#drain();
      if (drained > 0) {
        await this.#flush();
        continue;
      }
      if (stopping) return;
      await this.#wait();
    }
  }

  /** Reads these rings too, from the next turn on. */
  add(sources: readonly Source[]): void {
    this.#sources.push(...sources);
    this.#waits.push(...sources.map(() => null));
  }

  /** Ends `run` once the rings are empty and acknowledged, also when paused. */
  stop(): void {
    this.#stopping = true;
    this.resume();
  }

  /** Takes nothing out of the rings from the next batch on: they fill, and the stages wait. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  #drain(): number {
    const now = stampNowUs();
    const traces = this.#options.traces?.open() === true ? this.#options.traces : null;
    let drained = 0;
    for (const { reader, sojourn } of this.#sources) {
      drained += reader.drain((type, at, length, stampUs) => {
        if (type === outputType.mark) this.#keepMark(reader, at, length);
        else {
          if (traces !== null && type === outputType.candidate) traces.see(reader.view, at);
          this.#options.batch.add(type, reader.view, { start: at, end: at + length });
          sojourn.record(sojournUs(stampUs, now));
        }
      }, drainLimit);
    }
    return drained;
  }

  #keepMark(reader: MessageRingReader, at: number, length: number): void {
    const mark = readMark(reader.view, at, length);
    this.#marks.set(mark.id, mark);
  }

  async #flush(): Promise<void> {
    const { batch, metrics, positions, onDone } = this.#options;
    const records = batch.take();
    if (records.length > 0) {
      const { taken, dropped } = await this.#appendAll(this.#parts.of(records));
      this.#options.traces?.acknowledged();
      metrics.add(recordsCell, taken);
      metrics.add(itemsCell, batch.acknowledged(Date.now()) - dropped);
    }
    if (this.#marks.size === 0) return;
    const done: Position[] = [];
    for (const { id, offset, metadata } of this.#marks.values()) {
      const place = topicPartitions[id];
      if (place === undefined) continue;
      positions.set("done", id, offset);
      done.push({ topic: place.topic, partition: place.partition, offset, metadata });
    }
    this.#marks.clear();
    onDone(done);
  }

  async #append(records: readonly NewRecord[]): Promise<Appended> {
    const { log, metrics, sleep, onFault } = this.#options;
    let told = "";
    let left = records;
    for (let waitMs = retryMsMin; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        await log.append(left);
        return { taken: records.length, dropped: 0 };
      } catch (error) {
        metrics.add(failuresCell, 1);
        const message = error instanceof Error ? error.message : String(error);
        // Sent again with the others, they would be there once more for each try.
        if (error instanceof LogError) left = left.filter((_, at) => !error.acknowledged.has(at));
        if (error instanceof LogError && error.code === "record-too-large") {
          const { taken, dropped } = await this.#appendSmaller(left, message);
          return { taken: taken + records.length - left.length, dropped };
        }
        if (message !== told) onFault(message);
        told = message;
        await sleep(waitMs);
      }
    }
  }

  async #appendAll(parts: readonly (readonly NewRecord[])[]): Promise<Appended> {
    const all = { taken: 0, dropped: 0 };
    for (const records of parts) {
      const { taken, dropped } = await this.#append(records);
      all.taken += taken;
      all.dropped += dropped;
    }
    return all;
  }

  async #appendSmaller(records: readonly NewRecord[], why: string): Promise<Appended> {
    const { metrics, onFault, onDropped } = this.#options;
    const parts = this.#parts.smaller(records);
    const topics = [...new Set(records.map(({ topic }) => topic))];
    // Of several it is not known yet which one is too narrow.
    if (topics.length === 1)
      this.#name(`${topics[0]} ${parts === null}`, () =>
        parts === null ? onDropped(why) : onFault(why),
      );
    if (parts !== null) return this.#appendAll(parts);
    metrics.add(tooLargeCell, records.length);
    return { taken: 0, dropped: records.length };
  }

  #name(what: string, tell: () => void): void {
    if (!this.#named.has(what)) tell();
    this.#named.add(what);
  }

  // One pending wait per ring is kept until it resolves, or each turn would leave one behind.
  async #wait(): Promise<void> {
    await Promise.race(
      this.#sources.map(({ reader }, index) => {
        this.#waits[index] ??= reader.waitForMessagesAsync(idleMs).finally(() => {
          this.#waits[index] = null;
        });
        return this.#waits[index];
      }),
    );
  }
}

/** Records that the log has taken, and those that it never will: of one output each. */
type Appended = { readonly taken: number; readonly dropped: number };

const recordsCell = cellOf("egressRecords");
const itemsCell = cellOf("egressItems");
const failuresCell = cellOf("egressFailures");
const tooLargeCell = cellOf("egressTooLarge");
