// Which events leave the process: of each type one in so many, or none. Counted by type, so that
// the first of a type leaves and rare ones are not left to chance.
import { type EventType, eventTypes } from "../events/event-layout.ts";

/** Of how many recorded events of a type one leaves; 1 all, 0 none. Whole numbers. */
export type EventRule = { readonly [type in EventType]: number };

/** Refusals, drops and bundles all, the many others seldom. */
export const eventRuleDefaults: EventRule = {
  bytes_received: 0,
  prefilter_passed: 100,
  prefilter_rejected: 1000,
  candidate_extracted: 10,
  extraction_failed: 1,
  security_passed: 10,
  security_rejected: 1,
  handoff_sent: 10,
  handoff_dropped: 1,
  bundle_submitted: 1,
};

/** Applies a rule that is looked up anew for each reading, as a reload may change it. */
export class EventSampler {
  readonly #rule: () => EventRule;
  readonly #counts = new Float64Array(eventTypes.length);
  #current: EventRule;

  constructor(rule: () => EventRule) {
    this.#rule = rule;
    this.#current = rule();
  }

  /** To be called before a reading. */
  refresh(): void {
    this.#current = this.#rule();
  }

  /** Of how many events of this type one is taken, now. */
  oneIn(type: EventType): number {
    return this.#current[type];
  }

  /** Counts one event of the type with this code, and says whether it is to leave. */
  takes(code: number): boolean {
    const type = eventTypes[code];
    if (type === undefined) return false;
    const every = this.#current[type];
    const before = this.#counts[code] ?? 0;
    this.#counts[code] = before + 1;
    return every > 0 && before % every === 0;
  }
}
