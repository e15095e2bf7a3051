// Spaces requests out: one token a request, refilled at a steady rate up to a burst. It keeps no
// timer: it says when the next token is there, and the caller waits.
import { checkRate } from "./check-option.ts";

export type TokenBucketOptions = {
  readonly perSecond: number;
  /** Tokens that can be saved up; 1 at least. */
  readonly burst: number;
  /** Monotonic ms. */
  readonly nowMs: () => number;
};

/** One thread. Full at first. Counts in milliseconds of credit, which 1 a second keeps exact. */
export class TokenBucket {
  readonly #nowMs: () => number;
  readonly #tokenMs: number;
  readonly #creditMsMax: number;
  #creditMs: number;
  #lastMs: number;

  /** @throws RangeError for a rate of 0 or below, or a burst below 1. */
  constructor({ perSecond, burst, nowMs }: TokenBucketOptions) {
    checkRate("perSecond", perSecond);
    if (!(burst >= 1)) throw new RangeError(`burst=${burst} must be 1 at least`);
    this.#nowMs = nowMs;
    this.#tokenMs = 1000 / perSecond;
    this.#creditMsMax = this.#tokenMs * burst;
    this.#creditMs = this.#creditMsMax;
    this.#lastMs = nowMs();
  }

  /** Takes a token; false when there is none. */
  tryTake(): boolean {
    this.#refill();
    if (this.#creditMs < this.#tokenMs) return false;
    this.#creditMs -= this.#tokenMs;
    return true;
  }

  /** Ms until a token is there, rounded up; 0 when there is one. */
  waitMs(): number {
    this.#refill();
    return Math.max(0, Math.ceil(this.#tokenMs - this.#creditMs));
  }

  #refill(): void {
    const nowMs = this.#nowMs();
    const gainedMs = Math.max(0, nowMs - this.#lastMs);
    this.#creditMs = Math.min(this.#creditMsMax, this.#creditMs + gainedMs);
    this.#lastMs = nowMs;
  }
}
