// First stage: drops what is no candidate by size, vote or watch list, and passes the rest on
// unchanged. It reads messages of type `transaction` and writes the same.
import { TransactionItem, transactionItemCode } from "../../schemas/market/transaction-item.ts";
import type { EventCollector } from "../events/event-collector.ts";
import { eventType, type Reason, reason } from "../events/event-layout.ts";
import { StageCells } from "../events/stage-cells.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { Stage } from "../threads/stage.ts";
import { Prefilter, type PrefilterOptions } from "./prefilter.ts";
import { itemAt, receivedAt, stageMessage, traceIdAt } from "../../schemas/market/stage-message.ts";
import type { StageOutput } from "./stage-output.ts";
import { verdict } from "./verdict.ts";

/** What each stage that reads a ring is made of. */
export type StageParts = {
  readonly input: MessageRingReader;
  readonly output: StageOutput;
  readonly events: EventCollector;
  /** createStageMemory: counters and latencies. */
  readonly memory: SharedArrayBuffer;
  /** Monotonic us; the machine's clock by default. */
  readonly nowUs?: () => number;
  /** Told of each transaction that is refused or dropped; not of votes and what is not watched. */
  readonly onRefused?: (traceId: number, why: Reason) => void;
};

/** Records taken by one call of `work`. */
export const workLimit = 256;

/** Runs on one thread: reader of its input, writer of its output. */
export class PrefilterStage implements Stage {
  readonly name = "prefilter";
  readonly #parts: StageParts;
  readonly #cells: StageCells;
  readonly #nowUs: () => number;
  readonly #prefilter: Prefilter;
  readonly #item = new TransactionItem();
  #workUs = 0;

  constructor(parts: StageParts, options: PrefilterOptions) {
    this.#parts = parts;
    this.#cells = new StageCells(parts.memory);
    this.#nowUs = parts.nowUs ?? monotonicUs;
    this.#prefilter = new Prefilter(options);
  }

  start(): void {}

  work(): number {
    const { input, output, events } = this.#parts;
    this.#workUs = this.#nowUs();
    events.stamp(this.#workUs);
    output.stamp(this.#workUs);
    const drained = input.drain(this.#onMessage, workLimit);
    if (drained > 0) output.publish();
    return drained;
  }

  stop(): void {
    this.#parts.output.publish();
  }

  readonly #onMessage = (_type: number, at: number, length: number): void => {
    const { events, input } = this.#parts;
    const { view } = input;
    const traceId = view.getFloat64(at + traceIdAt, true);
    this.#cells.received();
    events.detail.value = length - itemAt;
    events.record(eventType.bytesReceived, traceId);
    const why = this.#judge(view, at, length);
    const latencyUs = this.#workUs - view.getFloat64(at + receivedAt, true);
    this.#cells.latency.record(latencyUs);
    if (why !== reason.none) this.#reject(traceId, why);
    else this.#pass(traceId, at, length, latencyUs);
  };

  #judge(view: DataView, at: number, length: number): Reason {
    const item = this.#item;
    if (item.decode(view, at + itemAt, at + length) !== transactionItemCode.ok) {
      return reason.malformed;
    }
    return prefilterReason[this.#prefilter.check(view, item.wireStart, item.wireEnd)];
  }

  #reject(traceId: number, why: Reason): void {
    const { events } = this.#parts;
    this.#cells.rejected(why);
    if (why === reason.malformed || why === reason.size) this.#parts.onRefused?.(traceId, why);
    events.detail.reason = why;
    events.record(eventType.prefilterRejected, traceId);
  }

  #pass(traceId: number, at: number, length: number, latencyUs: number): void {
    const { input, output, events } = this.#parts;
    const to = output.claim(stageMessage.transaction, length);
    if (to < 0) {
      this.#cells.dropped(reason.full);
      this.#parts.onRefused?.(traceId, reason.full);
      events.detail.reason = reason.full;
      events.record(eventType.prefilterRejected, traceId);
      return;
    }
    output.copy(input.view, at, length, to);
    output.commit(to);
    this.#cells.passed();
    events.detail.value = latencyUs;
    events.record(eventType.prefilterPassed, traceId);
  }
}

/** Reason of each verdict; none for those that go on. */
const prefilterReason = {
  [verdict.candidate]: reason.none,
  [verdict.vote]: reason.vote,
  [verdict.notWatched]: reason.notWatched,
  [verdict.size]: reason.size,
} as const;
