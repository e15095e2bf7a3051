// Last stage: queues candidates by priority, sends them in batches, and sheds when the receiver is
// slower than the stream. A batch leaves when it is full, when the queue is, or when its oldest
// record has waited long enough, by the clock and not by the next arrival. A send that is refused is repeated after a
// delay without holding the thread, and in the end costs its batch. Records leave in the order in which
// they came, within a priority; HIGH goes first and is shed last.
import { candidateMessageAt, traceIdAt } from "../../schemas/market/stage-message.ts";
import type { EventCollector } from "../events/event-collector.ts";
import { eventType, type Reason, reason } from "../events/event-layout.ts";
import { monotonicUs, sojournUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import { priorityHigh, priorityLow } from "../ring/ring-control-layout.ts";
import type { Stage } from "../threads/stage.ts";
import { type AdaptiveOptions, AdaptivePolicy } from "./adaptive-policy.ts";
import { HandoffCells } from "./handoff-diagnostics.ts";
import {
  batchSizeMax,
  checkHandoff,
  handoffDefaults,
  type HandoffOptions,
} from "./handoff-options.ts";
import { Lane, type LaneRecord, laneRecordBytesMax, type TakenOut } from "./lane.ts";
import type { HandoffSenders } from "./sender.ts";

/** What a handoff is made of; all of it belongs to its thread. */
export type HandoffParts = {
  /** Messages of type `candidate`; without it records come by `offer`. */
  readonly input?: MessageRingReader;
  readonly senders: HandoffSenders;
  readonly events: EventCollector;
  /** createHandoffMemory. */
  readonly memory: SharedArrayBuffer;
  /** Told of each candidate that is dropped. */
  readonly onDropped?: (traceId: number, why: Reason) => void;
  /** Monotonic us; the machine's clock by default. */
  readonly nowUs?: () => number;
  /** Holds the thread; used by policy block alone. */
  readonly sleepUs?: (us: number) => void;
};

/** Outcome of `offer`. `backpressure`: queued, but another waited or had to go for it. */
export const handoffResult = { queued: 0, dropped: 1, backpressure: 2 } as const;

/** A code of `handoffResult`. */
export type HandoffResult = (typeof handoffResult)[keyof typeof handoffResult];

const workLimit = 256;
/** Batches of one lane in one turn of work. */
const batchesMax = 64;

/** Runs on one thread, which `drop-oldest` and `drop-newest` never hold. */
export class HandoffStage implements Stage {
  readonly name = "handoff";
  readonly #parts: HandoffParts;
  #options: HandoffOptions;
  readonly #nowUs: () => number;
  readonly #sleepUs: (us: number) => void;
  readonly #cells: HandoffCells;
  readonly #adaptive: AdaptivePolicy;
  readonly #high: Lane;
  readonly #low: Lane;
  readonly #record: LaneRecord;
  readonly #left: TakenOut = { traceId: 0, queuedUs: 0, confidence: 0 };
  #workUs = 0;
  #isDraining = false;

  /**
   * @throws RangeError for options out of range or against each other.
   * @throws TypeError for other memory than that of `createHandoffMemory`.
   */
  constructor(parts: HandoffParts, options: HandoffOptions = handoffDefaults) {
    checkHandoff(options);
    this.#parts = parts;
    this.#options = options;
    this.#nowUs = parts.nowUs ?? monotonicUs;
    this.#sleepUs = parts.sleepUs ?? sleepUs;
    this.#cells = new HandoffCells(parts.memory);
    this.#adaptive = new AdaptivePolicy(adaptiveOf(options));
    // Batches may grow later, up to this.
    const slots = Math.min(options.capacity, batchSizeMax);
    this.#high = new Lane(priorityHigh, options.capacity, slots);
    this.#low = new Lane(priorityLow, options.capacity, slots);
    const view = parts.input?.view ?? this.#high.view;
    this.#record = { view, at: 0, bytes: 0, traceId: 0, queuedUs: 0, confidence: 0 };
  }

  /**
   * Other options from the next turn of work on; batches that are on their way stay as they are.
   *
   * @throws RangeError as the constructor, and for another capacity; the old ones then go on.
   */
  configure(options: HandoffOptions): void {
    checkHandoff(options);
    const { capacity } = this.#options;
    if (options.capacity !== capacity) {
      throw new RangeError(`capacity=${options.capacity} must stay ${capacity}`);
    }
    this.#options = options;
    this.#adaptive.configure(adaptiveOf(options));
  }

  start(): void {
    this.#turn();
  }

  work(): number {
    this.#turn();
    const drained = this.#parts.input?.drain(this.#onMessage, workLimit) ?? 0;
    const sent = this.#pump();
    const oldestUs = Math.min(this.#high.oldestWaitingUs(), this.#low.oldestWaitingUs());
    this.#adaptive.update(this.#workUs, Math.max(0, this.#workUs - oldestUs));
    this.#publish();
    return drained + sent;
  }

  /** Drops what is still there; call `drain` before. */
  stop(): void {
    this.#turn();
    for (const lane of [this.#high, this.#low]) {
      while (lane.length > 0) this.#dropped(lane.priority, lane.dropOldest(), reason.shutdown);
      if (!lane.isSending) this.#dropBatch(lane, reason.shutdown);
    }
    this.#publish();
  }

  /** From now on batches leave at once; work until it is true that nothing is left, or give up. */
  drain(): boolean {
    this.#isDraining = true;
    this.work();
    const { length, count } = this.#high;
    return length + count + this.#low.length + this.#low.count === 0;
  }

  /** Microseconds until the next batch or repeat is due, 0 when one is; infinite when none waits. */
  idleUs(): number {
    const nowUs = this.#nowUs();
    const lowUs = this.#isLowHeld() ? Number.POSITIVE_INFINITY : this.#dueUs(this.#low);
    return Math.max(0, Math.min(this.#dueUs(this.#high), lowUs) - nowUs);
  }

  /** All candidates that came with an earlier trace id are sent or dropped; infinite: all are. */
  oldestTraceId(): number {
    return Math.min(this.#high.oldestTraceId(), this.#low.oldestTraceId());
  }

  /**
   * Queues one record of `priority`; its bytes, 576 at most, are copied.
   * @throws RangeError for more bytes, which would lie over the next record, or another priority.
   */
  offer(record: LaneRecord, priority: number): HandoffResult {
    const { bytes } = record;
    if (
      bytes >>> 0 !== bytes ||
      bytes > laneRecordBytesMax ||
      (priority !== priorityLow && priority !== priorityHigh)
    )
      refuseRecord(bytes, priority);
    this.#cells.offered(priority);
    const lane = priority === priorityHigh ? this.#high : this.#low;
    // Nothing is shed for a receiver that would take it now.
    if (!this.#hasRoom()) this.#pump();
    if (this.#hasRoom()) {
      lane.push(record);
      return handoffResult.queued;
    }
    const why = priority === priorityHigh ? this.#roomForHigh() : this.#roomForLow();
    if (why === reason.none) {
      lane.push(record);
      return handoffResult.backpressure;
    }
    this.#left.traceId = record.traceId;
    this.#left.queuedUs = record.queuedUs;
    this.#left.confidence = record.confidence ?? priority;
    this.#dropped(priority, this.#left, why);
    return handoffResult.dropped;
  }

  readonly #onMessage = (_type: number, at: number, length: number, stampUs: number): void => {
    const record = this.#record;
    const { view } = record;
    record.at = at + candidateMessageAt.record;
    record.bytes = length - candidateMessageAt.record;
    record.traceId = view.getFloat64(at + traceIdAt, true);
    record.queuedUs = this.#workUs - sojournUs(stampUs, this.#workUs | 0);
    record.confidence = view.getFloat32(at + candidateMessageAt.confidence, true);
    this.offer(record, view.getUint32(at + candidateMessageAt.priority, true));
  };

  #turn(): void {
    this.#workUs = this.#nowUs();
    this.#parts.events.stamp(this.#workUs);
  }

  #hasRoom(): boolean {
    return this.#high.length + this.#low.length < this.#options.capacity;
  }

  // A full queue and a LOW candidate: only another LOW one may go for it.
  #roomForLow(): Reason {
    if (this.#adaptive.policy !== "drop-oldest" || this.#low.length === 0) return reason.full;
    this.#dropped(priorityLow, this.#low.dropOldest(), reason.evicted);
    return reason.none;
  }

  #roomForHigh(): Reason {
    const { policy } = this.#adaptive;
    if (policy === "block" && this.#waitForRoom()) return reason.none;
    const low = this.#low;
    if (low.length > 0) {
      const out = policy === "drop-oldest" ? low.dropOldest() : low.dropNewest();
      this.#dropped(priorityLow, out, reason.evicted);
      return reason.none;
    }
    if (policy !== "drop-oldest") return policy === "block" ? reason.blocked : reason.full;
    this.#dropped(priorityHigh, this.#high.dropOldest(), reason.evicted);
    return reason.none;
  }

  // Waiting helps only where a send can make room meanwhile: not when it settles later.
  #waitForRoom(): boolean {
    if (this.#parts.senders.mode === "async") return false;
    for (let i = 0; i < this.#options.highPriorityMaxRetries; i += 1) {
      this.#sleepUs(this.#options.sendRetryDelayUs);
      this.#turn();
      this.#pump();
      if (this.#hasRoom()) return true;
    }
    return false;
  }

  #pump(): number {
    const { senders } = this.#parts;
    if (senders.mode === "async") {
      return this.#pumpAsync(this.#high, senders.high) + this.#pumpAsync(this.#low, senders.low);
    }
    if (senders.mode === "split") {
      return this.#pumpSync(this.#high, senders.high) + this.#pumpSync(this.#low, senders.low);
    }
    const sent = this.#pumpSync(this.#high, senders.sender);
    return this.#isLowHeld() ? sent : sent + this.#pumpSync(this.#low, senders.sender);
  }

  // One receiver: while it refuses HIGH, LOW must not overtake.
  #isLowHeld(): boolean {
    return this.#parts.senders.mode === "sync" && this.#high.count > 0;
  }

  #pumpSync(lane: Lane, sender: SyncSender): number {
    let sent = 0;
    for (let i = 0; i < batchesMax; i += 1) {
      if (!this.#isReady(lane)) break;
      const accepted = sender.trySend(lane);
      sent += accepted;
      this.#settle(lane, accepted);
    }
    return sent;
  }

  #pumpAsync(lane: Lane, sender: AsyncSender): number {
    if (lane.isSending || !this.#isReady(lane)) return 0;
    lane.isSending = true;
    const settled = (accepted: number): void => {
      lane.isSending = false;
      this.#turn();
      this.#settle(lane, accepted);
      this.#publish();
    };
    // One that throws, or answers at once, is one like the others.
    const send = async (): Promise<number> => sender.send(lane);
    send().then(settled, () => settled(0));
    return lane.count;
  }

  // Whether the lane has a batch that may be sent now; takes one out of the queue when it is due.
  #isReady(lane: Lane): boolean {
    if (lane.count > 0) return this.#workUs >= lane.retryAtUs;
    if (lane.length === 0 || this.#workUs < this.#dueUs(lane)) return false;
    lane.takeBatch(this.#options.batchSize);
    return true;
  }

  #dueUs(lane: Lane): number {
    if (lane.isSending) return Number.POSITIVE_INFINITY;
    if (lane.count > 0) return lane.retryAtUs;
    if (lane.length === 0) return Number.POSITIVE_INFINITY;
    const isFull = lane.length >= this.#options.batchSize || !this.#hasRoom();
    return isFull || this.#isDraining ? 0 : lane.oldestUs() + this.#options.batchTimeoutUs;
  }

  #settle(lane: Lane, answer: number): void {
    // A sender is foreign code: what it says is brought into the range that it may say.
    const accepted = answer > 0 ? Math.min(Math.floor(answer), lane.count) : 0;
    for (let i = 0; i < accepted; i += 1) this.#sent(lane, i);
    lane.advance(accepted);
    if (lane.count === 0) return;
    this.#cells.refused(lane.priority);
    lane.tries = accepted > 0 ? 1 : lane.tries + 1;
    lane.retryAtUs = this.#workUs + this.#options.sendRetryDelayUs;
    if (lane.tries <= this.#options.sendMaxRetries) return;
    if (lane === this.#high && this.#shedLow()) lane.tries = 0;
    else this.#dropBatch(lane, reason.retries);
  }

  // One receiver takes neither, so a batch of LOW goes for one of HIGH; false when there is none.
  #shedLow(): boolean {
    const low = this.#low;
    if (this.#parts.senders.mode !== "sync" || low.count + low.length === 0) return false;
    if (low.count === 0) low.takeBatch(this.#options.batchSize);
    this.#dropBatch(low, reason.retries);
    return true;
  }

  #sent(lane: Lane, index: number): void {
    const { events } = this.#parts;
    const waitedUs = Math.max(0, this.#workUs - lane.queuedUsAt(index));
    this.#cells.sent(lane.priority, waitedUs);
    this.#cells.correlation.record(waitedUs, lane.confidenceAt(index), false);
    this.#adaptive.record(waitedUs);
    events.detail.value = waitedUs;
    events.detail.depth = lane.length;
    events.detail.priority = lane.priority;
    events.record(eventType.handoffSent, lane.traceIdAt(index));
  }

  #dropBatch(lane: Lane, why: Reason): void {
    const left = this.#left;
    for (let i = 0; i < lane.count; i += 1) {
      left.traceId = lane.traceIdAt(i);
      left.queuedUs = lane.queuedUsAt(i);
      left.confidence = lane.confidenceAt(i);
      this.#dropped(lane.priority, left, why);
    }
    lane.advance(lane.count);
  }

  #dropped(priority: number, { traceId, queuedUs, confidence }: TakenOut, why: Reason): void {
    const { events } = this.#parts;
    this.#cells.dropped(priority, why);
    this.#cells.correlation.record(this.#workUs - queuedUs, confidence, true);
    this.#parts.onDropped?.(traceId, why);
    events.detail.reason = why;
    events.detail.priority = priority;
    events.record(eventType.handoffDropped, traceId);
  }

  #publish(): void {
    const { policy, meanUs, changes } = this.#adaptive;
    this.#cells.depth(priorityHigh, this.#high.length, this.#high.count);
    this.#cells.depth(priorityLow, this.#low.length, this.#low.count);
    this.#cells.policy(policy, Number.isNaN(meanUs) ? 0 : meanUs, changes);
  }
}

type SyncSender = Extract<HandoffSenders, { mode: "sync" }>["sender"];
type AsyncSender = Extract<HandoffSenders, { mode: "async" }>["high"];

const refuseRecord = (bytes: number, priority: number): never => {
  throw new RangeError(
    `bytes=${bytes} priority=${priority}, limits ${laneRecordBytesMax} and ${priorityLow} or ${priorityHigh}`,
  );
};

const sleepWord = new Int32Array(new SharedArrayBuffer(4));
const sleepUs = (us: number): void => {
  Atomics.wait(sleepWord, 0, 0, us / 1000);
};

const adaptiveOf = (options: HandoffOptions): AdaptiveOptions => ({
  configured: options.dropPolicy,
  adapts: options.adapts ?? true,
  highUs: options.adaptiveHighUs,
  lowUs: options.adaptiveLowUs,
  intervalUs: options.adaptiveIntervalUs,
});
