// What validation found since the isolate started, for /status: by finding, by what became of it, and
// which definitions it was about. Bounded; the hot path adds to typed arrays only.
import { findingCodeMax, findingId } from "../../schemas/validate/finding-table.ts";
import { modeNames } from "../../schemas/validate/finding-rules.ts";
import { fixedLimits } from "../limits.ts";

const { statisticKeysMax } = fixedLimits;
/** Definitions shown, those with most findings first. */
const mostViolatedShown = 10;

/** Of one registry: the one that serves, or a canary. */
export class FindingCounts {
  readonly #byCode = new Float64Array(findingCodeMax + 1);
  readonly #byMode = new Float64Array(modeNames.length);
  readonly #byName = new Map<string, number>();
  #records = 0;

  /** One finding by its code. */
  add(code: number): void {
    this.#byCode[code] = (this.#byCode[code] ?? 0) + 1;
  }

  /** Records that were looked at. */
  looked(records: number): void {
    this.#records += records;
  }

  /** Records that this became of. */
  decided(mode: number, records: number): void {
    this.#byMode[mode] = (this.#byMode[mode] ?? 0) + records;
  }

  /** A record of this definition, or of this name, was refused. */
  violated(name: string): void {
    const isKept = this.#byName.has(name) || this.#byName.size < statisticKeysMax;
    const key = isKept ? name : "other";
    this.#byName.set(key, (this.#byName.get(key) ?? 0) + 1);
  }

  snapshot(): { readonly [name: string]: unknown } {
    const findings: { [id: string]: number } = {};
    for (const [code, count] of this.#byCode.entries())
      if (count > 0) findings[findingId(code)] = (findings[findingId(code)] ?? 0) + count;
    const total = Object.values(findings).reduce((sum, count) => sum + count, 0);
    const byMode = modeNames.map((name, mode) => [name, this.#byMode[mode] ?? 0] as const);
    const sorted = [...this.#byName].toSorted(([, a], [, b]) => b - a);
    return {
      records: this.#records,
      recordsByDecision: Object.fromEntries(byMode.slice(1)),
      findings: total,
      findingsById: findings,
      mostViolated: Object.fromEntries(sorted.slice(0, mostViolatedShown)),
    };
  }
}
