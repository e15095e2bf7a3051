// Holds a tenant's kept spans near a budget by scaling the base rate: halved after a second above
// it, raised by steps after three calm seconds, never below the floor, back at 1 when the load is
// gone. Forced keeps (errors, slow spans) count against the budget but are not scaled. Pressure
// from behind (the fill of a queue, say) lowers the scale as well. One isolate, one tenant.

/** Measured over at least this long, which is also the shortest time between two changes. */
const intervalMs = 1000;
/** Above target x 1.1 the scale falls, below target x 0.9 it may rise, between them it stays. */
const overTarget = 1.1;
const underTarget = 0.9;
/** Pressure from which the scale falls, and up to which it may rise. */
const pressureHigh = 0.8;
const pressureLow = 0.5;
const decrease = 0.5;
const increase = 0.05;
/** Calm intervals after a decrease before the first increase. */
const calmIntervals = 3;

/**
 * From the floor to 1, once load and pressure are low: the calm intervals, a step of 0.05 a second,
 * and one interval that had begun before.
 */
export const recoveryMsMax = (calmIntervals + 1 / increase + 1) * intervalMs;

/** What a controller holds to. */
export type BudgetTarget = {
  /** Kept spans per second; 0 = none, then only pressure counts. */
  readonly spansPerSMax: number;
  /** The scale's floor, above 0 to 1. */
  readonly scaleMin: number;
};

/** Time and pressure are passed in; nothing happens between two calls. */
export class BudgetController {
  /** What the base rate is multiplied with. */
  scale = 1;
  readonly #target: BudgetTarget;
  #startMs: number;
  #kept = 0;
  #keptByBase = 0;
  #calm = calmIntervals;

  constructor(target: BudgetTarget, nowMs: number) {
    this.#target = target;
    this.#startMs = nowMs;
  }

  /** Counts what a pass has kept: all of it, and that of the base rule. */
  add(kept: number, keptByBase: number): void {
    this.#kept += kept;
    this.#keptByBase += keptByBase;
  }

  /** Ends the interval when it is long enough; `pressure` is 0 to 1. True when the scale changed. */
  step(nowMs: number, pressure: number): boolean {
    const elapsedMs = nowMs - this.#startMs;
    // A clock that was set back begins a new interval.
    if (elapsedMs >= 0 && elapsedMs < intervalMs) return false;
    const before = this.scale;
    if (elapsedMs > 0) this.#adapt(elapsedMs, pressure);
    this.#startMs = nowMs;
    this.#kept = 0;
    this.#keptByBase = 0;
    return this.scale !== before;
  }

  #adapt(elapsedMs: number, pressure: number): void {
    const { spansPerSMax, scaleMin } = this.#target;
    const perS = (this.#kept * 1000) / elapsedMs;
    const hasBudget = spansPerSMax > 0;
    if (pressure >= pressureHigh || (hasBudget && perS > spansPerSMax * overTarget)) {
      this.scale = Math.max(scaleMin, this.scale * decrease);
      this.#calm = 0;
      return;
    }
    if (pressure > pressureLow || (hasBudget && perS > spansPerSMax * underTarget)) return;
    // A long silence counts as the intervals that fit into it.
    const intervals = Math.floor(elapsedMs / intervalMs);
    const steps = Math.max(0, intervals - Math.max(0, calmIntervals - this.#calm));
    this.#calm = Math.min(calmIntervals, this.#calm + intervals);
    const wanted = Math.min(steps * increase, this.#room(perS, elapsedMs));
    this.scale = Math.min(1, this.scale + wanted);
  }

  /** How far the scale can rise before the spans of the base rule alone fill the budget. */
  #room(perS: number, elapsedMs: number): number {
    const basePerS = (this.#keptByBase * 1000) / elapsedMs;
    if (this.#target.spansPerSMax === 0 || basePerS === 0) return 1;
    return (this.scale * (this.#target.spansPerSMax - perS)) / basePerS;
  }
}
