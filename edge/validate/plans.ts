// The validation plans of the registry that serves: one for each tenant while they are few, else one
// for all tenants with equal rules. Made when it is first needed and again when the registry or the
// rules change. What a plan remembers of shapes is worth keeping, and to make one takes as long as
// hundreds of spans; a bound on their number keeps strangers from filling the isolate.
import { profileLevels } from "../../schemas/validate/finding-table.ts";
import type { FindingRule } from "../../schemas/validate/finding-rules.ts";
import { ValidationPlan } from "../../schemas/validate/plan.ts";
import type { Tenant } from "../authenticate/tenant-document.ts";
import { fixedLimits } from "../limits.ts";
import type { Registry } from "../registry/registry-holder.ts";
import { defaultRules, ruleTable, toldTable } from "./validation-rules.ts";

/**
 * How the edge validates: "weaver" finds what Weaver's live-check does and no more, "off" nothing, but
 * bytes are still proven.
 */
export type ValidationSettings = {
  readonly profile: "weir" | "weaver" | "off";
  readonly rules: readonly FindingRule[];
};

/** Plans kept at a time. A full one has 3 MB of shapes. */
export const plansMax = 8;

type Rules = readonly FindingRule[];

/** One per isolate. */
export class Plans {
  readonly #settings: ValidationSettings;
  /** Level of each code in the profile. */
  readonly levels: Uint8Array;
  /** The one that was asked for last is the last. */
  readonly #kept = new Map<string, ValidationPlan>();
  /** Equal rules have one number: a request is not to pay for their text. */
  readonly #numbers = new WeakMap<Rules, number>();
  /** Begun anew when full: then equal rules may have two numbers, which costs a plan. */
  readonly #numberOfText = new Map<string, number>();
  #numbersGiven = 0;
  /** There were more tenants than plans: from then on equal rules share one. */
  #isShared = false;
  #lastKey = "";

  constructor(settings: ValidationSettings) {
    this.#settings = settings;
    const levels = settings.profile === "off" ? undefined : profileLevels(settings.profile);
    this.levels = levels ?? profileLevels("weir").fill(0);
  }

  /** The tenant's plan for this registry. */
  of(tenant: Tenant, registry: Registry): ValidationPlan {
    const key = this.#keyOf(tenant, registry);
    const kept = this.#kept.get(key);
    if (kept === undefined) return this.#made(tenant, registry);
    if (key !== this.#lastKey) {
      this.#kept.delete(key);
      this.#put(key, kept);
    }
    return kept;
  }

  #keyOf({ name, rules }: Tenant, { version }: Registry): string {
    return `${version}\n${this.#isShared ? "" : name}\n${this.#numberOf(rules)}`;
  }

  #numberOf(rules: Rules): number {
    const known = this.#numbers.get(rules);
    if (known !== undefined) return known;
    if (this.#numberOfText.size >= fixedLimits.tenantsMax) this.#numberOfText.clear();
    const text = JSON.stringify(rules);
    const number = this.#numberOfText.get(text) ?? this.#numbersGiven;
    if (number === this.#numbersGiven) this.#numbersGiven += 1;
    this.#numberOfText.set(text, number);
    this.#numbers.set(rules, number);
    return number;
  }

  #put(key: string, plan: ValidationPlan): void {
    this.#kept.set(key, plan);
    this.#lastKey = key;
  }

  #made(tenant: Tenant, registry: Registry): ValidationPlan {
    if (this.#kept.size >= plansMax) this.#makeRoom(registry);
    const { tables } = registry;
    const rules = ruleTable(tenant.rules, this.#settings.rules, defaultRules);
    const isWeaver = this.#settings.profile === "weaver";
    const told = toldTable(tenant.rules, this.#settings.rules);
    const plan = new ValidationPlan({ tables, levels: this.levels, rules, told, isWeaver });
    this.#put(this.#keyOf(tenant, registry), plan);
    return plan;
  }

  /** The plan that was not asked for longest goes; when it serves like the new one, all do. */
  #makeRoom({ version }: Registry): void {
    const [oldest = ""] = this.#kept.keys();
    const isServing = oldest.startsWith(`${version}\n`);
    if (this.#isShared || !isServing) this.#kept.delete(oldest);
    else {
      this.#isShared = true;
      this.#kept.clear();
    }
  }
}
