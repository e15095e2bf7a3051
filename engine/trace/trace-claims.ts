// Ingest's end of the trace table: a record whose header says that it is traced gets a slot, as long
// as there is one. Records without the header cost one look at their headers.
import { readTraceparent } from "../../schemas/trace-context.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { traceAt, traceSlotAt, traceSlots, traceTicket } from "./trace-layout.ts";

/** Longest header that is looked at. */
const headerBytesMax = 512;

export type TracedOrigin = {
  /** Id of the partition (ledger/positions.ts). */
  readonly id: number;
  readonly offset: number;
  /** The record's own time. */
  readonly timestampMs: number;
  /** When it was read, monotonic us. */
  readonly readUs: number;
};

export class TraceClaims {
  /** Records that found no slot. */
  full = 0;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #next = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /** The ticket that goes with the record through the ring; 0 when it is not traced. */
  claim(traceparent: Uint8Array, origin: TracedOrigin): number {
    if (traceparent.length > headerBytesMax) return 0;
    const context = readTraceparent(Buffer.from(traceparent).toString("latin1"));
    if (context === null || !context.isSampled) return 0;
    const slot = this.#freeSlot();
    if (slot < 0) {
      this.full += 1;
      return 0;
    }
    const at = traceSlotAt(slot);
    const view = this.#view;
    view.setInt32(at + traceAt.id, origin.id, true);
    view.setFloat64(at + traceAt.offset, origin.offset, true);
    view.setFloat64(at + traceAt.receivedMs, origin.timestampMs, true);
    view.setFloat64(at + traceAt.readUs, origin.readUs, true);
    view.setFloat64(at + traceAt.pushedUs, monotonicUs(), true);
    this.#bytes.set(Buffer.from(context.traceId, "hex"), at + traceAt.traceId);
    this.#bytes.set(Buffer.from(context.spanId, "hex"), at + traceAt.parentSpanId);
    // Never 0, which is what an unused slot has.
    const before = this.#words[(at + traceAt.claimed) >> 2] ?? 0;
    const use = before === -1 ? 1 : (before + 1) | 0;
    Atomics.store(this.#words, (at + traceAt.claimed) >> 2, use);
    return traceTicket(slot, use);
  }

  #freeSlot(): number {
    const words = this.#words;
    for (let i = 0; i < traceSlots; i += 1) {
      const slot = (this.#next + i) % traceSlots;
      const at = traceSlotAt(slot);
      const claimed = words[(at + traceAt.claimed) >> 2] ?? 0;
      if (Atomics.load(words, (at + traceAt.collected) >> 2) !== claimed) continue;
      this.#next = slot + 1;
      return slot;
    }
    return -1;
  }
}
