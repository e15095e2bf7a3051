// Control's end of the trace table: takes what is known of the records whose way is at its end, or
// that have been silent for too long, and gives their slots back.
import { type Reason, reasonNames } from "../events/event-layout.ts";
import {
  spanIdBytes,
  traceAt,
  traceIdBytes,
  traceItemAt,
  traceItemBytes,
  traceSlotAt,
  traceSlots,
  traceStages,
} from "./trace-layout.ts";

/** A stage that a transaction went through, monotonic us; 0 where it did not come. */
type StageTimes = { readonly turnUs: number; readonly endUs: number };

/** One transaction of a traced record. */
export type TracedItem = {
  /** In the record's frame. */
  readonly index: number;
  /** Prefilter, extract, secure, handoff. */
  readonly stages: readonly StageTimes[];
  /** Why it went no further; "" when it was handed off, or is still under way. */
  readonly reason: string;
  /** 0 when it was not handed off, or is not acknowledged. */
  readonly egressTakenUs: number;
  readonly egressDoneUs: number;
};

/** What is known of one traced record. Times are monotonic us; 0 where it did not come. */
export type TracedRecord = {
  /** Hex. */
  readonly traceId: string;
  readonly parentSpanId: string;
  /** Id of the partition (ledger/positions.ts). */
  readonly id: number;
  readonly offset: number;
  readonly readUs: number;
  readonly pushedUs: number;
  readonly takenUs: number;
  readonly doneUs: number;
  /** Items of the record; those that were followed are in `transactions`. */
  readonly items: number;
  readonly transactions: readonly TracedItem[];
  /** False: given up. */
  readonly isComplete: boolean;
};

/** A record that did not come to its end after this time is taken as it is. */
export const traceStaleUs = 5_000_000;

export class TraceCollector {
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /** Records that are at their end; all of them when it is the last time. */
  take(nowUs: number, isLast = false): readonly TracedRecord[] {
    const found: TracedRecord[] = [];
    for (let slot = 0; slot < traceSlots; slot += 1) {
      const at = traceSlotAt(slot);
      const use = this.#word(at + traceAt.claimed);
      if (use === this.#word(at + traceAt.collected)) continue;
      const isComplete = this.#isComplete(at, use);
      const isStale = nowUs - this.#us(at + traceAt.pushedUs) >= traceStaleUs;
      if (!isComplete && !isStale && !isLast) continue;
      found.push(this.#read(at, use, isComplete));
      Atomics.store(this.#words, (at + traceAt.collected) >> 2, use);
    }
    return found;
  }

  #isComplete(at: number, use: number): boolean {
    if (this.#word(at + traceAt.done) !== use) return false;
    const followed = this.#word(at + traceAt.followed);
    for (let item = 0; item < followed; item += 1) {
      const isHanded = this.#word(this.#itemAt(at, item) + traceItemAt.handed) > 0;
      if (isHanded && this.#word(at + traceAt.acknowledged + item * 4) !== use) return false;
    }
    return true;
  }

  #read(at: number, use: number, isComplete: boolean): TracedRecord {
    const isDone = this.#word(at + traceAt.done) === use;
    const isTaken = this.#word(at + traceAt.taken) === use;
    const followed = isDone ? this.#word(at + traceAt.followed) : 0;
    return {
      traceId: this.#hex(at + traceAt.traceId, traceIdBytes),
      parentSpanId: this.#hex(at + traceAt.parentSpanId, spanIdBytes),
      id: this.#word(at + traceAt.id),
      offset: this.#us(at + traceAt.offset),
      readUs: this.#us(at + traceAt.readUs),
      pushedUs: this.#us(at + traceAt.pushedUs),
      takenUs: isTaken ? this.#us(at + traceAt.takenUs) : 0,
      doneUs: isDone ? this.#us(at + traceAt.doneUs) : 0,
      items: isDone ? this.#word(at + traceAt.items) : 0,
      transactions: Array.from({ length: followed }, (_, item) => this.#item(at, use, item)),
      isComplete,
    };
  }

  #item(slotAt: number, use: number, index: number): TracedItem {
    const at = this.#itemAt(slotAt, index);
    const isAcknowledged = this.#word(slotAt + traceAt.acknowledged + index * 4) === use;
    const egress = (place: number): number => (isAcknowledged ? this.#us(place + index * 8) : 0);
    return {
      index,
      stages: Array.from({ length: traceStages }, (_, stage) => ({
        turnUs: this.#us(at + traceItemAt.turnUs + stage * 8),
        endUs: this.#us(at + traceItemAt.endUs + stage * 8),
      })),
      reason: reasonNames[this.#word(at + traceItemAt.reason) as Reason] ?? "",
      egressTakenUs: egress(slotAt + traceAt.egressTakenUs),
      egressDoneUs: egress(slotAt + traceAt.egressDoneUs),
    };
  }

  #itemAt(slotAt: number, item: number): number {
    return slotAt + traceAt.transactions + item * traceItemBytes;
  }

  #word(at: number): number {
    return Atomics.load(this.#words, at >> 2);
  }

  #us(at: number): number {
    return this.#view.getFloat64(at, true);
  }

  #hex(at: number, length: number): string {
    return Buffer.from(this.#bytes.slice(at, at + length)).toString("hex");
  }
}
