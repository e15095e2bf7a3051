// The bundle stage: records from a ring, through the builder, into its sink. A record is released
// only when the builder has it, so a full sink holds the ring up instead of losing anything; the
// time-out is looked at on every turn, with or without new records.
import type { SlotRingReader } from "../ring/slot-ring-reader.ts";
import { addOutcome, type BundleBuilder } from "./bundle-builder.ts";
import { transactionRecordBytes } from "./bundle-layout.ts";

/** What a bundle stage is made of; all of it belongs to its thread. */
export type BundleStageOptions = {
  /** Slots are transaction records. */
  readonly ring: SlotRingReader;
  readonly builder: BundleBuilder;
  /** Monotonic ns. */
  readonly nowNs: () => number;
  /** Most records of one `work`, 1 at least; 256 when left out. */
  readonly recordsMax?: number;
};

/** A `Stage` (name, start, work, stop) for one thread. */
export class BundleStage {
  readonly name = "bundle";
  readonly #ring: SlotRingReader;
  readonly #builder: BundleBuilder;
  readonly #nowNs: () => number;
  readonly #recordsMax: number;

  /** @throws RangeError when the ring's slots are no transaction records, or for `recordsMax`. */
  constructor({ ring, builder, nowNs, recordsMax = 256 }: BundleStageOptions) {
    if (ring.slotBytes !== transactionRecordBytes)
      throw new RangeError(`slotBytes=${ring.slotBytes} must be ${transactionRecordBytes}`);
    if (!Number.isSafeInteger(recordsMax) || recordsMax < 1)
      throw new RangeError(`recordsMax=${recordsMax}, 1 at least`);
    this.#ring = ring;
    this.#builder = builder;
    this.#nowNs = nowNs;
    this.#recordsMax = recordsMax;
  }

  start(): void {
    // All is set up at construction.
  }

  /** Records taken out of the ring, plus bundles flushed because they were due. */
  work(): number {
    const builder = this.#builder;
    const nowNs = this.#nowNs();
    const due = builder.shouldFlushTimeout(nowNs) && builder.forceFlush("timeout", nowNs) ? 1 : 0;
    return due + this.#takeRecords(nowNs);
  }

  /** After the source has stopped and `work` returned 0: flushes the rest. True when all is out. */
  stop(): boolean {
    return this.#builder.forceFlush("shutdown", this.#nowNs());
  }

  #takeRecords(nowNs: number): number {
    const ring = this.#ring;
    const readable = Math.min(ring.available(), this.#recordsMax);
    let taken = 0;
    try {
      for (; taken < readable; taken += 1) {
        const outcome = this.#builder.add(ring.view, ring.slotBase(taken), nowNs);
        if (outcome === addOutcome.refused) break;
      }
    } finally {
      ring.release(taken);
    }
    return taken;
  }
}
