// Looks up the tables that market threads ask for, by getMultipleAccounts of a Solana node: one
// request for up to 100 of them, rate-limited, repeated with back-off. What comes back goes into the
// cache, also that there is no such table. Control thread; nobody waits for it.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { type BackoffLimits, backoffOf } from "../send/backoff.ts";
import type { RpcFailure } from "../send/rpc-failure.ts";
import {
  accountsPerRequestMax,
  type Commitment,
  type RpcAccount,
  type SolanaRpc,
} from "../send/solana-rpc.ts";
import { TokenBucket } from "../send/token-bucket.ts";
import { tableKeysOf } from "./table-account.ts";
import type { TableCacheWriter } from "./table-cache-writer.ts";

/** Tables that wait for a request at most; further ones are dropped and counted. */
const pendingMax = 1024;
/** Requests under way at most. */
const requestsMax = 4;

export type ResolverLimits = {
  readonly commitment: Commitment;
  readonly requestsPerSecond: number;
  /** Requests for one table before it is given up. */
  readonly attemptsMax: number;
  /** A table, or address of it, that was looked for in vain is not looked for again for so long. */
  readonly absentMs: number;
  readonly backoff: BackoffLimits;
};

export type ResolverParts = {
  readonly cache: TableCacheWriter;
  readonly rpc: Pick<SolanaRpc, "accounts">;
  readonly limits: ResolverLimits;
  /** Monotonic us, of the clock that the market threads have. */
  readonly nowUs: () => number;
  readonly random: () => number;
};

/** Since the start. asked = answered + found + absent + gaveUp + full + waiting. */
export type ResolverCounts = {
  /** Requests of market threads. */
  asked: number;
  /** Of them: known meanwhile, or on their way already. */
  answered: number;
  found: number;
  absent: number;
  /** Asked for as often as may be, or the node wants no such request. */
  gaveUp: number;
  full: number;
  fetches: number;
  failures: number;
};

type Wanted = { readonly name: Uint8Array; readonly address: string; readonly attempts: number };

const none = new Uint8Array(0);

/** One for each cache. */
export class TableResolver {
  readonly counts: ResolverCounts = {
    asked: 0,
    answered: 0,
    found: 0,
    absent: 0,
    gaveUp: 0,
    full: 0,
    fetches: 0,
    failures: 0,
  };
  readonly #parts: ResolverParts;
  readonly #tokens: TokenBucket;
  /** In the order in which they were asked for. */
  readonly #pending = new Map<string, Wanted>();
  readonly #underWay = new Set<string>();
  #requests = 0;
  #failuresInRow = 0;
  #resumeUs = 0;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    const perSecond = parts.limits.requestsPerSecond;
    const nowMs = (): number => parts.nowUs() / 1000;
    this.#tokens = new TokenBucket({ perSecond, burst: Math.max(1, perSecond), nowMs });
  }

  /** Tables that wait for their answer. */
  get waiting(): number {
    return this.#pending.size + this.#underWay.size;
  }

  /** Whether no request is on its way. */
  get isIdle(): boolean {
    return this.#requests === 0;
  }

  /** A transaction refers to address `entry` of the table; `name` is kept. */
  ask(name: Uint8Array, entry: number): void {
    const { counts } = this;
    counts.asked += 1;
    const address = encodeBase58(name);
    const isAsked = this.#pending.has(address) || this.#underWay.has(address);
    if (isAsked || this.#isKnown(name, entry)) counts.answered += 1;
    else if (this.#pending.size >= pendingMax) counts.full += 1;
    else this.#pending.set(address, { name, address, attempts: 0 });
  }

  /** Sends what may be sent now; to be called every few milliseconds. */
  turn(): void {
    while (this.#pending.size > 0 && this.#requests < requestsMax) {
      if (this.#parts.nowUs() < this.#resumeUs || !this.#tokens.tryTake()) return;
      const batch = [...this.#pending.values()].slice(0, accountsPerRequestMax);
      for (const { address } of batch) {
        this.#pending.delete(address);
        this.#underWay.add(address);
      }
      // `accounts` never rejects.
      void this.#fetch(batch);
    }
  }

  #isKnown(name: Uint8Array, entry: number): boolean {
    const { cache, limits, nowUs } = this.#parts;
    const known = cache.look(name);
    if (known === null) return false;
    return entry < known.count || nowUs() - known.checkedUs < limits.absentMs * 1000;
  }

  async #fetch(batch: readonly Wanted[]): Promise<void> {
    const { rpc, limits } = this.#parts;
    const addresses = batch.map(({ address }) => address);
    this.#requests += 1;
    this.counts.fetches += 1;
    const answer = await rpc.accounts(addresses, limits.commitment);
    this.#requests -= 1;
    for (const address of addresses) this.#underWay.delete(address);
    if (answer.ok) this.#take(batch, answer.value);
    else this.#failed(batch, answer.failure);
  }

  #take(batch: readonly Wanted[], accounts: readonly (RpcAccount | null)[]): void {
    const { cache, nowUs } = this.#parts;
    this.#failuresInRow = 0;
    for (const [i, { name }] of batch.entries()) {
      const account = accounts[i] ?? null;
      const keys = account === null ? null : tableKeysOf(account);
      if (keys === null) this.counts.absent += 1;
      else this.counts.found += 1;
      cache.set(name, keys ?? none, nowUs());
    }
  }

  #failed(batch: readonly Wanted[], failure: RpcFailure): void {
    const { limits, nowUs, random } = this.#parts;
    this.counts.failures += 1;
    const { retryAfterMs } = failure;
    const waitMs = backoffOf(this.#failuresInRow, retryAfterMs, random(), limits.backoff);
    this.#failuresInRow += 1;
    this.#resumeUs = nowUs() + waitMs * 1000;
    for (const wanted of batch) {
      const attempts = wanted.attempts + 1;
      const isOver = failure.class !== "retryable" || attempts >= limits.attemptsMax;
      if (isOver) this.counts.gaveUp += 1;
      else this.#pending.set(wanted.address, { ...wanted, attempts });
    }
  }
}
