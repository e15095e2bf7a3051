// The edge's head sampling: each tenant's rules, its budget and its counts, around the one sampler
// of the isolate. Runs after validation (what is rejected is not sampled) and before the records
// are copied: the copy makes the edits. Metrics never come here.
import type { RecordEdits } from "../../schemas/otlp/record-edits.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { headRule, HeadRules } from "../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
import type { HeadSettings, TenantPolicy } from "../../schemas/sampling/head-settings.ts";
import { BudgetController } from "./budget-controller.ts";
import { SamplingCounts } from "./sampling-counts.ts";

/** Tenants without a policy of their own that are told apart; further ones share one place. */
const tenantsMax = 256;
const sharedName = "other tenants";
/** Longest time that a measured pressure counts: while nothing is kept, nothing measures it anew. */
const pressureMsMax = 10_000;

/** Milliseconds that do not go back by more than a clock is set. */
export type SamplerClock = () => number;

type TenantState = {
  readonly policy: TenantPolicy;
  readonly rules: HeadRules;
  readonly budget: BudgetController;
  readonly spans: SamplingCounts;
  readonly logs: SamplingCounts;
};

/** What a pass did; valid until the next one of this sampler. */
export type SampleOutcome = {
  /** For Regroup.build, with the same `partitionOf`. */
  readonly edits: RecordEdits;
  readonly sampled: number;
  readonly sampledOut: number;
  /** Adds the pass to counts and budget: once, when its request is taken. */
  readonly count: () => void;
};

const sum = (counts: Int32Array): number => {
  let total = 0;
  for (let i = 0; i < counts.length; i += 1) total += counts[i] ?? 0;
  return total;
};

/** One per isolate. */
export class Sampler {
  readonly #settings: HeadSettings;
  readonly #clock: SamplerClock;
  readonly #sampler = new HeadSampler({ hasDecisions: false });
  readonly #tenants = new Map<string, TenantState>();
  #unnamed = 0;
  #pressure = 0;
  #pressureAtMs = 0;

  constructor(settings: HeadSettings, clock: SamplerClock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * How full what lies behind is, 0 to 1: from 0.8 on base rates fall, every second by half; at 0.5
   * and below they rise again. Forgotten after 10 seconds.
   */
  set pressure(level: number) {
    this.#pressure = level;
    this.#pressureAtMs = this.#clock();
  }

  /**
   * Decides the spans of a trace scan. Entries of `partitionOf` below 0 are out already; those of
   * sampled-out spans become -1, the others stay.
   */
  sampleSpans(scan: ScannedRows, tenant: string, partitionOf: Int32Array): SampleOutcome {
    const state = this.#state(tenant);
    this.#sampler.passSpans(scan, state.rules, partitionOf);
    return this.#outcome(state.spans, state.budget);
  }

  /** The same for log records. They do not count against the budget, but their rate follows it. */
  sampleLogs(scan: ScannedRows, tenant: string, partitionOf: Int32Array): SampleOutcome {
    const state = this.#state(tenant);
    this.#sampler.passLogs(scan, state.rules, partitionOf);
    return this.#outcome(state.logs);
  }

  /** By tenant: counts, the base rate as a span would find it now, and as configured. */
  snapshot(): { readonly [tenant: string]: unknown } {
    const nowMs = this.#clock();
    for (const state of this.#tenants.values()) this.#adapt(state, nowMs);
    const entries = Array.from(this.#tenants, ([tenant, { policy, rules, spans, logs }]) => [
      tenant,
      {
        baseRate: rules.baseRate,
        baseRateConfigured: policy.rates.base,
        spansPerSMax: policy.spansPerSMax,
        spans: spans.snapshot(),
        logs: logs.snapshot(),
      },
    ]);
    return Object.fromEntries(entries) as { readonly [tenant: string]: unknown };
  }

  #outcome(counts: SamplingCounts, budget?: BudgetController): SampleOutcome {
    const { tally, edits } = this.#sampler;
    const sampled = sum(tally.kept);
    const count = (): void => {
      counts.add(tally);
      budget?.add(sampled, tally.kept[headRule.base] ?? 0);
    };
    return { edits, sampled, sampledOut: sum(tally.dropped), count };
  }

  /** The tenant's state, its budget brought up to now. */
  #state(tenant: string): TenantState {
    const nowMs = this.#clock();
    const state = this.#tenants.get(tenant) ?? this.#newState(tenant, nowMs);
    this.#adapt(state, nowMs);
    return state;
  }

  #adapt({ budget, rules }: TenantState, nowMs: number): void {
    const pressure = nowMs - this.#pressureAtMs > pressureMsMax ? 0 : this.#pressure;
    if (budget.step(nowMs, pressure)) rules.rescale(budget.scale);
  }

  #newState(tenant: string, nowMs: number): TenantState {
    const own = this.#settings.tenants.get(tenant);
    let name = tenant;
    if (own === undefined && this.#unnamed >= tenantsMax) {
      name = sharedName;
      const shared = this.#tenants.get(name);
      if (shared !== undefined) return shared;
    }
    if (own === undefined) this.#unnamed += 1;
    const policy = own ?? this.#settings.others;
    const { rates, baseFloor, spansPerSMax } = policy;
    // Who asks for everything, and sets no budget, gets everything: a full log refuses, aloud.
    const isAll = rates.base === 1 && spansPerSMax === 0;
    const scaleMin = isAll ? 1 : Math.min(1, baseFloor / rates.base);
    const state = {
      policy,
      rules: new HeadRules(policy),
      budget: new BudgetController({ spansPerSMax, scaleMin }, nowMs),
      spans: new SamplingCounts(),
      logs: new SamplingCounts(),
    };
    this.#tenants.set(name, state);
    return state;
  }
}
