// What telling of findings needs to know of a signal: which columns and fields hold what is told, and
// which rules decide.
import { tagOf, wireType } from "../../schemas/otlp/wire.ts";
import { logWord, metricWord, spanWord } from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import type { FindingContext } from "../../schemas/validate/finding-message.ts";
import { ruleSignals } from "../../schemas/validate/finding-rules.ts";
import type { Decisions, Found } from "../../schemas/validate/found.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import {
  type NestedAttributes,
  nestedInMetric,
  nestedInSpan,
  nothingNested,
} from "./nested-attributes.ts";

/** What a check leaves behind; schemas/validate has one for traces and one for the others. */
export type Checked = {
  readonly rows: ScannedRows;
  readonly partitionOf: Int32Array;
  readonly groupOf: Int32Array;
  readonly found: Found;
  readonly tally: {
    readonly warned: number;
    readonly rejected: number;
    readonly quarantined: number;
  };
};

/** Where a signal's records have what is told of them. */
export type ReportedSignal = {
  /** Index into ruleSignals. */
  readonly ruleSignal: number;
  readonly decisions: (plan: ValidationPlan) => Decisions;
  /** Column of the name's start; its end is the next. */
  readonly nameWord: number;
  /** Tag of the record's own attributes. */
  readonly attributeTag: number;
  readonly nested: NestedAttributes;
  /** How a definition is called, by its id and by the name of the record, as `weir check` does. */
  readonly named: (id: string, name: string) => FindingContext;
  /** Spans and their events are held to definitions by us, not by Weaver: findings name them. */
  readonly isOursToHold: boolean;
};

export const reportedSpans: ReportedSignal = {
  ruleSignal: ruleSignals.indexOf("span"),
  decisions: (plan) => plan.spans,
  nameWord: spanWord.nameStart,
  attributeTag: tagOf(9, wireType.delimited),
  nested: nestedInSpan,
  named: (group) => ({ group }),
  isOursToHold: true,
};
export const reportedLogs: ReportedSignal = {
  ruleSignal: ruleSignals.indexOf("log"),
  decisions: (plan) => plan.logs,
  nameWord: logWord.eventNameStart,
  attributeTag: tagOf(6, wireType.delimited),
  nested: nothingNested,
  named: (_, name) => ({ event_name: name }),
  isOursToHold: false,
};
export const reportedMetrics: ReportedSignal = {
  ruleSignal: ruleSignals.indexOf("metric"),
  decisions: (plan) => plan.metrics,
  nameWord: metricWord.nameStart,
  attributeTag: tagOf(12, wireType.delimited),
  nested: nestedInMetric,
  named: (_, name) => ({ metric_name: name }),
  isOursToHold: false,
};
