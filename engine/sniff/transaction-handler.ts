// Transaction records of the log through the sniffer: each match leaves as one candidate record,
// also one whose mint is behind a lookup table, so that a resolver downstream can finish it.
import { candidateBytes, candidateTopics } from "../../schemas/market/candidate-layout.ts";
import { frameFault, FrameReader } from "../../schemas/market/frame.ts";
import { TransactionItem, transactionItemCode } from "../../schemas/market/transaction-item.ts";
import type { RecordAt, RecordHandler } from "../consume/record-stage.ts";
import type { Outbox } from "../egress/outbox.ts";
import { outputType } from "../egress/outbox.ts";
import type { EventCollector } from "../events/event-collector.ts";
import { type EventCode, eventType, type Reason, reason } from "../events/event-layout.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { topicPartitions } from "../ledger/positions.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import { Sniffer, snifferCounter } from "./sniffer.ts";
import { verdict, type Verdict } from "./verdict.ts";
import { WatchList, watchedPrograms } from "./watch-list.ts";
import { instructionRules } from "../../schemas/market/programs.ts";
import type { CandidateOrigin } from "./write-candidate.ts";
import { CandidateWriter } from "./write-candidate.ts";

/** Of how many transactions one has its events recorded: a record costs tens of nanoseconds. */
export const eventSampleEvery = 16;

export type TransactionHandlerOptions = {
  /** The view over the ring in which records arrive. */
  readonly view: DataView;
  readonly outbox: Outbox;
  readonly metrics: MetricCells;
  readonly events: EventCollector;
};

/** Runs on the market thread. */
export class TransactionHandler implements RecordHandler {
  readonly #outbox: Outbox;
  readonly #metrics: MetricCells;
  readonly #events: EventCollector;
  readonly #view: DataView;
  readonly #frame = new FrameReader();
  readonly #item = new TransactionItem();
  // The edge parsed every transaction before it let it in: the keys decide first.
  readonly #sniffer = new Sniffer({
    watch: new WatchList(watchedPrograms(instructionRules)),
    validate: "watched",
  });
  readonly #writer = new CandidateWriter(this.#sniffer.table);
  readonly #origin: CandidateOrigin = {
    topic: candidateTopics.indexOf("weir-transactions"),
    partition: 0,
    offset: 0,
    frameIndex: 0,
  };
  // Counts transactions of this thread from its start; not the identity of a candidate.
  #traceId = 0;
  readonly #place: { readonly from: DataView; readonly to: DataView };

  constructor({ view, outbox, metrics, events }: TransactionHandlerOptions) {
    this.#events = events;
    this.#view = view;
    this.#outbox = outbox;
    this.#metrics = metrics;
    this.#place = { from: view, to: outbox.view };
  }

  onAssign(): void {}

  onRevoke(): void {}

  onRecord(record: RecordAt): number {
    const frame = this.#frame;
    const metrics = this.#metrics;
    this.#origin.partition = topicPartitions[record.id]?.partition ?? 0;
    this.#origin.offset = record.offset;
    frame.open(this.#view, record.start, record.end);
    let items = 0;
    while (frame.next()) {
      this.#inspect(frame.itemStart, frame.itemEnd, frame.index);
      items += 1;
    }
    if (frame.fault !== frameFault.none) metrics.add(malformedFrameCell, 1);
    this.#copyCounters();
    return items;
  }

  onTick(): boolean {
    return false;
  }

  commitPoint(_id: number, next: number): { readonly offset: number; readonly metadata: string } {
    return { offset: next, metadata: "" };
  }

  #inspect(start: number, end: number, frameIndex: number): void {
    const item = this.#item;
    if (item.decode(this.#view, start, end) !== transactionItemCode.ok) {
      this.#metrics.add(malformedItemCell, 1);
      return;
    }
    const traceId = this.#traceId;
    this.#traceId += 1;
    const isSampled = this.#events.isSampled(traceId);
    const fromUs = isSampled ? monotonicUs() : 0;
    const found = this.#sniffer.inspect(this.#view, item.wireStart, item.wireEnd);
    if (isSampled) this.#recordEvents(traceId, found, fromUs);
    if (found !== verdict.candidate && found !== verdict.needsResolve) return;
    this.#origin.frameIndex = frameIndex;
    for (let index = 0; index < this.#sniffer.matchCount; index += 1) {
      const at = this.#outbox.claim(outputType.candidate, candidateBytes);
      this.#writer.write(this.#place, at, index, item);
      this.#writer.stampOrigin(this.#outbox.view, at, this.#origin);
      this.#outbox.commit(at);
    }
  }

  // Prefilter, extraction and invariants are one call here, and its time is that of each of them.
  #recordEvents(traceId: number, found: Verdict, fromUs: number): void {
    const events = this.#events;
    events.stamp(fromUs);
    events.detail.value = this.#item.wireEnd - this.#item.wireStart;
    events.record(eventType.bytesReceived, traceId);
    const nowUs = monotonicUs();
    const latencyUs = nowUs - fromUs;
    events.stamp(nowUs);
    const why = rejectReason[found];
    if (why === reason.none || why === reason.duplicateKey || why === reason.malformed) {
      events.detail.value = latencyUs;
      events.record(eventType.prefilterPassed, traceId);
    }
    if (why === reason.none) events.detail.value = latencyUs;
    else events.detail.reason = why;
    events.record(eventOf(why), traceId);
  }

  #copyCounters(): void {
    for (const [cell, counter] of copied) {
      this.#metrics.set(cell, this.#sniffer.counters[counter] ?? 0);
    }
  }
}

/** Reason of each verdict; none for those that become candidates. */
const rejectReason = {
  [verdict.candidate]: reason.none,
  [verdict.needsResolve]: reason.none,
  [verdict.vote]: reason.vote,
  [verdict.notWatched]: reason.notWatched,
  [verdict.size]: reason.size,
  [verdict.duplicateKey]: reason.duplicateKey,
  [verdict.malformed]: reason.malformed,
} as const;

const eventOf = (why: Reason): EventCode => {
  if (why === reason.none) return eventType.candidateExtracted;
  if (why === reason.malformed) return eventType.extractionFailed;
  return why === reason.duplicateKey ? eventType.securityRejected : eventType.prefilterRejected;
};

const malformedFrameCell = cellOf("malformedFrames");
const malformedItemCell = cellOf("malformedItems");
/** Metric cells beside the sniffer's own counters, copied once per log record. */
const copied = [
  [cellOf("candidates"), verdict.candidate],
  [cellOf("needsResolve"), verdict.needsResolve],
  [cellOf("rejectedVote"), verdict.vote],
  [cellOf("rejectedNotWatched"), verdict.notWatched],
  [cellOf("rejectedSize"), verdict.size],
  [cellOf("rejectedDuplicateKey"), verdict.duplicateKey],
  [cellOf("rejectedMalformed"), verdict.malformed],
  [cellOf("matches"), snifferCounter.matches],
] as const;
