// Attributes that a definition wants and a record lacks, by requirement level; the same for entities
// and the resource. Our `weir.condition` turns prose into something that can be decided.
import { finding } from "../../schemas/validate/finding-table.ts";
import type { RequirementLevel, ResolvedAttribute } from "../../schemas/weaver/resolved.ts";
import { isConditional, isOptIn } from "./bind-span.ts";
import { isObject, type Json, numberKind, numberOf } from "./exact-json.ts";
import type { Findings } from "./findings.ts";
import type { Presence } from "./presence.ts";
import { textOf } from "./sample.ts";

/** The record that is checked, as conditions see it. */
type Facts = {
  readonly attributes: readonly Json[];
  readonly has: Presence;
  readonly isError: boolean;
};

const { requiredAttribute, recommendedAttribute, optInAttribute, conditionalAttribute } = finding;
const { entityRequired, entityRecommended, entityOptIn, entityConditional } = finding;

/** By required, recommended, opt-in, conditional. */
type Codes = readonly [number, number, number, number];
const ofRecords: Codes = [
  requiredAttribute,
  recommendedAttribute,
  optInAttribute,
  conditionalAttribute,
];
export const ofEntities: Codes = [
  entityRequired,
  entityRecommended,
  entityOptIn,
  entityConditional,
];

/** The finding of an absent attribute of this level. */
export const absenceCode = (level: RequirementLevel, codes: Codes): number => {
  if (level === "required") return codes[0];
  if (isConditional(level)) return codes[3];
  return isOptIn(level) ? codes[2] : codes[1];
};

/** As it would be written in a condition; a whole double without its fraction. */
const plainText = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (numberKind(value) === "double") return String(numberOf(value));
  return JSON.stringify(value) ?? "";
};

/** One map of `weir.condition`: `{status: error}` or `{attribute: KEY, equals?: VALUE}`. */
const atomHolds = (atom: unknown, facts: Facts): boolean => {
  if (!isObject(atom)) return false;
  const { status, attribute, equals } = atom;
  if (attribute === undefined) return status === "error" && facts.isError;
  // The last one of a key counts.
  const found = facts.attributes.findLast(({ name }) => name === attribute);
  if (found === undefined || equals === undefined) return found !== undefined;
  return plainText(found["value"]) === plainText(equals);
};

const atomText = (atom: unknown): string => {
  if (!isObject(atom)) return "";
  const { status, attribute, equals } = atom;
  if (attribute === undefined) return `status is ${textOf(status)}`;
  return equals === undefined
    ? `${textOf(attribute)} is present`
    : `${textOf(attribute)} is ${plainText(equals)}`;
};

/** The condition's atoms, or null where there is only prose. All of them must hold. */
const conditionOf = ({
  annotations,
  requirement_level: level,
}: ResolvedAttribute): readonly unknown[] | null => {
  const condition = annotations?.["weir.condition"];
  if (condition === undefined || !isConditional(level)) return null;
  return Array.isArray(condition) ? condition : [condition];
};

export type RequiredCheck = {
  readonly facts: Facts;
  readonly isWeir: boolean;
  /** Added to the context: names the definition where the signal's name does not. */
  readonly context: Json;
  /** Only what is required, always or under a condition: spans and their events (W1). */
  readonly isStrongOnly: boolean;
};

/** Adds a finding for each attribute of the definition that the record does not have. */
export const checkRequired = (
  out: Findings,
  wanted: readonly ResolvedAttribute[],
  check: RequiredCheck,
): void => {
  const { facts, isWeir, isStrongOnly } = check;
  for (const attribute of wanted) {
    const { name, requirement_level: level } = attribute;
    if (facts.has(attribute)) continue;
    if (isStrongOnly && level !== "required" && !isConditional(level)) continue;
    const context = { attribute_key: name, ...check.context };
    const condition = isWeir ? conditionOf(attribute) : null;
    if (condition === null) out.add(absenceCode(level, ofRecords), context);
    else if (condition.every((atom) => atomHolds(atom, facts))) {
      const text = condition.map(atomText).join(" and ");
      out.add(finding.conditionMet, { ...context, condition: text });
    }
  }
};
