// What the edge has done since its isolate started. One isolate writes it, /status prints it. The
// law: in = accepted + sampled out + rejected + dropped + unconfirmed + in flight, per signal, at every moment.
// And of the accepted: accepted = in the log + rejected after acknowledge + kept in the storage.
import type { ItemsBySignal } from "../forward/forwarder.ts";
import { fixedLimits } from "../limits.ts";
import { type Signal, signals } from "../receive/endpoints.ts";

/** Distinct reasons, statuses or tenants kept per table; further ones count as "other". */
const keysMax = fixedLimits.statisticKeysMax;

const addTo = (table: Map<string, number>, key: string, count: number): void => {
  // A record for weir-rejected has no items of its own: it occurs, and nothing is refused with it.
  if (count === 0) return;
  const kept = table.has(key) || table.size < keysMax ? key : "other";
  table.set(kept, (table.get(kept) ?? 0) + count);
};

type Snapshot = { readonly [name: string]: unknown };

/** Counts of one signal's items (spans, data points, log records, transactions, messages). */
export class SignalCounters {
  /** Items that were decoded far enough to be counted. */
  in = 0;
  /** Items that the log acknowledged, or the forwarder's storage on its way there. */
  accepted = 0;
  /** Items whose send ended without an answer: they may be in the log. */
  unconfirmed = 0;
  /** Further copies of accepted items that the log may hold: one for each send without an answer. */
  repeatable = 0;
  /** Items that head sampling let go. */
  sampledOut = 0;
  readonly #rejected = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  #refused = 0;

  /** The sender was told, by count and reason or by the status of the answer. */
  reject(reason: string, count: number): void {
    this.#refused += count;
    addTo(this.#rejected, reason, count);
  }

  /** Items that were taken but did not go on. */
  drop(reason: string, count: number): void {
    this.#refused += count;
    addTo(this.#dropped, reason, count);
  }

  snapshot(): Snapshot & { readonly repeatable: number } {
    const { in: received, accepted, unconfirmed, repeatable, sampledOut } = this;
    const rejected = Object.fromEntries(this.#rejected);
    const dropped = Object.fromEntries(this.#dropped);
    const inFlight = received - accepted - unconfirmed - sampledOut - this.#refused;
    const outcomes = { accepted, sampledOut, rejected, dropped, unconfirmed, repeatable };
    return { in: received, ...outcomes, inFlight };
  }
}

const lateReasons = (items = 0): { readonly [reason: string]: number } =>
  items === 0 ? {} : { "too-large": items };

/**
 * Of one tenant: requests with items that authenticated, those of them refused for want of a right,
 * by rate or by quota, items decoded.
 */
type TenantCounts = { requests: number; refused: number; items: number };

/** All counters of an isolate. */
export class Counters {
  readonly signals: { readonly [signal in Signal]: SignalCounters } = {
    spans: new SignalCounters(),
    metrics: new SignalCounters(),
    logs: new SignalCounters(),
    transactions: new SignalCounters(),
    depth: new SignalCounters(),
  };
  readonly #requests = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #tenants = new Map<string, TenantCounts>();

  /** Counts one answered request under its HTTP status. */
  answered(status: number): void {
    addTo(this.#requests, String(status), 1);
  }

  /** Counts one request that was refused as a whole, under the code of edge/errors.ts. */
  refused(code: string): void {
    addTo(this.#refusals, code, 1);
  }

  /** The counts of one tenant; those of further tenants are one. */
  tenant(name: string): TenantCounts {
    const kept = this.#tenants.has(name) || this.#tenants.size < keysMax ? name : "other";
    const counts = this.#tenants.get(kept) ?? { requests: 0, refused: 0, items: 0 };
    this.#tenants.set(kept, counts);
    return counts;
  }

  /**
   * Of the accepted, on their way from the storage: items that the log found too large, and
   * further copies that it may hold, which may be more than the items. Undefined: not known.
   */
  snapshot(late?: ItemsBySignal, lateRepeats: ItemsBySignal = {}): Snapshot {
    const bySignal = signals.map((signal) => {
      const counts = this.signals[signal].snapshot();
      const repeatable = counts.repeatable + (lateRepeats[signal] ?? 0);
      const rejectedAfterAcknowledge = late && lateReasons(late[signal]);
      return [signal, { ...counts, repeatable, ...(late && { rejectedAfterAcknowledge }) }];
    });
    return {
      signals: Object.fromEntries(bySignal),
      requests: Object.fromEntries(this.#requests),
      refusals: Object.fromEntries(this.#refusals),
      tenants: Object.fromEntries(this.#tenants),
    };
  }
}
