// The queue of one priority: fixed slots in a circle, taken from the front by batches, from either
// end by a drop policy. Beside it the one batch that is on its way: copied out, so that the queue
// can go on while a send waits. No allocation after construction.
import { CopyTarget } from "../ring/copy-target.ts";

/** Longest record of a slot; candidates with all their accounts are 576 bytes. */
export const laneRecordBytesMax = 576;

/**
 * What a sender gets: `count` records in `view`, number i at `recordAt(i)`, `lengthAt(i)` bytes long,
 * oldest first. Valid until the send has settled; read only.
 */
export type HandoffBatch = {
  /** 0 is LOW, 1 is HIGH. */
  readonly priority: number;
  readonly count: number;
  readonly view: DataView;
  recordAt(index: number): number;
  lengthAt(index: number): number;
  traceIdAt(index: number): number;
};

/** Slots with their side arrays; used for the queue and for the batch. */
class Slots {
  readonly target: CopyTarget;
  readonly lengths: Int32Array;
  readonly traceIds: Float64Array;
  readonly queuedUs: Float64Array;
  readonly confidences: Float64Array;
  /** 1 for a record whose transaction is older than one that came before it. */
  readonly late: Uint8Array;

  constructor(count: number) {
    this.target = new CopyTarget(new DataView(new ArrayBuffer(count * laneRecordBytesMax)));
    this.lengths = new Int32Array(count);
    this.traceIds = new Float64Array(count);
    this.queuedUs = new Float64Array(count);
    this.confidences = new Float64Array(count);
    this.late = new Uint8Array(count);
  }

  copyFrom(from: Slots, fromSlot: number, toSlot: number): void {
    const bytes = from.lengths[fromSlot] as number;
    const fromAt = fromSlot * laneRecordBytesMax;
    const toAt = toSlot * laneRecordBytesMax;
    this.target.copy(from.target.view, fromAt, bytes, toAt);
    this.lengths[toSlot] = bytes;
    this.traceIds[toSlot] = from.traceIds[fromSlot] as number;
    this.queuedUs[toSlot] = from.queuedUs[fromSlot] as number;
    this.confidences[toSlot] = from.confidences[fromSlot] as number;
    this.late[toSlot] = from.late[fromSlot] as number;
  }
}

/** A record on its way into a lane; reused by the stage. */
export type LaneRecord = {
  view: DataView;
  at: number;
  bytes: number;
  traceId: number;
  queuedUs: number;
  /** How sure it is of its priority, 0 to 1 (VolumePriority); without it 1 for HIGH, 0 for LOW. */
  confidence?: number;
};

/** What a candidate was that was taken out. */
export type TakenOut = { traceId: number; queuedUs: number; confidence: number };

export class Lane implements HandoffBatch {
  readonly priority: number;
  /** Records queued, those of the batch not counted. */
  length = 0;
  /** Records of the batch that is on its way; 0 when none is. */
  count = 0;
  /** Refusals of the batch so far, and when it may be tried again. */
  tries = 0;
  retryAtUs = 0;
  /** An asynchronous send is in flight. */
  isSending = false;
  readonly #capacity: number;
  readonly #queue: Slots;
  readonly #batch: Slots;
  #first = 0;
  #batchFirst = 0;
  #newestTraceId = -1;
  readonly #out: TakenOut = { traceId: 0, queuedUs: 0, confidence: 0 };
  /** Late records in queue and batch: while there are any, the first need not be the oldest. */
  #late = 0;

  constructor(priority: number, capacity: number, batchSize: number) {
    this.priority = priority;
    this.#capacity = capacity;
    this.#queue = new Slots(capacity);
    this.#batch = new Slots(batchSize);
  }

  get view(): DataView {
    return this.#batch.target.view;
  }

  recordAt(index: number): number {
    return (this.#batchFirst + index) * laneRecordBytesMax;
  }

  lengthAt(index: number): number {
    return this.#batch.lengths[this.#batchFirst + index] as number;
  }

  traceIdAt(index: number): number {
    return this.#batch.traceIds[this.#batchFirst + index] as number;
  }

  /** When record `index` of the batch was queued, monotonic us. */
  queuedUsAt(index: number): number {
    return this.#batch.queuedUs[this.#batchFirst + index] as number;
  }

  /** Confidence of record `index` of the batch. */
  confidenceAt(index: number): number {
    return this.#batch.confidences[this.#batchFirst + index] as number;
  }

  /** When the oldest queued record came; meaningless when the lane is empty. */
  oldestUs(): number {
    return this.#queue.queuedUs[this.#first] as number;
  }

  /** When the oldest record came that is not through; infinite when there is none. */
  oldestWaitingUs(): number {
    if (this.count > 0) return this.queuedUsAt(0);
    return this.length > 0 ? this.oldestUs() : Number.POSITIVE_INFINITY;
  }

  /** Trace id of the oldest record that is not through; infinite when there is none. */
  oldestTraceId(): number {
    if (this.#late > 0) return this.#oldestOfAll();
    if (this.count > 0) return this.traceIdAt(0);
    if (this.length > 0) return this.#queue.traceIds[this.#first] as number;
    return Number.POSITIVE_INFINITY;
  }

  /** Appends a record; the caller has seen to it that there is room. */
  push(record: LaneRecord): void {
    const slot = (this.#first + this.length) % this.#capacity;
    const { view, at, bytes, traceId, queuedUs, confidence = this.priority } = record;
    this.#queue.target.copy(view, at, bytes, slot * laneRecordBytesMax);
    this.#queue.lengths[slot] = bytes;
    this.#queue.traceIds[slot] = traceId;
    this.#queue.queuedUs[slot] = queuedUs;
    this.#queue.confidences[slot] = confidence;
    const late = traceId < this.#newestTraceId ? 1 : 0;
    this.#queue.late[slot] = late;
    this.#late += late;
    if (late === 0) this.#newestTraceId = traceId;
    this.length += 1;
  }

  /** Takes the oldest queued record out; the answer holds until the next that is taken out. */
  dropOldest(): TakenOut {
    const slot = this.#first;
    this.#first = (slot + 1) % this.#capacity;
    return this.#takeOut(slot);
  }

  /** The same with the newest. */
  dropNewest(): TakenOut {
    return this.#takeOut((this.#first + this.length - 1) % this.#capacity);
  }

  /** Moves up to `limit` of the oldest records into the batch, which must be empty. */
  takeBatch(limit: number): void {
    const count = Math.min(limit, this.length);
    for (let i = 0; i < count; i += 1) {
      this.#batch.copyFrom(this.#queue, this.#first, i);
      this.#first = (this.#first + 1) % this.#capacity;
    }
    this.length -= count;
    this.#batchFirst = 0;
    this.count = count;
    this.tries = 0;
    this.retryAtUs = 0;
  }

  /** Says that the first `sent` records of the batch are through. */
  advance(sent: number): void {
    if (this.#late > 0) {
      for (let i = 0; i < sent; i += 1) {
        this.#late -= this.#batch.late[this.#batchFirst + i] as number;
      }
    }
    this.#batchFirst += sent;
    this.count -= sent;
  }

  #takeOut(slot: number): TakenOut {
    const queue = this.#queue;
    const out = this.#out;
    this.length -= 1;
    this.#late -= queue.late[slot] as number;
    out.traceId = queue.traceIds[slot] as number;
    out.queuedUs = queue.queuedUs[slot] as number;
    out.confidence = queue.confidences[slot] as number;
    return out;
  }

  #oldestOfAll(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.count; i += 1) oldest = Math.min(oldest, this.traceIdAt(i));
    for (let i = 0; i < this.length; i += 1) {
      const slot = (this.#first + i) % this.#capacity;
      oldest = Math.min(oldest, this.#queue.traceIds[slot] as number);
    }
    return oldest;
  }
}
