// How often a supervisor restarts before it gives up, and how long it waits each time: at most
// restartsMax in windowMs, exponentially longer within the window, with jitter so that engines
// that failed together do not come back together. The window is of time in which the worker was up:
// one that never is, because it hangs or does not start, uses its restarts up however long each
// takes. Time and randomness are passed in.

export type RestartLimits = {
  /** Restarts within the window; one more and the supervisor gives up. */
  readonly restartsMax: number;
  /** Of time in which the worker was up. */
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
  /** Of the restarts in the window, at most restartsMax. */
  #times: number[] = [];

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /**
   * Milliseconds to wait before the restart that a failure asks for; null when there were too many.
   * `upMs`: for how long the worker was up in all its lives. `random` is in [0, 1).
   */
  spend(upMs: number, random: number): number | null {
    const { restartsMax, windowMs, backoffMs, backoffMsMax, jitter } = this.#limits;
    this.#times = this.#times.filter((time) => upMs - time < windowMs);
    if (this.#times.length >= restartsMax) return null;
    const whole = Math.min(backoffMsMax, backoffMs * 2 ** this.#times.length);
    this.#times.push(upMs);
    return whole * (1 + jitter * (2 * random - 1));
  }

  /** None counts any more. */
  renew(): void {
    this.#times = [];
  }
}
