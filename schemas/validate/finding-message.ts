// The sentences of findings, made from a finding's context, so that everything in a message can also
// be read by a program. Texts of the ids that Weaver has are Weaver's. Not for the hot path: the
// fused pass returns codes, and only what is shown gets a sentence.
import { finding } from "./finding-table.ts";

/** Names and values of one finding; the keys are those of Weaver's `context`. */
export type FindingContext = { readonly [key: string]: unknown };

const inResource = "for entity '{entity_type}' is not present in the resource.";

/** `{key}` is the context's value, `{subject}` what the finding is about: "Attribute 'x'". */
const templates: { readonly [code: number]: string } = {
  [finding.missingAttribute]: "Attribute '{attribute_key}' does not exist in the registry.",
  [finding.templateAttribute]: "Attribute '{attribute_key}' is a template",
  [finding.missingMetric]: "Metric does not exist in the registry.",
  [finding.missingEvent]: "Event '{event_name}' does not exist in the registry.",
  [finding.deprecated]:
    "{subject} is deprecated; reason = '{deprecation_reason}', note = '{deprecation_note}'.",
  [finding.typeMismatch]:
    "Attribute '{attribute_key}' has type '{attribute_type}'. Type should be '{expected}'.",
  [finding.notStable]: "{subject} is not stable; stability = {stability}.",
  [finding.unitMismatch]: "Unit should be '{expected}', but found '{unit}'.",
  [finding.unexpectedInstrument]: "Instrument should be '{expected}', but found '{instrument}'.",
  [finding.undefinedEnumVariant]:
    "Enum attribute '{attribute_key}' has value '{attribute_value}' which is not documented.",
  [finding.requiredAttribute]: "Required attribute '{attribute_key}' is not present.",
  [finding.recommendedAttribute]: "Recommended attribute '{attribute_key}' is not present.",
  [finding.optInAttribute]: "Opt-in attribute '{attribute_key}' is not present.",
  [finding.conditionalAttribute]:
    "Conditionally required attribute '{attribute_key}' is not present.",
  [finding.entityRequired]: `Required attribute '{attribute_key}' ${inResource}`,
  [finding.entityRecommended]: `Recommended attribute '{attribute_key}' ${inResource}`,
  [finding.entityOptIn]: `Opt-in attribute '{attribute_key}' ${inResource}`,
  [finding.entityConditional]: `Conditionally required attribute '{attribute_key}' ${inResource}`,
  [finding.entityAssociation]:
    "None of the associated entities [{entity_type}] were satisfied by the resource.",
  // The braces of Weaver's own text are not ours.
  [finding.missingNamespace]:
    "Attribute key '{attribute_key}' must include a namespace (e.g. '{namespace}.{attribute_key}')",
  [finding.invalidFormat]: "{subject} does not match name formatting rules.",
  [finding.illegalNamespace]:
    "Namespace '{namespace}' collides with existing attribute '{attribute_key}'",
  [finding.extendsNamespace]:
    "Attribute key '{attribute_key}' collides with existing namespace '{namespace}'",
  [finding.unexpectedAttribute]: "Attribute '{attribute_key}' is not part of '{group}'.",
  [finding.schemaNotFound]: "No definition matches span '{span_name}'.",
  [finding.kindMismatch]: "Span kind should be '{expected}', but found '{kind}'.",
  [finding.belowMin]: "Attribute '{attribute_key}' is {attribute_value}, minimum {expected}.",
  [finding.aboveMax]: "Attribute '{attribute_key}' is {attribute_value}, maximum {expected}.",
  [finding.patternMismatch]:
    "Attribute '{attribute_key}' has value '{attribute_value}' which does not match '{expected}'.",
  [finding.tooLong]: "Attribute '{attribute_key}' has {length} characters, maximum {expected}.",
  [finding.conditionMet]:
    "Attribute '{attribute_key}' is required when {condition}, but not present.",
};

const enumType =
  "Enum attribute '{attribute_key}' has type '{attribute_type}'. " +
  "Enum value type should be 'string' or 'int'.";

/** Where the sentence depends on what the context has. */
const templateOf = (code: number, context: FindingContext): string => {
  const isBare = context["expected"] === undefined;
  if (code === finding.typeMismatch && isBare) return enumType;
  if (code === finding.unexpectedInstrument && isBare) {
    return "Instrument '{instrument}' is not supported";
  }
  return templates[code] ?? "";
};

const textOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  // JSON has no word for NaN.
  if (typeof value === "number") return String(value);
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? value.join(", ")
    : (JSON.stringify(value) ?? "");
};

const subjectOf = (code: number, context: FindingContext): string => {
  const isName = code === finding.invalidFormat;
  const { attribute_key: attribute, metric_name: metric, event_name: event } = context;
  if (attribute !== undefined) return `Attribute ${isName ? "key " : ""}'${textOf(attribute)}'`;
  if (metric !== undefined) return `Metric ${isName ? "name " : ""}'${textOf(metric)}'`;
  if (event !== undefined) return `Event '${textOf(event)}'`;
  return `Definition '${textOf(context["group"])}'`;
};

/** One sentence. A place that the context does not fill stays as it is. */
export const findingMessage = (code: number, context: FindingContext): string => {
  const first = templateOf(code, context);
  if (code === finding.missingNamespace) {
    // Only the first place is filled: the others are Weaver's example.
    return first.replace("{attribute_key}", () => textOf(context["attribute_key"]));
  }
  return first.replaceAll(/\{([a-z_]+)\}/g, (place, key: string) => {
    if (key === "subject") return subjectOf(code, context);
    return context[key] === undefined ? place : textOf(context[key]);
  });
};
