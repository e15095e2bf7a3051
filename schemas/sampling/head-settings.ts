// The head sampling policy as people write it (JSON), read into rates for each tenant. Strict: an
// unknown key or a rate that is none is a fault with its path. Compiling is head-rules.ts.
//   { "error": 1, "slow": 0.5, "base": 0.01, "slowMs": 1000, "logs": 0.01,
//     "spansPerSMax": 0, "baseFloor": 0.001,
//     "overrides": [{ "service": "check*", "operation": "GET /pay", "base": 0.1 }],
//     "tenants": { "acme": { "base": 0.05, "overrides": [] } } }
import { isProbability } from "./threshold.ts";

/** Probabilities, 2^-56 to 1. */
export type HeadRates = {
  /** Spans with status error; never less than `slow`. */
  readonly error: number;
  /** Spans that lasted longer than `slowMs`; never less than `base`. */
  readonly slow: number;
  /** All others. */
  readonly base: number;
  /** Log records; null = as `base`. */
  readonly logs: number | null;
  readonly slowMs: number;
};

/** Rates of some spans: exact names, or beginnings with `*` behind them; "" matches every one. */
export type HeadOverride = {
  readonly service: string;
  /** The span's name; an override with one matches no log record. */
  readonly operation: string;
  readonly rates: HeadRates;
};

/** One tenant's policy. */
export type TenantPolicy = {
  readonly rates: HeadRates;
  /** The first that matches decides. */
  readonly overrides: readonly HeadOverride[];
  /** Kept spans per second, in one isolate, above which the base rate falls; 0 = no budget. */
  readonly spansPerSMax: number;
  /** The base rate does not fall below this, or below itself when it is smaller. */
  readonly baseFloor: number;
};

/** The policies of all tenants. */
export type HeadSettings = {
  /** Of every tenant without a policy of its own. */
  readonly others: TenantPolicy;
  readonly tenants: ReadonlyMap<string, TenantPolicy>;
};

/** `faults`: path and what was expected, never the value. */
export type HeadSettingsRead =
  | { readonly ok: true; readonly settings: HeadSettings }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Overrides of one tenant. */
export const overridesMax = 64;
/** Tenants with a policy of their own. */
export const policiesMax = 1024;
const nameCharsMax = 256;
const slowMsMax = 86_400_000;
const spansPerSLimit = 1e9;

/** Errors all, slow ones half, the others 1 %. */
export const defaultPolicy: TenantPolicy = {
  rates: { error: 1, slow: 0.5, base: 0.01, logs: null, slowMs: 1000 },
  overrides: [],
  spansPerSMax: 0,
  baseFloor: 0.001,
};

type Plain = { readonly [key: string]: unknown };

const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const rateKeys = ["error", "slow", "base", "logs", "slowMs"];
const policyKeys = [...rateKeys, "overrides", "spansPerSMax", "baseFloor"];
const overrideKeys = [...rateKeys, "service", "operation"];

/** Collects faults while it reads; a faulty value reads as what it would replace. */
class SettingsReader {
  readonly faults: string[] = [];

  policy(value: unknown, path: string, keys: readonly string[], from: TenantPolicy): TenantPolicy {
    const plain = this.#plain(value, path, keys);
    const rates = this.#rates(plain, path, from.rates);
    return {
      rates,
      overrides: this.#overrides(plain, path, { rates, from }),
      spansPerSMax: this.#number(plain, path, "spansPerSMax", {
        fallback: from.spansPerSMax,
        max: spansPerSLimit,
      }),
      baseFloor: this.#rate(plain, path, "baseFloor", from.baseFloor),
    };
  }

  #plain(value: unknown, path: string, keys: readonly string[]): Plain {
    if (!isPlain(value)) {
      this.faults.push(`${path}: expected an object`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) {
        this.faults.push(`${path}.${key.slice(0, 100)}: unknown, expected ${keys.join(", ")}`);
      }
    }
    return value;
  }

  #rates(plain: Plain, path: string, from: HeadRates): HeadRates {
    return {
      error: this.#rate(plain, path, "error", from.error),
      slow: this.#rate(plain, path, "slow", from.slow),
      base: this.#rate(plain, path, "base", from.base),
      logs: plain["logs"] === undefined ? from.logs : this.#rate(plain, path, "logs", 1),
      slowMs: this.#number(plain, path, "slowMs", { fallback: from.slowMs, max: slowMsMax }),
    };
  }

  #rate(plain: Plain, path: string, key: string, fallback: number): number {
    const value = plain[key];
    if (value === undefined) return fallback;
    if (typeof value === "number" && isProbability(value)) return value;
    this.faults.push(`${path}.${key}: expected a rate from 2^-56 to 1`);
    return fallback;
  }

  #number(
    plain: Plain,
    path: string,
    key: string,
    range: { readonly fallback: number; readonly max: number },
  ): number {
    const value = plain[key];
    if (value === undefined) return range.fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= range.max) {
      return value;
    }
    this.faults.push(`${path}.${key}: expected an integer from 0 to ${range.max}`);
    return range.fallback;
  }

  #overrides(
    plain: Plain,
    path: string,
    { rates, from }: { readonly rates: HeadRates; readonly from: TenantPolicy },
  ): readonly HeadOverride[] {
    const list = plain["overrides"];
    if (list === undefined) return from.overrides;
    if (!Array.isArray(list) || list.length > overridesMax) {
      this.faults.push(`${path}.overrides: expected a list of at most ${overridesMax}`);
      return [];
    }
    return list.map((entry: unknown, index) => {
      const place = `${path}.overrides[${index}]`;
      const override = this.#plain(entry, place, overrideKeys);
      return {
        service: this.#name(override, place, "service"),
        operation: this.#name(override, place, "operation"),
        rates: this.#rates(override, place, rates),
      };
    });
  }

  #name(plain: Plain, path: string, key: string): string {
    const value = plain[key] ?? "";
    if (typeof value === "string" && value.length <= nameCharsMax) return value;
    this.faults.push(`${path}.${key}: expected a text of at most ${nameCharsMax} characters`);
    return "";
  }

  tenants(value: unknown, others: TenantPolicy): ReadonlyMap<string, TenantPolicy> {
    const policies = new Map<string, TenantPolicy>();
    if (value === undefined) return policies;
    const isTable = isPlain(value) && Object.keys(value).length <= policiesMax;
    if (!isTable) {
      this.faults.push(`policy.tenants: expected an object of at most ${policiesMax} tenants`);
      return policies;
    }
    for (const [tenant, policy] of Object.entries(value)) {
      const path = `policy.tenants.${tenant.slice(0, 100)}`;
      policies.set(tenant, this.policy(policy, path, policyKeys, others));
    }
    return policies;
  }
}

/**
 * Reads a policy; what it does not say is as in `from`. A tenant's policy begins with the one of
 * all others; overrides that it gives replace theirs.
 */
export const readHeadSettings = (value: unknown, from = defaultPolicy): HeadSettingsRead => {
  const reader = new SettingsReader();
  const others = reader.policy(value, "policy", [...policyKeys, "tenants"], from);
  const tenants = reader.tenants(isPlain(value) ? value["tenants"] : undefined, others);
  if (reader.faults.length > 0) return { ok: false, faults: reader.faults };
  return { ok: true, settings: { others, tenants } };
};
