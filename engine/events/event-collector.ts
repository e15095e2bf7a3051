// Writes events into a circular buffer in shared memory: no lock, no allocation, the oldest is
// overwritten. One collector for each thread; the reader joins them (event-reader.ts). Which traces
// are recorded is decided by trace id, so that a trace is recorded with all its events or none.
import { storesPass } from "../ring/store-order.ts";
import {
  capacityWord,
  checkEventMemory,
  eventAt,
  type EventCode,
  eventHeaderBytes,
  eventSlotBytes,
  nextSlotWord,
  type Reason,
  writtenWord,
} from "./event-layout.ts";
import type { TraceMarks } from "../trace/trace-marks.ts";

/** Events kept by default. */
export const eventCapacity = 10_000;
const eventCapacityMax = 1_000_000;

/**
 * Memory for the newest `capacity` events, 10,000 when left out, of one collector.
 * @throws RangeError for a capacity outside 1 to 1,000,000.
 */
export const createEventMemory = (capacity = eventCapacity): SharedArrayBuffer => {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > eventCapacityMax) {
    throw new RangeError(`event capacity=${capacity}, limits 1 to ${eventCapacityMax}`);
  }
  const memory = new SharedArrayBuffer(eventHeaderBytes + capacity * eventSlotBytes);
  new Int32Array(memory)[capacityWord] = capacity;
  return memory;
};

const checkSampleEvery = (sampleEvery: number): void => {
  if (!Number.isSafeInteger(sampleEvery) || sampleEvery < 0)
    throw new RangeError(`sampleEvery=${sampleEvery}, an integer of 0 or more`);
};

/** What one event says beside its type and trace; reused by the writer. */
export type EventDetail = {
  /** Latency in us or size in bytes, a u32. */
  value: number;
  reason: Reason;
  /** 0 is LOW, 1 is HIGH. */
  priority: number;
  /** Queue depth, a u32. */
  depth: number;
  /** Of which market thread the trace id is, 0 to 255; said by threads that are none. */
  lane: number;
};

/** Single writer: all methods belong to the thread that the memory was given to. */
export class EventCollector {
  /** Details of the events that follow; `record` resets them. */
  readonly detail: EventDetail = { value: 0, reason: 0, priority: 0, depth: 0, lane: 0 };
  readonly #view: DataView;
  readonly #words: Int32Array;
  readonly #capacity: number;
  readonly #traces: TraceMarks | null;
  #sampleEvery: number;
  #slot: number;
  #written: number;
  #timeUs = 0;

  /**
   * `sampleEvery` 1 records all traces, n those whose id is a multiple of n, 0 none. `traces` is told
   * of every event while a record is traced.
   * @throws TypeError for other memory than that of `createEventMemory`.
   * @throws RangeError for a `sampleEvery` that is no integer of 0 or more.
   */
  constructor(memory: SharedArrayBuffer, sampleEvery = 1, traces: TraceMarks | null = null) {
    checkEventMemory(memory);
    checkSampleEvery(sampleEvery);
    this.#traces = traces;
    this.#view = new DataView(memory);
    this.#words = new Int32Array(memory);
    this.#capacity = this.#words[capacityWord] as number;
    this.#sampleEvery = sampleEvery;
    this.#written = Atomics.load(this.#words, writtenWord);
    this.#slot = Atomics.load(this.#words, nextSlotWord);
  }

  /**
   * Samples the traces that follow otherwise; call it between two batches.
   * @throws RangeError as the constructor; the old one then goes on.
   */
  configure(sampleEvery: number): void {
    checkSampleEvery(sampleEvery);
    this.#sampleEvery = sampleEvery;
  }

  /** Time of the events that follow, monotonic us: one clock read a batch. */
  stamp(us: number): void {
    this.#timeUs = us;
  }

  /** Whether this trace's events are recorded; a trace id is an integer from 0 to 2^53 - 1. */
  isSampled(traceId: number): boolean {
    return this.#sampleEvery === 1 || (this.#sampleEvery > 0 && traceId % this.#sampleEvery === 0);
  }

  /** Writes one event with the current `detail`, which it clears; nothing for a trace not sampled. */
  record(type: EventCode, traceId: number): void {
    const { detail } = this;
    if (this.isSampled(traceId)) this.#write(type, traceId);
    const traces = this.#traces;
    if (traces !== null && traces.count > 0) {
      traces.note(type, traceId, { why: detail.reason, turnUs: this.#timeUs });
    }
    detail.value = 0;
    detail.reason = 0;
    detail.priority = 0;
    detail.depth = 0;
    detail.lane = 0;
  }

  #write(type: EventCode, traceId: number): void {
    const view = this.#view;
    const { detail } = this;
    const at = eventHeaderBytes + this.#slot * eventSlotBytes;
    // A reader that meets 0, or another number after than before, leaves the slot out.
    Atomics.store(this.#words, at >> 2, 0);
    if (storesPass) Atomics.load(this.#words, at >> 2);
    view.setUint8(at + eventAt.type, type);
    view.setUint8(at + eventAt.reason, detail.reason);
    view.setUint8(at + eventAt.priority, detail.priority);
    view.setUint8(at + eventAt.lane, detail.lane);
    view.setFloat64(at + eventAt.traceId, traceId, true);
    view.setFloat64(at + eventAt.time, this.#timeUs, true);
    view.setUint32(at + eventAt.value, detail.value, true);
    view.setUint32(at + eventAt.depth, detail.depth, true);
    this.#written = (this.#written + 1) | 0;
    Atomics.store(this.#words, at >> 2, this.#written === 0 ? 1 : this.#written);
    this.#slot += 1;
    if (this.#slot === this.#capacity) this.#slot = 0;
    this.#words[nextSlotWord] = this.#slot;
    Atomics.store(this.#words, writtenWord, this.#written);
  }
}
