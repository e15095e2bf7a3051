// Gathers transaction records into bundles of up to 16, flushed when full, 100 us after the first
// record, or at shutdown. Every record is in exactly one place: a refused one stays with the caller,
// an accepted one is held until a sink took its bundle. So `accepted` = `flushed` + `held`, always.
// It has no timer of its own: the duty cycle asks `shouldFlushTimeout`.
import {
  bundleAt as bundleAtShared,
  bundleBytes,
  bundleRecordsMax as bundleRecordsMaxShared,
  bundleTimeoutNs,
  transactionAt as transactionAtShared,
  transactionRecordBytes as transactionRecordBytesShared,
} from "./bundle-layout.ts";
import { checkRecord, copyRecord, putU64, recordCode, u64At } from "./transaction-record.ts";

// Own constants, because an imported binding is loaded at each use.
const bundleAt = bundleAtShared;
const bundleRecordsMax: number = bundleRecordsMaxShared;
const transactionAt = transactionAtShared;
const transactionRecordBytes: number = transactionRecordBytesShared;

/**
 * Takes a whole bundle, `bundleBytes` at `at`, and copies what it keeps; false when it has no room
 * and has taken nothing. Must not throw.
 */
export type BundleSink = { tryPush(view: DataView, at: number): boolean };

/** What became of an added record. */
export const addOutcome = {
  accepted: 0,
  /** Taken as the 16th, but the sink was full: held; do not add it again. */
  acceptedNotFlushed: 1,
  /** Not taken, nothing changed: the sink is full. Add it again later. */
  refused: 2,
  /** Not taken: the bytes are no record (`checkRecord`). */
  invalid: 3,
} as const;

/** A code of `addOutcome`. */
export type AddOutcome = (typeof addOutcome)[keyof typeof addOutcome];

/** Why a bundle was flushed; a full one is always "size", whoever asked. */
export type FlushReason = "size" | "timeout" | "shutdown";

/** What a builder is made of; `timeoutNs` is 0 to 10^9, 100,000 when left out. */
export type BundleBuilderOptions = {
  readonly sink: BundleSink;
  /** Given the time of every record from ingress to flush, ns. */
  readonly onLatencyNs?: (ns: number) => void;
  readonly timeoutNs?: number;
};

const ignore = (): void => undefined;

/** One thread; `add` allocates nothing. Times are monotonic ns, of the origin of `ingressNs`. */
export class BundleBuilder {
  /** Records. */
  accepted = 0;
  refused = 0;
  invalid = 0;
  flushed = 0;
  /** Flushed bundles by reason. */
  readonly bundles: Record<FlushReason, number> = { size: 0, timeout: 0, shutdown: 0 };
  /** Times that the sink had no room for a bundle. */
  sinkFull = 0;
  readonly #sink: BundleSink;
  readonly #onLatencyNs: (ns: number) => void;
  #timeoutNs: number;
  readonly #view = new DataView(new ArrayBuffer(bundleBytes));
  #held = 0;
  #firstNs = 0;

  /** @throws RangeError for a `timeoutNs` outside 0 to 10^9. */
  constructor({ sink, onLatencyNs = ignore, timeoutNs = bundleTimeoutNs }: BundleBuilderOptions) {
    this.#sink = sink;
    this.#onLatencyNs = onLatencyNs;
    this.#timeoutNs = checkedTimeoutNs(timeoutNs);
  }

  /** Another time-out, for what is held too. @throws RangeError as the constructor. */
  configure(timeoutNs: number): void {
    this.#timeoutNs = checkedTimeoutNs(timeoutNs);
  }

  /** Records accepted and not yet flushed, 0 to 16. */
  get held(): number {
    return this.#held;
  }

  /** Adds the 32-byte record at `at`. A full or late bundle is flushed before, the 16th at once. */
  add(view: DataView, at: number, nowNs: number): AddOutcome {
    if (checkRecord(view, at) !== recordCode.ok) {
      this.invalid += 1;
      return addOutcome.invalid;
    }
    if (this.shouldFlushTimeout(nowNs) && !this.forceFlush("timeout", nowNs)) {
      this.refused += 1;
      return addOutcome.refused;
    }
    if (this.#held === 0) this.#firstNs = nowNs;
    copyRecord(view, at, this.#view, this.#held * transactionRecordBytes);
    this.#held += 1;
    this.accepted += 1;
    if (this.#held < bundleRecordsMax) return addOutcome.accepted;
    return this.forceFlush("timeout", nowNs) ? addOutcome.accepted : addOutcome.acceptedNotFlushed;
  }

  /** Whether a flush is due: time is over, or a full bundle still waits for its sink. */
  shouldFlushTimeout(nowNs: number): boolean {
    if (this.#held === 0) return false;
    return this.#held === bundleRecordsMax || nowNs - this.#firstNs >= this.#timeoutNs;
  }

  /**
   * Flushes what is held; true when nothing is held any more, also when nothing was. False: the sink
   * is full and everything is still held. `reason` is counted unless the bundle is full.
   */
  forceFlush(reason: "timeout" | "shutdown", nowNs: number): boolean {
    const records = this.#held;
    if (records === 0) return true;
    this.#view.setUint32(bundleAt.count, records, true);
    putU64(this.#view, bundleAt.firstNs, this.#firstNs);
    if (!this.#sink.tryPush(this.#view, 0)) {
      this.sinkFull += 1;
      return false;
    }
    this.#held = 0;
    this.flushed += records;
    this.bundles[records === bundleRecordsMax ? "size" : reason] += 1;
    for (let i = 0; i < records; i += 1) {
      const ingressAt = i * transactionRecordBytes + transactionAt.ingressNs;
      this.#onLatencyNs(nowNs - u64At(this.#view, ingressAt));
    }
    return true;
  }
}

const checkedTimeoutNs = (timeoutNs: number): number => {
  if (timeoutNs >= 0 && timeoutNs <= 1e9) return timeoutNs;
  throw new RangeError(`timeoutNs=${timeoutNs}, limits 0 to 1000000000`);
};
