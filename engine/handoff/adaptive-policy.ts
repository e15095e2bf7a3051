// Chooses the drop policy by true sojourn time, from queueing to the send that took it: above the
// high mark the queue stands and the newest is dropped; below the low mark there is air and HIGH
// may block; between them it is as configured. Each way back needs a margin, and two changes are
// at least one interval apart, so that a mean at a mark does not flap.
import type { DropPolicy } from "./handoff-options.ts";

/** Share of a mark by which the mean must come back over it. */
const hysteresis = 0.2;

export type AdaptiveOptions = {
  readonly configured: DropPolicy;
  /** False: the policy stays as configured; the mean is taken all the same. */
  readonly adapts?: boolean;
  readonly highUs: number;
  readonly lowUs: number;
  readonly intervalUs: number;
};

/** One thread. */
export class AdaptivePolicy {
  policy: DropPolicy;
  /**
   * Mean sojourn of the last interval that had a send, or the longest wait in a later one that stood
   * still; NaN before the first.
   */
  meanUs = Number.NaN;
  changes = 0;
  #options: AdaptiveOptions;
  #state: "high" | "between" | "low" = "between";
  #sum = 0;
  #count = 0;
  #nextUs = Number.NaN;

  constructor(options: AdaptiveOptions) {
    this.#options = options;
    this.policy = options.configured;
  }

  /** Other options from here on; what the last interval said goes on until the next. */
  configure(options: AdaptiveOptions): void {
    this.#options = options;
    if (options.adapts === false) this.#state = "between";
    this.policy = policyOf(this.#state, options.configured);
  }

  /** Adds the sojourn of one candidate that was sent. */
  record(sojournUs: number): void {
    this.#sum += sojournUs;
    this.#count += 1;
  }

  /**
   * Drains the interval when its time is over; call it at each turn of work. `waitUs` is how long the
   * oldest has waited that is not sent, 0 when all are.
   */
  update(nowUs: number, waitUs: number): void {
    if (Number.isNaN(this.#nextUs)) this.#nextUs = nowUs + this.#options.intervalUs;
    if (nowUs < this.#nextUs) return;
    this.#nextUs = nowUs + this.#options.intervalUs;
    // Only what waits through a whole interval stands still.
    if (this.#count === 0 && waitUs < this.#options.intervalUs) return;
    this.meanUs = this.#count === 0 ? waitUs : this.#sum / this.#count;
    this.#sum = 0;
    this.#count = 0;
    if (this.#options.adapts === false) return;
    const state = this.#nextState(this.meanUs);
    if (state === this.#state) return;
    this.#state = state;
    this.changes += 1;
    this.policy = policyOf(state, this.#options.configured);
  }

  #nextState(meanUs: number): "high" | "between" | "low" {
    const { highUs, lowUs } = this.#options;
    const leaveHigh = highUs * (1 - hysteresis);
    const leaveLow = Math.min(lowUs * (1 + hysteresis), highUs);
    if (meanUs > highUs) return "high";
    if (meanUs < lowUs) return "low";
    if (this.#state === "high" && meanUs > leaveHigh) return "high";
    return this.#state === "low" && meanUs < leaveLow ? "low" : "between";
  }
}

const policyOf = (state: "high" | "between" | "low", configured: DropPolicy): DropPolicy => {
  if (state === "high") return "drop-newest";
  return state === "low" ? "block" : configured;
};
