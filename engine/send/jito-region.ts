// One region of Jito's block engine: its requests with their answers checked, its own rate limit,
// and how long it is left alone after a failure.
import { backoffOf, type BackoffLimits } from "./backoff.ts";
import { isObject, type JsonRpc, type RpcValue } from "./json-rpc.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Most bundles of one status request. */
export const statusIdsMax = 5;

/** "invalid": not known, or older than 5 minutes; a new bundle is often that at first. */
type BundleState = "invalid" | "pending" | "failed" | "landed";

/** `landedSlot` is null unless landed. */
export type BundleStatus = { readonly state: BundleState; readonly landedSlot: number | null };

export type RegionOptions = {
  readonly name: string;
  readonly rpc: JsonRpc;
  /** 1 unless Jito has raised it for the key. */
  readonly requestsPerSecond: number;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly backoff: BackoffLimits;
};

/** Address of a mainnet region's bundle API, such as of "frankfurt" or "ny". */
export const jitoUrl = (region: string): string =>
  `https://${region}.mainnet.block-engine.jito.wtf/api/v1/bundles`;

/** Requests are made by one sender, which waits for `readyInMs` first. */
export class JitoRegion {
  readonly name: string;
  readonly #options: RegionOptions;
  readonly #bucket: TokenBucket;
  #failures = 0;
  #restUntilMs = 0;

  constructor(options: RegionOptions) {
    this.name = options.name;
    this.#options = options;
    const { requestsPerSecond, nowMs } = options;
    this.#bucket = new TokenBucket({ perSecond: requestsPerSecond, burst: 1, nowMs });
  }

  /** Ms until a request may be made, by the rate limit and after failures. */
  readyInMs(): number {
    const restMs = this.#restUntilMs - this.#options.nowMs();
    return Math.max(this.#bucket.waitMs(), Math.ceil(restMs), 0);
  }

  /** Takes the place of one request; false when it must wait. */
  tryTake(): boolean {
    return this.readyInMs() === 0 && this.#bucket.tryTake();
  }

  /** The id of the bundle: a receipt, not a landing. */
  async sendBundle(base64: readonly string[]): Promise<RpcValue<string>> {
    const params = [base64, { encoding: "base64" }];
    const read = (result: unknown): string | null =>
      typeof result === "string" && result !== "" ? result : null;
    return this.#settle(await this.#options.rpc.ask("sendBundle", params, read));
  }

  /** Up to `statusIdsMax` ids; one status each, by id. */
  async statuses(ids: readonly string[]): Promise<RpcValue<ReadonlyMap<string, BundleStatus>>> {
    const method = "getInflightBundleStatuses";
    return this.#settle(await this.#options.rpc.ask(method, [ids], readStatuses));
  }

  #settle<T>(answer: RpcValue<T>): RpcValue<T> {
    const { backoff, nowMs, random } = this.#options;
    if (answer.ok) this.#failures = 0;
    else if (answer.failure.class === "retryable") {
      const { retryAfterMs } = answer.failure;
      this.#restUntilMs = nowMs() + backoffOf(this.#failures, retryAfterMs, random(), backoff);
      this.#failures += 1;
    }
    return answer;
  }
}

const states: ReadonlyMap<unknown, BundleState> = new Map([
  ["Invalid", "invalid"],
  ["Pending", "pending"],
  ["Failed", "failed"],
  ["Landed", "landed"],
]);

const readStatuses = (result: unknown): ReadonlyMap<string, BundleStatus> | null => {
  const list: unknown = isObject(result) ? result["value"] : null;
  if (!Array.isArray(list)) return null;
  const byId = new Map<string, BundleStatus>();
  for (const one of list as readonly unknown[]) {
    if (!isObject(one) || typeof one["bundle_id"] !== "string") return null;
    const state = states.get(one["status"]);
    const slot = one["landed_slot"] ?? null;
    if (state === undefined || (slot !== null && !Number.isSafeInteger(slot))) return null;
    byId.set(one["bundle_id"], { state, landedSlot: slot === null ? null : Number(slot) });
  }
  return byId;
};
