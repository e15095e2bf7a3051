// How often a supervisor restarts before it gives up, and how long it waits each time: at most
// restartsMax in windowMs, exponentially longer within the window, with jitter so that engines
// that failed together do not come back together. Time and randomness are passed in.

export type RestartLimits = {
  /** Restarts within the window; one more and the supervisor gives up. */
  readonly restartsMax: number;
  readonly windowMs: number;
  /** Wait before the first restart of a window; doubles with each further one. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Share by which a wait may be longer or shorter. */
  readonly jitter: number;
};

export const restartDefaults: RestartLimits = {
  restartsMax: 5,
  windowMs: 10_000,
  backoffMs: 50,
  backoffMsMax: 2_000,
  jitter: 0.2,
};

export class RestartBudget {
  readonly #limits: RestartLimits;
  /** Times of the restarts in the window, at most restartsMax. */
  #times: number[] = [];

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /**
   * Milliseconds to wait before the restart that a failure at `nowMs` asks for; null when there
   * were too many. `random` is in [0, 1).
   */
  spend(nowMs: number, random: number): number | null {
    const { restartsMax, windowMs, backoffMs, backoffMsMax, jitter } = this.#limits;
    this.#times = this.#times.filter((time) => nowMs - time < windowMs);
    if (this.#times.length >= restartsMax) return null;
    const whole = Math.min(backoffMsMax, backoffMs * 2 ** this.#times.length);
    this.#times.push(nowMs);
    return whole * (1 + jitter * (2 * random - 1));
  }
}
