// Source and sink of the path benchmark, one thread. Open loop: each transaction has a time at which it
// is due, latency counts from then, and a source that is late sends the missed ones at once, so that a
// stall is seen by everyone whom it would have delayed (no coordinated omission).
import { Histogram, histogramBytes } from "../../../engine/metrics/histogram.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import {
  inputAt,
  outputAt,
  outputSlotBytes,
  type PathMemory,
  type PathPlan,
  type PathWindow,
} from "./path-plan.ts";
import type { PathTransactions } from "./path-transactions.ts";

const batchMax = 64;
const parkMsMax = 5;
const drainMsMax = 10_000;
const messageType = 1;
const nsPerMs = 1e6;

export class PathSource {
  sent = 0;
  dropped = 0;
  /** Watched transactions that were sent, and results that arrived. */
  expected = 0;
  arrived = 0;
  readonly #plan: PathPlan;
  readonly #load: PathTransactions;
  readonly #writer: MessageRingWriter;
  readonly #reader: SlotRingReader;
  #histogram = new Histogram(new SharedArrayBuffer(histogramBytes));
  #dueMs = 0;
  #next = 0;

  constructor(plan: PathPlan, memory: PathMemory, load: PathTransactions) {
    this.#plan = plan;
    this.#load = load;
    this.#writer = new MessageRingWriter(memory.input);
    this.#reader = new SlotRingReader(memory.output);
  }

  /** Sends at the plan's rate for a time and returns its latencies; what is under way stays so. */
  window(seconds: number): PathWindow {
    this.#histogram = new Histogram(new SharedArrayBuffer(histogramBytes));
    const startMs = performance.now();
    const endMs = startMs + seconds * 1_000;
    const stepMs = this.#plan.rate > 0 ? 1_000 / this.#plan.rate : 0;
    this.#dueMs = startMs;
    for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
      const sent = this.#send(nowMs, stepMs);
      const taken = this.#take();
      if (this.#plan.idle !== "spin" && sent + taken === 0) this.#sleep(endMs);
    }
    return windowOf(this.#histogram);
  }

  /** Takes results until none is missing, or for ten seconds at most. */
  drain(): void {
    const endMs = performance.now() + drainMsMax;
    while (this.arrived < this.expected && performance.now() < endMs) this.#take();
  }

  #send(nowMs: number, stepMs: number): number {
    const writer = this.#writer;
    let tries = 0;
    for (; tries < batchMax && this.#dueMs <= nowMs; tries += 1) {
      if (!this.#write(stepMs === 0 ? nowMs : this.#dueMs)) {
        // Under policy block it stays due, and grows late.
        if (this.#plan.policy === "block") break;
        this.dropped += 1;
      }
      this.#dueMs += stepMs;
    }
    if (tries > 0) writer.publish();
    return tries;
  }

  #write(dueMs: number): boolean {
    const writer = this.#writer;
    const { wires, isWatched, mask } = this.#load;
    const number = this.#next & mask;
    const wire = wires[number] as Uint8Array;
    const at = writer.claim(messageType, inputAt.transaction + wire.length);
    if (at < 0) return false;
    writer.view.setFloat64(at + inputAt.dueMs, dueMs, true);
    writer.view.setFloat64(at + inputAt.number, this.sent, true);
    writer.bytes.set(wire, at + inputAt.transaction);
    writer.commit(at);
    this.expected += isWatched[number] as number;
    this.#next = (this.#next + 1) | 0;
    this.sent += 1;
    return true;
  }

  #take(): number {
    const reader = this.#reader;
    const ready = reader.available();
    if (ready === 0) return 0;
    const nowMs = performance.now();
    const from = reader.f64;
    let at = (reader.slotBase(0) + outputAt.dueMs) >> 3;
    for (let i = 0; i < ready; i += 1) {
      this.#histogram.record(((nowMs - (from[at] as number)) * nsPerMs) >>> 0);
      at += outputSlotBytes >> 3;
    }
    reader.release(ready);
    this.arrived += ready;
    return ready;
  }

  // Until the next is due, or a result arrives.
  #sleep(endMs: number): void {
    const waitMs = Math.min(this.#dueMs, endMs) - performance.now();
    if (waitMs > 0) this.#reader.waitForSlots(Math.min(waitMs, parkMsMax));
  }
}

const us = (ns: number | null): number => (ns ?? 0) / 1_000;

const windowOf = (histogram: Histogram): PathWindow => {
  const { count, max } = histogram.summary();
  return {
    count,
    p50: us(histogram.percentile(0.5)),
    p90: us(histogram.percentile(0.9)),
    p99: us(histogram.percentile(0.99)),
    p999: us(histogram.percentile(0.999)),
    max: us(max),
  };
};
