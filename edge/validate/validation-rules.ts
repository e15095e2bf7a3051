// The rules of a tenant: what becomes of a record with a finding. JSON, checked here: an array of
//   {"mode":"off|warn|reject|quarantine","finding":ID,"level":LEVEL,"signal":SIGNAL,"name":GLOB}
// of which only `mode` must be there. The first rule that fits decides: a tenant's own rules come
// first, then those of VALIDATION_RULES, then `defaultRules`.
import * as z from "zod/mini";

import { finding } from "../../schemas/validate/finding-table.ts";
import type { FindingRule, RuleTable } from "../../schemas/validate/finding-rules.ts";
import {
  compileRules,
  modeNames,
  ruleGlobsMax,
  ruleSignals,
  rulesMax,
} from "../../schemas/validate/finding-rules.ts";
import { issueText } from "../issue-text.ts";

/**
 * What the registry does not know is warned of: a registry describes what it describes. What it
 * does know and a record contradicts is rejected.
 */
export const defaultRules: readonly FindingRule[] = [
  { mode: "warn", finding: "missing_metric" },
  { mode: "warn", finding: "missing_event" },
  { mode: "warn", finding: "invalid_format" },
  { mode: "warn", finding: "illegal_namespace" },
  { mode: "warn", signal: "resource" },
  { mode: "reject", level: "violation" },
];

/** A tenant's list and that of the settings are compiled together, with the default ones. */
const listRulesMax = (rulesMax - defaultRules.length) >> 1;
const listNamesMax = ruleGlobsMax >> 1;

const ofUnknown = new Set<number>([
  finding.missingAttribute,
  finding.templateAttribute,
  finding.missingMetric,
  finding.missingEvent,
  finding.missingNamespace,
  finding.invalidFormat,
  finding.illegalNamespace,
  finding.extendsNamespace,
  finding.unexpectedAttribute,
  finding.schemaNotFound,
]);

/** The finding is about a name that the registry does not have, so nothing is contradicted. */
export const isOfUnknown = (code: number): boolean => ofUnknown.has(code);

/** A blanket warning keeps what would be out; one of a finding or a level asks to be told of it. */
const isAskedFor = ({ mode, finding: id, level: worst }: FindingRule): boolean =>
  mode === "warn" && (id !== undefined || worst !== undefined);

/**
 * Warns of what these rules ask to be told of, whatever it is; null when they ask for nothing. Earlier
 * lists go before later ones.
 */
export const toldTable = (...lists: readonly (readonly FindingRule[])[]): RuleTable | null => {
  const rules = lists.flat();
  if (!rules.some(isAskedFor)) return null;
  const silent = rules.map((rule): FindingRule => {
    return isAskedFor(rule) ? rule : Object.assign({}, rule, { mode: "off" });
  });
  return ruleTable(silent, [{ mode: "off" }]);
};

const levels = ["information", "improvement", "violation"] as const;
const shape = z
  .array(
    z.strictObject(
      {
        mode: z.enum(modeNames, `expected ${modeNames.join(", ")}`),
        finding: z.optional(z.string("expected the id of a finding")),
        level: z.optional(z.enum(levels, `expected ${levels.join(", ")}`)),
        signal: z.optional(z.enum(ruleSignals, `expected ${ruleSignals.join(", ")}`)),
        name: z.optional(z.string("expected a glob")),
      },
      "expected an object with mode, and finding, level, signal, name at most",
    ),
    "expected an array of rules",
  )
  .check(
    z.maxLength(listRulesMax, `expected at most ${listRulesMax} rules`),
    z.refine(
      (rules) => rules.filter(({ name }) => name !== undefined).length <= listNamesMax,
      `expected at most ${listNamesMax} names`,
    ),
  );

/** The rules, or a text that says what is wrong with them. */
export const readRules = (value: unknown): readonly FindingRule[] | string => {
  const read = shape.safeParse(value);
  if (!read.success) return read.error.issues.map(issueText).join(", ");
  const rules = read.data.map(
    (rule) =>
      Object.fromEntries(
        Object.entries(rule).filter(([, part]) => part !== undefined),
      ) as FindingRule,
  );
  const compiled = compileRules(rules);
  return compiled.ok ? rules : `[${compiled.rule}]: ${compiled.message}`;
};

/** The same from JSON text; "" has none. */
export const parseRules = (json: string): readonly FindingRule[] | string => {
  if (json === "") return [];
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return "expected JSON";
  }
  return readRules(value);
};

/** Earlier lists go before later ones. @throws Error for rules that were not read by `readRules`. */
export const ruleTable = (...lists: readonly (readonly FindingRule[])[]): RuleTable => {
  const compiled = compileRules(lists.flat());
  if (!compiled.ok) throw new Error(`validation rule ${compiled.rule}: ${compiled.message}`);
  return compiled.table;
};
