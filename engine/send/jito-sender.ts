// Sends bundles to Jito's block engine and asks what became of them. A region that fails or has no
// request left is passed over for the next one; the bytes stay the same, so that a bundle which two
// regions took can still land only once. It never signs, and never falls back to plain sending:
// that would give up that all transactions of a bundle run or none.
import { backoffDefaults, type BackoffLimits, checkBackoff } from "./backoff.ts";
import { checkInteger, checkMs, checkRate, givenOf } from "./check-option.ts";
import { jitoBundle } from "./jito-bundle.ts";
import { JitoRegion, statusIdsMax, type BundleStatus } from "./jito-region.ts";
import { jitoTipAccounts } from "./jito-tip.ts";
import type { JsonRpc } from "./json-rpc.ts";
import type { RpcFailure } from "./rpc-failure.ts";

/** Waits for the place of one request: other requests may be faster each time. */
const waitsMax = 1000;

/** A bundle that a region has taken. */
export type Receipt = { readonly bundleId: string; readonly region: string };

/** What became of a send. */
export type BundleOutcome =
  /** Nothing was sent: the default. */
  | { readonly kind: "dry-run"; readonly signatures: readonly string[] }
  /** No bundle that a block engine takes; nothing was sent. */
  | { readonly kind: "invalid"; readonly reason: string }
  /** Taken; `follow` tells whether it lands. */
  | ({ readonly kind: "accepted"; readonly signatures: readonly string[] } & Receipt)
  /**
   * No region took it, and none will; or, with a failure of class "retryable", none did until tries
   * were over or it was stopped: it may be sent again.
   */
  | { readonly kind: "rejected"; readonly failure: RpcFailure }
  /** Tries are over, or it was stopped; a region may have taken it. */
  | { readonly kind: "unknown"; readonly failure: RpcFailure | null };

/** Where a followed bundle ended. "unknown": neither landed nor failed while it was followed. */
export type BundleEnd =
  | { readonly kind: "landed"; readonly slot: number | null }
  | { readonly kind: "failed" }
  | { readonly kind: "unknown" };

/** What a sender is made of: regions, mode, and the clock and randomness that it runs by. */
export type JitoSenderOptions = {
  /** In order of preference; 2 at least are advised. */
  readonly regions: readonly { readonly name: string; readonly rpc: JsonRpc }[];
  /** "live" sends; the default "dry-run" checks the bundle and sends nothing. */
  readonly mode?: "dry-run" | "live";
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** Resolves early when the sender is stopped. */
  readonly sleepMs: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Of each region, above 0; 1 when left out, as Jito allows without a key. */
  readonly requestsPerSecond?: number;
  /** Requests of one send, over all regions; 8 when left out. */
  readonly attemptsMax?: number;
  readonly backoff?: BackoffLimits;
  /** Receivers that a tip is taken for one of; `jitoTipAccounts` when left out. */
  readonly tipAccounts?: readonly string[];
};

/** How long and how often bundles are asked after; times in ms. */
export type FollowOptions = {
  /** Looks at each bundle, 30 when left out. */
  readonly pollsMax?: number;
  /** Least time between two, 2,000 when left out. */
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
};

/** Sends and status requests share each region's rate limit and may overlap. */
export class JitoSender {
  readonly #options: Required<JitoSenderOptions>;
  readonly #regions: readonly JitoRegion[];

  /** @throws RangeError when there is no region, two have one name, or a number is out of its range. */
  constructor(options: JitoSenderOptions) {
    const defaults = { mode: "dry-run", requestsPerSecond: 1, attemptsMax: 8 } as const;
    const all = { ...defaults, backoff: backoffDefaults, tipAccounts: jitoTipAccounts };
    this.#options = { ...all, ...givenOf(options) };
    const { regions } = options;
    if (regions.length === 0) throw new RangeError("regions: expected 1 at least");
    if (new Set(regions.map(({ name }) => name)).size < regions.length)
      throw new RangeError("regions: names must differ");
    const { requestsPerSecond, nowMs, random, backoff, attemptsMax } = this.#options;
    checkInteger("attemptsMax", attemptsMax, 1);
    checkRate("requestsPerSecond", requestsPerSecond);
    checkBackoff(backoff);
    this.#regions = regions.map(
      (region) => new JitoRegion({ ...region, requestsPerSecond, nowMs, random, backoff }),
    );
  }

  /**
   * Sends 1 to 5 signed transactions, in order of execution, the tip last. Never rejects; ends as
   * "unknown" when `signal` is aborted.
   */
  async send(transactions: readonly Uint8Array[], signal?: AbortSignal): Promise<BundleOutcome> {
    const bundle = jitoBundle(transactions, this.#options.tipAccounts);
    if (typeof bundle === "string") return { kind: "invalid", reason: bundle };
    const { base64, signatures } = bundle;
    if (this.#options.mode !== "live") return { kind: "dry-run", signatures };
    let failure: RpcFailure | null = null;
    let mayBeSent = false;
    for (let attempt = 0; attempt < this.#options.attemptsMax; attempt += 1) {
      const region = await this.#take(this.#regions, signal);
      if (region === null) break;
      const answer = await region.sendBundle(base64);
      if (answer.ok)
        return { kind: "accepted", bundleId: answer.value, region: region.name, signatures };
      ({ failure } = answer);
      mayBeSent ||= failure.mayHaveActed;
      if (failure.class !== "retryable") break;
    }
    // What every region refused before it acted is nowhere.
    return failure === null || mayBeSent
      ? { kind: "unknown", failure }
      : { kind: "rejected", failure };
  }

  /**
   * Asks after bundles, five at a time, until each has landed or failed; every id has an end. Rejects
   * with a RangeError for a `pollsMax` that is no integer of 1 or more, or a `pollMs` that is no time.
   */
  async follow(
    receipts: readonly Receipt[],
    { pollsMax = 30, pollMs = 2000, signal }: FollowOptions = {},
  ): Promise<ReadonlyMap<string, BundleEnd>> {
    checkInteger("pollsMax", pollsMax, 1);
    checkMs("pollMs", pollMs);
    const ends = new Map<string, BundleEnd>();
    for (const { bundleId } of receipts) ends.set(bundleId, { kind: "unknown" });
    let open = receipts;
    for (let poll = 0; poll < pollsMax && open.length > 0; poll += 1) {
      if (poll > 0) await this.#options.sleepMs(pollMs);
      if (signal?.aborted === true) break;
      const statuses = await this.statuses(open, signal);
      for (const [id, status] of statuses) if (ends.has(id)) ends.set(id, endOf(status));
      open = open.filter(({ bundleId }) => ends.get(bundleId)?.kind === "unknown");
    }
    return ends;
  }

  /** One look at each bundle, by its region; those whose request failed are left out. */
  async statuses(
    receipts: readonly Receipt[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, BundleStatus>> {
    const found = new Map<string, BundleStatus>();
    for (const region of this.#regions) {
      const ids = receipts.filter((one) => one.region === region.name).map((one) => one.bundleId);
      for (let first = 0; first < ids.length; first += statusIdsMax) {
        if ((await this.#take([region], signal)) === null) return found;
        const answer = await region.statuses(ids.slice(first, first + statusIdsMax));
        if (!answer.ok) break;
        for (const [id, status] of answer.value) found.set(id, status);
      }
    }
    return found;
  }

  /** The region that may be asked first, in order of preference; null when stopped or never free. */
  async #take(
    regions: readonly JitoRegion[],
    signal: AbortSignal | undefined,
  ): Promise<JitoRegion | null> {
    for (let wait = 0; wait < waitsMax; wait += 1) {
      if (signal?.aborted === true) break;
      const free = regions.find((region) => region.tryTake());
      if (free !== undefined) return free;
      await this.#options.sleepMs(Math.min(...regions.map((region) => region.readyInMs())));
    }
    return null;
  }
}

const endOf = ({ state, landedSlot }: BundleStatus): BundleEnd => {
  if (state === "landed") return { kind: "landed", slot: landedSlot };
  return state === "failed" ? { kind: "failed" } : { kind: "unknown" };
};
