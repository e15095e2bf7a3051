// What the submit thread counts, in the engine's metrics. Every transaction that it reads from a tap
// ends in one counter: received = rejected + dropped + settled + in flight, also over its restarts.
import { cellOf, MetricCells } from "../metrics/cells.ts";
import type { MetricKey } from "../metrics/table.ts";
import { type Fate, fateNames } from "../events/event-layout.ts";

/** Why a transaction became no record. */
export type RejectReason = "no-price" | "repeated";

/** Why a transaction was given up on its way. */
export type DropReason =
  /** Older than its blockhash can be. */
  | "stale"
  /** It did not come out of the custom stages in time, or its place was needed. */
  | "stages"
  /** Still under way when the time to stop was over. */
  | "shutdown"
  /** In hand when its thread ended. */
  | "restart";

const rejectKeys: { readonly [why in RejectReason]: MetricKey } = {
  "no-price": "submitNoPrice",
  repeated: "submitRepeated",
};

const dropKeys: { readonly [why in DropReason]: MetricKey } = {
  stale: "submitStale",
  stages: "submitStages",
  shutdown: "submitShutdown",
  restart: "submitRestart",
};

const fateKeys: { readonly [fate in Fate]: MetricKey } = {
  "dry-run": "submitDryRun",
  invalid: "submitInvalid",
  rejected: "submitRejected",
  landed: "submitLanded",
  failed: "submitFailed",
  expired: "submitExpired",
  accepted: "submitAccepted",
  unknown: "submitUnknown",
};

/** What ends a transaction. */
const endKeys: readonly MetricKey[] = [
  ...Object.values(rejectKeys),
  ...Object.values(dropKeys),
  ...fateNames.map((fate) => fateKeys[fate]),
];

/** Flushed bundles by reason, as BundleBuilder counts them. */
type Bundles = { readonly size: number; readonly timeout: number; readonly shutdown: number };

/** On the submit thread, the one writer of its cells while it lives. */
export class SubmitCounts {
  readonly #metrics: MetricCells;
  #bundles: Bundles = { size: 0, timeout: 0, shutdown: 0 };

  constructor(memory: SharedArrayBuffer) {
    this.#metrics = new MetricCells(memory);
  }

  /**
   * What the thread had in hand is gone, and counted as that. It read `messagesRead` from the taps;
   * the last of it may not have been counted before it died. Control only, when the thread is dead.
   */
  died(messagesRead: number): void {
    this.#add("submitReceived", messagesRead - this.#metrics.read("submitReceived"));
    this.dropped(this.inFlight, "restart");
    this.#metrics.set(cellOf("submitInFlight"), 0);
  }

  /** Transactions read and not ended. */
  get inFlight(): number {
    const ended = endKeys.reduce((sum, key) => sum + this.#metrics.read(key), 0);
    return this.#metrics.read("submitReceived") - ended;
  }

  received(): void {
    this.#add("submitReceived", 1);
  }

  rejected(why: RejectReason): void {
    this.#add(rejectKeys[why], 1);
  }

  dropped(transactions: number, why: DropReason): void {
    this.#add(dropKeys[why], transactions);
  }

  settled(transactions: number, fate: Fate): void {
    this.#add(fateKeys[fate], transactions);
  }

  /** A record came out of the stages that belongs to no transaction. */
  foreignRecord(): void {
    this.#add("submitForeign", 1);
  }

  /** Brings bundles and what is in flight up to date. */
  publish(bundles: Bundles): void {
    this.#add("submitBundlesSize", bundles.size - this.#bundles.size);
    this.#add("submitBundlesTimeout", bundles.timeout - this.#bundles.timeout);
    this.#add("submitBundlesShutdown", bundles.shutdown - this.#bundles.shutdown);
    this.#bundles = { ...bundles };
    this.#metrics.set(cellOf("submitInFlight"), this.inFlight);
  }

  #add(key: MetricKey, amount: number): void {
    if (amount !== 0) this.#metrics.add(cellOf(key), amount);
  }
}
