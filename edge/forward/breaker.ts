// Circuit breaker in front of the log: after one failed send (which had its own retries) nobody
// waits for the log again until a pause has passed, longer with each failure in a row. Holds no
// timer: whoever owns it asks.

/** Pauses between tries; milliseconds. */
export const breakerLimits = { pauseMsMin: 250, pauseMsMax: 5000, factor: 2 } as const;

/** One per sink. */
export class Breaker {
  readonly #now: () => number;
  #failures = 0;
  #retryAtMs = 0;
  #trips = 0;

  /** `now`: milliseconds, any origin that survives the owner. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The last send found the log out of reach. */
  get isTripped(): boolean {
    return this.#failures > 0;
  }

  /** Tripped, and it is too early to try again. */
  get isOpen(): boolean {
    return this.#failures > 0 && this.#now() < this.retryAtMs;
  }

  /** When the next try is due, on the clock of `now`; meaningless unless tripped. */
  get retryAtMs(): number {
    const nowMs = this.#now();
    // Further away than a pause can be: the clock was set back.
    return this.#retryAtMs - nowMs > breakerLimits.pauseMsMax ? nowMs : this.#retryAtMs;
  }

  /** Times that the log went out of reach. */
  get trips(): number {
    return this.#trips;
  }

  failed(): void {
    if (this.#failures === 0) this.#trips += 1;
    const { pauseMsMin, pauseMsMax, factor } = breakerLimits;
    const pauseMs = Math.min(pauseMsMax, pauseMsMin * factor ** this.#failures);
    this.#failures += 1;
    this.#retryAtMs = this.#now() + pauseMs;
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
