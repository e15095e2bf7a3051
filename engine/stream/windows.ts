// Event-time windows of one partition: half-open [k size, (k + 1) size), a watermark, and the
// position from which a restart gives the same results. It counts; it does not read telemetry and
// does not commit. Everything that decides about a result comes from the log (event times, receive
// times, order), never from a clock, so that a replay decides alike; the one exception is said at
// `tick`.
//
// Restart: the committed offset c is that of the first record that went into a window still open,
// with W(c), the watermark before that record, and D, the greatest end of an emitted window. A
// replay from c rebuilds every open window whole. Windows that were closed before may be rebuilt
// in part: all of them end at or before D, because windows close in the order of their ends, and
// are muted.
//
// Windows need no count limit: an open one begins after watermark - size and holds an event at or
// before watermark + lateness, hence never more than floor(lateness / size) + 2 of them.
import {
  type Aggregate,
  aggregateId,
  type AggregateSource,
  type CloseReason,
} from "./aggregate.ts";
import type { Observation } from "./observation.ts";
import { newWindowCounters, type WindowCounters } from "./window-counters.ts";
import { decodeWindowMark, encodeWindowMark } from "./window-mark.ts";
import type { WindowOptions } from "./window-options.ts";
import { WindowTable } from "./window-table.ts";

/** A position to commit: the next record to read, and the mark of window-mark.ts. */
export type CommitPoint = { readonly offset: number; readonly metadata: string };

type OpenWindow = {
  readonly table: WindowTable;
  startMs: number;
  firstOffset: number;
  watermarkBeforeFirst: number;
  receiveMsOfFirst: number;
};

const none = -1;

/** One thread owns it. Calls: restore, then (beginRecord, observe*, endRecord)*, tick between. */
export class PartitionWindows {
  readonly counters: WindowCounters;
  readonly #source: AggregateSource;
  readonly #options: WindowOptions;
  readonly #onEmit: (aggregate: Aggregate) => void;
  // In the order of their starts; tables are used again.
  readonly #open: OpenWindow[] = [];
  readonly #free: OpenWindow[] = [];
  #nextOffset = 0;
  #watermark = none;
  #emittedEndMs = none;
  #recordOffset = none;
  #recordWatermark = none;
  #receiveMs = none;
  #futureFromMs = 0;
  #clockMs = none;
  #activityMs = 0;
  #hasArrived = true;

  /** `counters` may be shared by the partitions of one thread. */
  constructor(
    source: AggregateSource,
    options: WindowOptions,
    onEmit: (aggregate: Aggregate) => void,
    counters: WindowCounters = newWindowCounters(),
  ) {
    this.counters = counters;
    this.#source = source;
    this.#options = options;
    this.#onEmit = onEmit;
  }

  /** Ms; no later event opens or joins a window that ends at or before it. -1: nothing seen. */
  get watermarkMs(): number {
    return this.#watermark;
  }

  /** At most floor(lateness / size) + 2. */
  get openWindows(): number {
    return this.#open.length;
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Begins anew at a committed position. False: the metadata is not ours, state starts empty. */
  restore({ offset, metadata }: CommitPoint): boolean {
    while (this.#open.length > 0) this.#release();
    const mark = decodeWindowMark(metadata);
    this.#nextOffset = offset;
    this.#watermark = mark?.watermarkMs ?? none;
    this.#emittedEndMs = mark?.emittedEndMs ?? none;
    this.#receiveMs = mark?.receiveMs ?? none;
    this.#hasArrived = true;
    return mark !== null;
  }

  /**
   * Starts the record at `offset`, received at `receiveMs` (ms, by the sender's side of the log).
   * False: it was handled before (a repeated delivery); do not observe its items.
   */
  beginRecord(offset: number, receiveMs: number): boolean {
    if (offset < this.#nextOffset) return false;
    const { idleMs, futureMsMax } = this.#options;
    this.#hasArrived = true;
    // A record stamped ahead of our own clock must not carry the watermark away with it.
    const isAhead = this.#clockMs !== none && receiveMs > this.#clockMs + futureMsMax;
    const received = isAhead ? this.#clockMs : receiveMs;
    // What `tick` does live, by the log's own time, so that a replay does it at the same record.
    if (this.#receiveMs !== none && received - this.#receiveMs >= idleMs) this.#closeIdle();
    this.#receiveMs = Math.max(this.#receiveMs, received);
    this.#futureFromMs = received + futureMsMax + 1;
    this.#recordOffset = offset;
    this.#recordWatermark = this.#watermark;
    return true;
  }

  /** Counts one item of the record begun; closes windows that its event time has passed first. */
  observe(item: Observation): void {
    const { eventMs } = item;
    if (eventMs >= this.#futureFromMs) {
      this.counters.future += 1;
      return;
    }
    const startMs = eventMs - (eventMs % this.#options.sizeMs);
    if (startMs + this.#options.sizeMs <= this.#watermark) {
      this.counters.late += 1;
      return;
    }
    if (eventMs - this.#options.latenessMs > this.#watermark) {
      this.#watermark = eventMs - this.#options.latenessMs;
      this.#closePassed("watermark");
    }
    this.counters.counted += 1;
    if (!this.#windowAt(startMs).table.add(item)) this.counters.overflow += 1;
  }

  endRecord(): void {
    this.#nextOffset = this.#recordOffset + 1;
  }

  /**
   * Closes all windows of a partition to which nothing came for idleMs + idleGraceMs of the given
   * clock (ms). By then the next record's receive time is idleMs later than the last one's, and a
   * replay closes them at that record: unless the record took idleGraceMs longer to arrive than
   * its predecessor. Then a window emitted live but not committed before a crash may be emitted
   * again, same id, with those more items in it.
   */
  tick(nowMs: number): void {
    this.#clockMs = nowMs;
    // From a clock that was set back on, idleness is measured anew.
    if (this.#hasArrived || nowMs < this.#activityMs) {
      this.#hasArrived = false;
      this.#activityMs = nowMs;
    } else if (nowMs - this.#activityMs >= this.#options.idleMs + this.#options.idleGraceMs) {
      this.#closeIdle();
    }
  }

  /** Where a restart may begin once everything emitted so far is acknowledged. Not in a record. */
  commitPoint(): CommitPoint {
    let offset = this.#nextOffset;
    let watermarkMs = this.#watermark;
    let receiveMs = this.#receiveMs;
    for (const window of this.#open) {
      if (window.firstOffset >= offset) continue;
      offset = window.firstOffset;
      watermarkMs = window.watermarkBeforeFirst;
      receiveMs = window.receiveMsOfFirst;
    }
    const emittedEndMs = this.#emittedEndMs;
    return { offset, metadata: encodeWindowMark({ watermarkMs, emittedEndMs, receiveMs }) };
  }

  #windowAt(startMs: number): OpenWindow {
    // The newest window is the usual one.
    let at = this.#open.length - 1;
    while (at >= 0 && (this.#open[at] as OpenWindow).startMs > startMs) at -= 1;
    const found = this.#open[at];
    if (found !== undefined && found.startMs === startMs) return found;
    const window = this.#free.pop() ?? this.#newWindow();
    window.startMs = startMs;
    window.firstOffset = this.#recordOffset;
    window.watermarkBeforeFirst = this.#recordWatermark;
    window.receiveMsOfFirst = this.#receiveMs;
    this.#open.splice(at + 1, 0, window);
    return window;
  }

  #newWindow(): OpenWindow {
    const table = new WindowTable(this.#options.keysMax, this.#options.keyBytesMax);
    return {
      table,
      startMs: 0,
      firstOffset: 0,
      watermarkBeforeFirst: none,
      receiveMsOfFirst: none,
    };
  }

  #closeIdle(): void {
    const newest = this.#open.at(-1);
    if (newest === undefined) return;
    this.counters.idleCloses += this.#open.length;
    this.#watermark = Math.max(this.#watermark, newest.startMs + this.#options.sizeMs);
    this.#closePassed("idle");
  }

  #closePassed(reason: CloseReason): void {
    for (;;) {
      const oldest = this.#open[0];
      if (oldest === undefined) return;
      if (oldest.startMs + this.#options.sizeMs > this.#watermark) return;
      this.#emit(oldest, reason);
      this.#release();
    }
  }

  #release(): void {
    const oldest = this.#open.shift();
    if (oldest === undefined) return;
    oldest.table.clear();
    this.#free.push(oldest);
  }

  #emit({ table, startMs }: OpenWindow, reason: CloseReason): void {
    const windowEndMs = startMs + this.#options.sizeMs;
    const isMuted = windowEndMs <= this.#emittedEndMs;
    this.#emittedEndMs = Math.max(this.#emittedEndMs, windowEndMs);
    table.visit((row) => {
      if (isMuted) {
        this.counters.muted += 1;
        return;
      }
      this.counters.emitted += 1;
      this.#onEmit({
        id: aggregateId(this.#source, startMs, row),
        topic: this.#source.topic,
        partition: this.#source.partition,
        signal: this.#source.signal,
        service: row.service,
        name: row.name,
        windowStartMs: startMs,
        windowEndMs,
        count: row.count,
        errors: row.errors,
        durationNsSum: row.durationNsSum.toString(),
        durationNsMax: row.durationNsMax.toString(),
        reason,
      });
    });
  }
}
