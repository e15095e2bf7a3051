// One tenant's validation: a registry's tables, the levels of a profile, rules, and what is
// remembered for them. Made when a registry or a policy changes; passes take it as an argument, so
// that their code exists once in an isolate.
import type { Tables } from "../weaver/tables.ts";
import type { RuleTable } from "./finding-rules.ts";
import { ruleSignals } from "./finding-rules.ts";
import { Decisions } from "./found.ts";
import { KnownHeads } from "./known-heads.ts";
import { Shapes } from "./shapes.ts";
import { SpanNames } from "./span-names.ts";

export type PlanOptions = {
  readonly tables: Tables;
  /** Level by code: profileLevels of finding-table.ts. */
  readonly levels: Uint8Array;
  readonly rules: RuleTable;
  /** False: spans and their events are held to no definition, as in Weaver. Default true. */
  readonly bindsSpans?: boolean;
};

/** One per tenant and registry version, in one thread. */
export class ValidationPlan {
  readonly tables: Tables;
  /** Member that was found last for each attribute, -1 = none. */
  readonly lastMember: Int16Array;
  readonly names: SpanNames;
  readonly shapes = new Shapes();
  readonly heads = new KnownHeads();
  readonly spans: Decisions;
  readonly metrics: Decisions;
  readonly logs: Decisions;
  readonly resources: Decisions;
  readonly rules: RuleTable;
  /** The rules look at names, so a finding's decision may wait for the name. */
  readonly rulesUseNames: boolean;
  readonly bindsSpans: boolean;

  constructor({ tables, levels, rules, bindsSpans = true }: PlanOptions) {
    this.tables = tables;
    this.bindsSpans = bindsSpans;
    this.lastMember = new Int16Array(tables.attributeCount).fill(-1);
    this.spans = new Decisions(levels, rules, ruleSignals.indexOf("span"));
    this.metrics = new Decisions(levels, rules, ruleSignals.indexOf("metric"));
    this.logs = new Decisions(levels, rules, ruleSignals.indexOf("log"));
    this.resources = new Decisions(levels, rules, ruleSignals.indexOf("resource"));
    this.rules = rules;
    this.rulesUseNames = rules.hasNames;
    this.names = new SpanNames(tables, rules, this.spans);
  }
}
