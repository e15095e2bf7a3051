// One tenant's validation: a registry's tables, the levels of a profile, rules, and what is
// remembered for them. Made when a registry or a policy changes; passes take it as an argument, so
// that their code exists once in an isolate.
import type { Tables } from "../weaver/tables.ts";
import { WeaverTables } from "../weaver/weaver-tables.ts";
import type { RuleTable } from "./finding-rules.ts";
import { ruleSignals } from "./finding-rules.ts";
import { Decisions } from "./found.ts";
import { KnownHeads } from "./known-heads.ts";
import type { SampleTypeAt } from "./sample-type.ts";
import { sampleTypeAt, weaverTypeAt } from "./sample-type.ts";
import { Shapes } from "./shapes.ts";
import { SpanNames } from "./span-names.ts";

export type PlanOptions = {
  readonly tables: Tables;
  /** Level by code: profileLevels of finding-table.ts. */
  readonly levels: Uint8Array;
  readonly rules: RuleTable;
  /** Warns of what senders are to be told of beside what contradicts the tables; none by default. */
  readonly told?: RuleTable | null;
  /** To find what Weaver's live-check finds, and no more. Default false. */
  readonly isWeaver?: boolean;
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
  readonly told: RuleTable | null;
  /** The rules look at names, so a finding's decision may wait for the name. */
  readonly rulesUseNames: boolean;
  /**
   * Spans and their events are held to no definition, exponential histograms to no attributes; no
   * point of a summary is looked at; a template is present by Weaver's rules.
   */
  readonly isWeaver: boolean;
  readonly typeAt: SampleTypeAt;

  constructor({ tables: given, levels, rules, told = null, isWeaver = false }: PlanOptions) {
    const tables = isWeaver ? new WeaverTables(given) : given;
    this.tables = tables;
    this.isWeaver = isWeaver;
    this.typeAt = isWeaver ? weaverTypeAt : sampleTypeAt;
    this.lastMember = new Int16Array(tables.attributeCount).fill(-1);
    this.spans = new Decisions(levels, rules, ruleSignals.indexOf("span"));
    this.metrics = new Decisions(levels, rules, ruleSignals.indexOf("metric"));
    this.logs = new Decisions(levels, rules, ruleSignals.indexOf("log"));
    this.resources = new Decisions(levels, rules, ruleSignals.indexOf("resource"));
    this.rules = rules;
    this.told = told;
    this.rulesUseNames = rules.hasNames;
    this.names = new SpanNames(tables, rules, this.spans);
  }
}
