// How much a tenant may send: token buckets and a day's count, in one isolate's memory. Debt is
// allowed: what a request holds is known only when it has been read, so a bucket that is not empty
// lets it in, and its items are taken afterwards; the bucket then stays shut until they are repaid.
import { type Refusal, refuse } from "../errors.ts";
import { type TenantRates, unlimited } from "./tenant-document.ts";

const dayMs = 86_400_000;
const sMs = 1000;

/** Requests that run side by side may see times that differ by less; a clock set back, more. */
const backMsMax = 1000;

/** Fills with `perS` tokens a second up to `burst`; starts full. A clock that runs backwards fills nothing. */
export class TokenBucket {
  readonly #perS: number;
  readonly #burst: number;
  #level: number;
  #atMs: number;

  constructor(perS: number, burst: number, nowMs: number) {
    this.#perS = perS;
    this.#burst = burst;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  /** Milliseconds until there is at least `tokens`; 0 = now. */
  waitMs(tokens: number, nowMs: number): number {
    this.#fill(nowMs);
    const missing = Math.min(tokens, this.#burst) - this.#level;
    return missing <= 0 ? 0 : Math.ceil((missing / this.#perS) * sMs);
  }

  /** Takes tokens, below zero if need be. */
  take(tokens: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#level -= tokens;
  }

  #fill(nowMs: number): void {
    if (this.#atMs - nowMs > backMsMax) this.#atMs = nowMs;
    if (nowMs <= this.#atMs || this.#perS === Infinity) return;
    this.#level = Math.min(this.#burst, this.#level + ((nowMs - this.#atMs) / sMs) * this.#perS);
    this.#atMs = nowMs;
  }
}

const rateNames = Object.keys(unlimited) as readonly (keyof TenantRates)[];

const limited = (what: string, waitMs: number): Refusal =>
  refuse("rate-limited", `${what}; free again in ${waitMs} ms`, {
    retryAfterS: Math.max(1, Math.ceil(waitMs / sMs)),
  });

/** The use of one tenant. Lives as long as its isolate. */
export class TenantMeter {
  #rates: TenantRates;
  #requests: TokenBucket;
  #items: TokenBucket;
  #day: number;
  #itemsToday = 0;

  constructor(rates: TenantRates, nowMs: number) {
    this.#rates = rates;
    this.#requests = new TokenBucket(rates.requestsPerS, rates.requestsBurst, nowMs);
    this.#items = new TokenBucket(rates.itemsPerS, rates.itemsBurst, nowMs);
    this.#day = Math.floor(nowMs / dayMs);
  }

  /** Other rates start with full buckets; what was used of the day, and is under way, stays counted. */
  measureBy(rates: TenantRates, nowMs: number): void {
    if (rates === this.#rates) return;
    if (rateNames.every((name) => rates[name] === this.#rates[name])) return;
    this.#rates = rates;
    this.#requests = new TokenBucket(rates.requestsPerS, rates.requestsBurst, nowMs);
    this.#items = new TokenBucket(rates.itemsPerS, rates.itemsBurst, nowMs);
  }

  /** Lets one request in and takes its token, or says when to come again. Before its body is read. */
  admit(nowMs: number): Refusal | undefined {
    const { requestsPerS, itemsPerS, itemsPerDay } = this.#rates;
    this.#turnDay(nowMs);
    if (this.#itemsToday >= itemsPerDay) {
      const retryAfterS = Math.max(1, Math.ceil(((this.#day + 1) * dayMs - nowMs) / sMs));
      return refuse("quota-exceeded", `itemsPerDay=${itemsPerDay} is used up`, { retryAfterS });
    }
    const itemsMs = this.#items.waitMs(1, nowMs);
    if (itemsMs > 0) return limited(`itemsPerS=${itemsPerS} is exceeded`, itemsMs);
    const requestsMs = this.#requests.waitMs(1, nowMs);
    if (requestsMs > 0) return limited(`requestsPerS=${requestsPerS} is exceeded`, requestsMs);
    this.#requests.take(1, nowMs);
    return undefined;
  }

  /** Takes the items of a request that was let in. */
  charge(items: number, nowMs: number): void {
    this.#turnDay(nowMs);
    this.#itemsToday += items;
    this.#items.take(items, nowMs);
  }

  #turnDay(nowMs: number): void {
    const day = Math.floor(nowMs / dayMs);
    if (day <= this.#day) return;
    this.#day = day;
    this.#itemsToday = 0;
  }
}
