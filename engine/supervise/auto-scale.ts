// Decides how many threads a role should have from how long its records wait: one more when they
// have waited long for a while, one less when they have hardly waited for longer still. Between the
// two limits nothing changes, so that the number does not swing. What they wait while threads are being
// replaced, and for as long after, is the doing of that and asks for none. Time is passed in.

export type ScaleLimits = {
  readonly threadsMin: number;
  readonly threadsMax: number;
  /** Waits above it ask for one more thread, below the other for one less; microseconds. */
  readonly upUs: number;
  readonly downUs: number;
  /** For how long without a break, to add a thread. */
  readonly holdMs: number;
};

/** Removing a thread waits so many times longer than adding one. */
const downHolds = 4;

export class AutoScale {
  readonly #limits: ScaleLimits;
  #isSince: "up" | "down" | null = null;
  #sinceMs = 0;
  #threadsMin: number;
  /** Since when threads are being replaced. */
  #replacedSinceMs: number | null = null;
  /** Until when waits are those of a replacement. */
  #settlesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(limits: ScaleLimits) {
    this.#limits = limits;
    this.#threadsMin = limits.threadsMin;
  }

  /** A number that was asked for by hand is the least from now on. */
  keep(threads: number): void {
    this.#threadsMin = threads;
  }

  /** The number of threads that there should be, given `threads` and their longest wait now. */
  decide(threads: number, waitUs: number, nowMs: number): number {
    const { upUs, downUs, holdMs, threadsMax } = this.#limits;
    if (this.#settles(nowMs)) return threads;
    const asks = waitUs > upUs ? "up" : waitUs < downUs ? "down" : null;
    if (asks !== this.#isSince || asks === null) {
      this.#isSince = asks;
      this.#sinceMs = nowMs;
      return threads;
    }
    const isAdding = asks === "up";
    const canChange = isAdding ? threads < threadsMax : threads > this.#threadsMin;
    if (!canChange || nowMs - this.#sinceMs < holdMs * (isAdding ? 1 : downHolds)) return threads;
    this.#isSince = null;
    return isAdding ? threads + 1 : threads - 1;
  }

  /** What was seen so far counts no more: the threads rest. */
  forget(): void {
    this.#isSince = null;
  }

  /** The threads are being replaced: what waits meanwhile is let go through for as long, or a hold. */
  replaced(nowMs: number): void {
    this.forget();
    this.#replacedSinceMs ??= nowMs;
  }

  #settles(nowMs: number): boolean {
    if (this.#replacedSinceMs !== null) {
      const tookMs = nowMs - this.#replacedSinceMs;
      this.#settlesUntilMs = nowMs + Math.max(this.#limits.holdMs, tookMs);
      this.#replacedSinceMs = null;
    }
    return nowMs < this.#settlesUntilMs;
  }
}
