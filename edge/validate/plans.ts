// The validation plan of each tenant for the registry that serves, made when it is first needed and
// again when the registry or the tenant's rules change. What a plan remembers of shapes is worth
// keeping; a bound on their number keeps strangers from filling the isolate.
import { profileLevels } from "../../schemas/validate/finding-table.ts";
import type { FindingRule } from "../../schemas/validate/finding-rules.ts";
import { ValidationPlan } from "../../schemas/validate/plan.ts";
import type { Tenant } from "../authenticate/tenant-document.ts";
import type { Registry } from "../registry/registry-holder.ts";
import { defaultRules, ruleTable } from "./validation-rules.ts";

/** How the edge validates; "off" finds nothing, but bytes are still proven. */
export type ValidationSettings = {
  readonly profile: "weir" | "weaver" | "off";
  readonly rules: readonly FindingRule[];
};

/** Plans kept at a time; one more forgets all. A full one has 3 MB of shapes. */
const plansMax = 8;

type Kept = { readonly plan: ValidationPlan; readonly rules: readonly FindingRule[] };

/** One per isolate. */
export class Plans {
  readonly #settings: ValidationSettings;
  /** Level of each code in the profile. */
  readonly levels: Uint8Array;
  readonly #kept = new Map<string, Kept>();

  constructor(settings: ValidationSettings) {
    this.#settings = settings;
    const levels = settings.profile === "off" ? undefined : profileLevels(settings.profile);
    this.levels = levels ?? profileLevels("weir").fill(0);
  }

  /** The tenant's plan for this registry. */
  of({ name, rules }: Tenant, { version, tables }: Registry): ValidationPlan {
    const key = `${version}\n${name}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.rules === rules) return kept.plan;
    if (this.#kept.size >= plansMax) this.#kept.clear();
    const table = ruleTable(rules, this.#settings.rules, defaultRules);
    const bindsSpans = this.#settings.profile !== "weaver";
    const { levels } = this;
    const plan = new ValidationPlan({ tables, levels, rules: table, bindsSpans });
    this.#kept.set(key, { plan, rules });
    return plan;
  }
}
