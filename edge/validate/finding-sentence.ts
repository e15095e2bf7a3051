// The sentence of a finding for those who read what was refused. Where the tables have all that
// Weaver's sentence names it is that one; else it names the attribute and what the registry wants.
// What the record has stands in its original.
import { findingMessage } from "../../schemas/validate/finding-message.ts";
import { finding } from "../../schemas/validate/finding-table.ts";
import type { Tables } from "../../schemas/weaver/tables.ts";

/** One row of what was found; `key` is "" where it is not known. */
export type FindingFacts = {
  readonly code: number;
  /** Number of the attribute, or -1. */
  readonly attribute: number;
  readonly key: string;
  /** Name of the span, metric or event. */
  readonly signal: string;
  /** The group that wants what is absent, or -1. */
  readonly wantedBy: number;
  /** Definition that the record is bound to, or -1. */
  readonly group: number;
};

type Sentence = (facts: FindingFacts, tables: Tables) => string;

/** Weaver's, from the names alone. */
const plain: Sentence = ({ code, key, signal }) =>
  findingMessage(code, { attribute_key: key, span_name: signal, event_name: signal });

const ofEntity: Sentence = ({ code, key, wantedBy }, tables) =>
  findingMessage(code, { attribute_key: key, entity_type: tables.groupName(wantedBy) });

/** The limit of a constraint as the registry writes it. */
const limitOf =
  (name: string, section: "constraintMin" | "constraintMax" | "constraintCharacters"): Sentence =>
  ({ attribute, key }, { sections }) => {
    const constraint = (sections.attributeConstraint[attribute] ?? 0) - 1;
    return `Attribute '${key}' is beyond ${name}=${sections[section][constraint] ?? ""}.`;
  };

const sentences: { readonly [code: number]: Sentence } = {
  [finding.missingAttribute]: plain,
  [finding.missingMetric]: plain,
  [finding.missingEvent]: plain,
  [finding.schemaNotFound]: plain,
  [finding.requiredAttribute]: plain,
  [finding.recommendedAttribute]: plain,
  [finding.optInAttribute]: plain,
  [finding.conditionalAttribute]: plain,
  [finding.entityRequired]: ofEntity,
  [finding.entityRecommended]: ofEntity,
  [finding.entityOptIn]: ofEntity,
  [finding.entityConditional]: ofEntity,
  [finding.entityAssociation]: ({ signal }) =>
    `The resource satisfies none of the entities of '${signal}'.`,
  [finding.typeMismatch]: ({ key }) => `Attribute '${key}' has not the type of the registry.`,
  [finding.undefinedEnumVariant]: ({ key }) =>
    `Enum attribute '${key}' has a value which is not documented.`,
  [finding.unitMismatch]: ({ group }, tables) => `Unit should be '${tables.groupUnit(group)}'.`,
  [finding.belowMin]: limitOf("weir.min", "constraintMin"),
  [finding.aboveMax]: limitOf("weir.max", "constraintMax"),
  [finding.tooLong]: limitOf("weir.max_length", "constraintCharacters"),
  [finding.patternMismatch]: ({ key }) => `Attribute '${key}' does not match its weir.pattern.`,
  [finding.conditionMet]: ({ key }) =>
    `Attribute '${key}' is not present, and its weir.condition holds.`,
};

/** "" for findings that their id says all of. */
export const findingSentence = (facts: FindingFacts, tables: Tables): string =>
  sentences[facts.code]?.(facts, tables) ?? "";
