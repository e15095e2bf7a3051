// The report's statistics, with Weaver's keys. Its tables grow with what senders invent; ours hold
// `namesMax` names each, and what comes after is counted under "(other)". Tables of the registry's
// own names are as large as the registry.
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import type { Json } from "./exact-json.ts";
import type { LiveCheckResult } from "./findings.ts";

/** Of each table whose names come from senders. */
export const namesMax = 10_000;
export const overflowName = "(other)";

type Counts = Map<string, number>;

const countIn = (counts: Counts, name: string): void => {
  const key = counts.has(name) || counts.size < namesMax ? name : overflowName;
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const objectOf = (counts: Counts): Json => Object.fromEntries(counts);

/** Names of the registry beside names that it does not have. */
class Seen {
  readonly known: Counts = new Map();
  readonly unknown: Counts = new Map();

  expect(name: string): void {
    this.known.set(name, 0);
  }

  count(name: string): void {
    const before = this.known.get(name);
    if (before === undefined) countIn(this.unknown, name);
    else this.known.set(name, before + 1);
  }

  get seen(): number {
    return [...this.known.values()].filter((count) => count > 0).length;
  }
}

const spansShownMax = 20;

/** One per report. */
export class Statistics {
  #entities = 0;
  #advisories = 0;
  #silent = 0;
  readonly #byType: Counts = new Map();
  readonly #levels: Counts = new Map();
  readonly #highest: Counts = new Map();
  readonly #ids: Counts = new Map();
  readonly #messages: Counts = new Map();
  readonly #violations: Counts = new Map();
  readonly #violatedSpans: Counts = new Map();
  readonly attributes = new Seen();
  readonly metrics = new Seen();
  readonly events = new Seen();

  constructor({ groups }: ResolvedRegistry) {
    for (const { type, attributes, deprecated, metric_name: metric, name } of groups) {
      for (const attribute of attributes) {
        if (attribute.deprecated === undefined) this.attributes.expect(attribute.name);
      }
      if (deprecated !== undefined) continue;
      if (type === "metric" && metric !== undefined) this.metrics.expect(metric);
      if (type === "event" && name !== undefined) this.events.expect(name);
    }
  }

  /** One part of a sample, of the type that Weaver counts it as. */
  part(type: string, result: LiveCheckResult): void {
    this.#entities += 1;
    countIn(this.#byType, type);
    const { all_advice: advice, highest_advice_level: highest } = result;
    if (highest === null) this.#silent += 1;
    else countIn(this.#highest, highest);
    for (const { id, level, message, signal_type: signal, signal_name: name } of advice) {
      this.#advisories += 1;
      countIn(this.#levels, level);
      countIn(this.#ids, id);
      countIn(this.#messages, message);
      if (level !== "violation") continue;
      countIn(this.#violations, id);
      if (signal === "span" && name !== null) countIn(this.#violatedSpans, name);
    }
  }

  /** Parts whose worst finding has this level. */
  highest(level: string): number {
    return this.#highest.get(level) ?? 0;
  }

  #coverage(): number {
    const all = [this.attributes, this.metrics, this.events];
    const total = all.reduce((sum, { known }) => sum + known.size, 0);
    const seen = all.reduce((sum, part) => sum + part.seen, 0);
    // 32-bit floats are what Weaver counts with.
    return total === 0 ? 0 : Math.fround(Math.fround(seen) / Math.fround(total));
  }

  #mostViolated(): Json {
    const sorted = [...this.#violatedSpans].sort((a, b) => b[1] - a[1]);
    return Object.fromEntries(sorted.slice(0, spansShownMax));
  }

  /** Weaver's statistics, and behind them the older ones of this project. */
  report(): Json {
    return {
      total_entities: this.#entities,
      total_entities_by_type: objectOf(this.#byType),
      total_advisories: this.#advisories,
      advice_level_counts: objectOf(this.#levels),
      highest_advice_level_counts: objectOf(this.#highest),
      no_advice_count: this.#silent,
      advice_type_counts: objectOf(this.#ids),
      advice_message_counts: objectOf(this.#messages),
      seen_registry_attributes: objectOf(this.attributes.known),
      seen_non_registry_attributes: objectOf(this.attributes.unknown),
      seen_registry_metrics: objectOf(this.metrics.known),
      seen_non_registry_metrics: objectOf(this.metrics.unknown),
      seen_registry_events: objectOf(this.events.known),
      seen_non_registry_events: objectOf(this.events.unknown),
      registry_coverage: this.#coverage(),
      total_validations: this.#entities,
      total_violations: this.#levels.get("violation") ?? 0,
      violations_by_type: objectOf(this.#violations),
      most_violated_spans: this.#mostViolated(),
    };
  }
}
