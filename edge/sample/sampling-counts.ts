// What the head sampler has done for one tenant since the isolate started, spans and log records
// apart. Sampled out is neither rejected nor dropped by overload: it has counters of its own.
import type { HeadTally } from "../../schemas/sampling/head-decisions.ts";
import { headRuleNames } from "../../schemas/sampling/head-rules.ts";

/** A snapshot for /status. */
export type CountsSnapshot = { readonly [name: string]: number | null };

/** One signal's counts; one isolate writes them. */
export class SamplingCounts {
  readonly #kept = headRuleNames.map(() => 0);
  readonly #dropped = headRuleNames.map(() => 0);
  #negativeDurations = 0;
  #inconsistent = 0;
  #repaired = 0;
  #unweighted = 0;
  #hashed = 0;

  /** Adds those of one pass. */
  add(tally: HeadTally): void {
    for (let rule = 0; rule < this.#kept.length; rule += 1) {
      this.#kept[rule] = (this.#kept[rule] ?? 0) + (tally.kept[rule] ?? 0);
      this.#dropped[rule] = (this.#dropped[rule] ?? 0) + (tally.dropped[rule] ?? 0);
    }
    this.#negativeDurations += tally.negativeDurations;
    this.#inconsistent += tally.inconsistent;
    this.#repaired += tally.repaired;
    this.#unweighted += tally.unweighted;
    this.#hashed += tally.hashed;
  }

  /** `error`, `slow` and `base` count what met the rule; effectiveRate is null before the first. */
  snapshot(): CountsSnapshot {
    const sampled = this.#kept.reduce((sum, count) => sum + count, 0);
    const dropped = this.#dropped.reduce((sum, count) => sum + count, 0);
    const total = sampled + dropped;
    const byRule = headRuleNames.map((name, rule) => [
      name,
      (this.#kept[rule] ?? 0) + (this.#dropped[rule] ?? 0),
    ]);
    return {
      sampled,
      dropped,
      ...(Object.fromEntries(byRule) as CountsSnapshot),
      effectiveRate: total === 0 ? null : sampled / total,
      negativeDurations: this.#negativeDurations,
      inconsistent: this.#inconsistent,
      repaired: this.#repaired,
      unweighted: this.#unweighted,
      hashed: this.#hashed,
    };
  }
}
