// Transaction records of the log through the sniffer: each match leaves as one candidate record,
// also one whose mint is behind a lookup table that did not come in time. A
// record is finished when all its transactions are handed off, refused or dropped, each counted;
// verification and batching end later than the reading, so positions wait for them.
import { candidateTopics } from "../../schemas/market/candidate-layout.ts";
import { frameFault, FrameReader } from "../../schemas/market/frame.ts";
import {
  finishedLater,
  type OnFinished,
  type RecordAt,
  type RecordHandler,
  recordsATurnMax,
} from "../consume/record-stage.ts";
import type { Outbox } from "../egress/outbox.ts";
import type { EventCollector } from "../events/event-collector.ts";
import { type Reason, reason } from "../events/event-layout.ts";
import { OutboxSender } from "../handoff/outbox-sender.ts";
import type { MetricCells } from "../metrics/cells.ts";
import type { TableMemory } from "../resolve/table-request.ts";
import type { TraceMarks } from "../trace/trace-marks.ts";
import type { CandidateTap } from "../submit/tap.ts";
import { OpenRecords, type RecordPlace } from "./open-records.ts";
import { SniffCounts } from "./sniff-counts.ts";
import { beginLife, type SniffMemory } from "./sniff-memory.ts";
import { PartitionReplays } from "./replays.ts";
import { type ItemPlace, SniffPath } from "./sniff-path.ts";
import type { SniffSettings } from "./sniff-settings.ts";
import { type CandidateOrigin, stampOrigin } from "./write-candidate.ts";

export type TransactionHandlerOptions = {
  /** The view over the ring in which records arrive. */
  readonly view: DataView;
  readonly outbox: Outbox;
  readonly metrics: MetricCells;
  readonly events: EventCollector;
  /** Those of `events`; null: nothing is traced. */
  readonly traces?: TraceMarks | null;
  readonly memory: SniffMemory;
  /** createPartitionReplays: signatures seen, which outlive the thread; none looks for no replays. */
  readonly replays: readonly SharedArrayBuffer[];
  readonly settings: SniffSettings;
  /** Where lookup tables are and are asked for; null: nobody resolves them. */
  readonly tables?: TableMemory | null;
  /** Takes candidates for bundles; null: there are none. */
  readonly tap?: CandidateTap | null;
  /** Called while the thread waits for others: to wait is no hang. */
  readonly onWait: () => void;
  /** Monotonic us; the machine's clock by default. */
  readonly nowUs?: () => number;
};

/** For a policy that drops: what egress has not taken after this time is dropped at the end. */
const finishUs = 2_000_000;
/** Trace ids stay below 2^53, and far apart from one life of the thread to the next. */
const tracesOfALife = 2 ** 40;
const livesMax = 4096;

/** Runs on the market thread. */
export class TransactionHandler implements RecordHandler {
  readonly #path: SniffPath;
  readonly #sender: OutboxSender;
  readonly #counts: SniffCounts;
  readonly #records: OpenRecords;
  readonly #traces: TraceMarks | null;
  readonly #frame = new FrameReader();
  readonly #item: ItemPlace;
  readonly #from = { partition: 0, offset: 0, index: 0 };
  readonly #origin: CandidateOrigin = {
    topic: candidateTopics.indexOf("weir-transactions"),
    partition: 0,
    offset: 0,
    frameIndex: 0,
  };
  readonly #openMax: number;
  /** All transactions before this one are through, as far as was looked. */
  #settled: number;
  /** Work was done while a record was read, and is not counted yet. */
  #workedWithin = false;
  // Numbers transactions of this thread, anew in each life; not the identity of a candidate.
  #traceId: number;
  /** Transactions of open records of which a candidate was dropped. */
  readonly #dropped = new Set<number>();

  constructor(options: TransactionHandlerOptions) {
    const { view, outbox, metrics, events, memory, replays, settings } = options;
    this.#traces = options.traces ?? null;
    this.#traceId = (beginLife(memory) % livesMax) * tracesOfALife;
    this.#openMax = settings.openMax;
    this.#settled = this.#traceId;
    this.#item = { view, start: 0, end: 0 };
    this.#sender = new OutboxSender({
      outbox,
      blocks: settings.handoff.dropPolicy === "block",
      stampOrigin: this.#stampOrigin,
    });
    this.#path = new SniffPath({
      memory,
      events,
      settings,
      replays: replays.length === 0 ? null : new PartitionReplays(replays, this.#placeOf),
      tables: options.tables ?? null,
      tap: options.tap ?? null,
      onWait: options.onWait,
      firstTrace: this.#traceId,
      sender: this.#sender,
      onRefused: this.#onRefused,
      onDropped: this.#onDropped,
      ...(options.nowUs !== undefined && { nowUs: options.nowUs }),
    });
    this.#counts = new SniffCounts(memory, this.#path, metrics);
    this.#records = new OpenRecords();
  }

  /** As SniffPath.configure. */
  configure(settings: SniffSettings): void {
    this.#path.configure(settings);
    this.#sender.configure(settings.handoff.dropPolicy === "block");
  }

  onAssign(id: number, offset: number): void {
    this.#records.assign(id, offset);
  }

  onRevoke(id: number): void {
    this.#records.revoke(id);
  }

  /** Begins the record; `work` has left room for it. */
  onRecord(record: RecordAt): number {
    const frame = this.#frame;
    const item = this.#item;
    this.#records.open(record, this.#traceId);
    frame.open(item.view, record.start, record.end);
    const nowUs = this.#path.nowUs();
    const first = this.#traceId;
    if (record.trace !== 0) this.#traces?.begin(record.trace, first);
    while (frame.next()) {
      item.start = frame.itemStart;
      item.end = frame.itemEnd;
      if (!this.#path.give(item, this.#traceId, nowUs)) this.#onRefused(this.#traceId, reason.size);
      this.#traceId += 1;
      if (this.#traceId - this.#settled >= this.#openMax) this.#settleSome();
    }
    this.#records.close(this.#traceId);
    if (record.trace !== 0) this.#traces?.counted(record.trace, this.#traceId - first);
    if (frame.fault !== frameFault.none) this.#counts.malformedFrame();
    return finishedLater;
  }

  work(onFinished: OnFinished): number {
    let worked = this.#path.work() + this.#finishRecords(onFinished);
    while (this.#records.room < recordsATurnMax) {
      if (this.#path.letGo(this.#traceId) === 0) this.#path.waitMoment();
      worked += this.#path.work() + this.#finishRecords(onFinished);
    }
    if (worked > 0 || this.#workedWithin) this.#counts.publish();
    this.#workedWithin = false;
    return worked;
  }

  finish(onFinished: OnFinished): void {
    this.#path.finish(this.#path.nowUs() + finishUs);
    this.#finishRecords(onFinished);
    this.#counts.publish();
  }

  /** How long the thread may sleep before the next `work`, ms. */
  idleMs(): number {
    return this.#path.idleMs();
  }

  onTick(): boolean {
    return false;
  }

  finished(id: number): number {
    return this.#records.finished(id);
  }

  commitPoint(id: number): { readonly offset: number; readonly metadata: string } {
    return { offset: this.#records.finished(id), metadata: "" };
  }

  // Holds the record up until fewer are under way than may be. That is never for a lookup table: who
  // waits for one with half of what may be open behind him goes on without it.
  #settleSome(): void {
    this.#workedWithin = true;
    for (;;) {
      this.#path.work();
      this.#settled = this.#path.settledBelow(this.#traceId);
      if (this.#traceId - this.#settled < this.#openMax) return;
      if (this.#path.letGo(this.#traceId - this.#openMax / 2) === 0) this.#path.waitMoment();
    }
  }

  #finishRecords(onFinished: OnFinished): number {
    const below = this.#path.settledBelow(this.#traceId);
    const finished = this.#records.finish(below, onFinished);
    if (this.#dropped.size > 0) this.#forgetDropped(below);
    return finished;
  }

  #forgetDropped(below: number): void {
    for (const traceId of this.#dropped) if (traceId < below) this.#dropped.delete(traceId);
  }

  readonly #onRefused = (traceId: number, why: Reason): void => {
    this.#records.refuse(traceId, why);
  };

  // A transaction is one item, however many of its candidates are dropped.
  readonly #onDropped = (traceId: number, why: Reason): void => {
    if (this.#dropped.has(traceId)) return;
    this.#dropped.add(traceId);
    this.#records.refuse(traceId, why);
  };

  readonly #placeOf = (traceId: number, to: RecordPlace): void => {
    this.#records.place(traceId, to);
  };

  readonly #stampOrigin = (to: DataView, at: number, traceId: number): void => {
    const from = this.#from;
    const origin = this.#origin;
    this.#records.place(traceId, from);
    origin.partition = from.partition;
    origin.offset = from.offset;
    origin.frameIndex = from.index;
    stampOrigin(to, at, origin);
  };
}
