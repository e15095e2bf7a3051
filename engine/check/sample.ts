// Samples as Weaver's live-check takes them: one JSON object per attribute, span, metric, log and so
// on, which the check gives a `live_check_result` in place. Here only their shape and the types of
// attribute values; reading them is read-samples.ts and otlp-samples.ts.
import { isObject, type Json, numberKind } from "./exact-json.ts";

/** What a sample is, in Weaver's names. */
export type SampleKind =
  | "attribute"
  | "span"
  | "span_event"
  | "span_link"
  | "resource"
  | "instrumentation_scope"
  | "metric"
  | "log";

/** One thing to be checked; a finding is written into its `body`. */
export type Sample = {
  readonly kind: SampleKind;
  /** The name it came under: a log may be an `event`. */
  readonly key: string;
  readonly body: Json;
  readonly source: "samples" | "otlp";
};

/** Types that an attribute of a sample can have; null = not known, which no rule minds. */
export const sampleTypes = [
  "string",
  "int",
  "double",
  "boolean",
  "any",
  "string[]",
  "int[]",
  "double[]",
  "boolean[]",
] as const;

const elementType = (value: unknown): string | null => {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  return numberKind(value);
};

/** As Weaver infers it: mixed and empty arrays, objects and null have no type. */
export const inferType = (value: unknown): string | null => {
  if (!Array.isArray(value)) return elementType(value);
  const kinds = new Set(value.filter((item) => item !== null).map(elementType));
  // Ints among doubles are doubles.
  if (kinds.size === 2 && kinds.has("int") && kinds.has("double")) return "double[]";
  const [only = null] = kinds;
  return kinds.size === 1 && only !== null ? `${only}[]` : null;
};

/** The objects of a list; anything else in it was refused when it was read. */
export const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
