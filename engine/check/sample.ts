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
  /** Attributes of the resource that it came with; absent = those of the resource that came last. */
  readonly resource?: readonly Json[];
};

/** Weaver's types of an attribute; null = not known, which no rule minds. */
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

/** Types that Weaver has no word for: to it their values have none. No registry asks for one of them. */
export const ownType = { map: "map", bytes: "bytes", empty: "[]", mixed: "mixed[]" } as const;

const ownTypes: ReadonlySet<unknown> = new Set(Object.values(ownType));

export const isSampleType = (type: unknown): boolean =>
  ownTypes.has(type) || (sampleTypes as readonly unknown[]).includes(type);

const elementType = (value: unknown): string | null => {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  if (isObject(value)) return ownType.map;
  return Array.isArray(value) ? ownType.mixed : numberKind(value);
};

/** The type of an array by those of its elements; null among them = one that has none. */
export const arrayType = (types: readonly (string | null)[]): string => {
  const kinds = new Set(types);
  const [only] = kinds;
  if (only === undefined) return ownType.empty;
  // Ints among doubles are doubles.
  if (kinds.size === 2 && kinds.has("int") && kinds.has("double")) return "double[]";
  const isPlain = only !== null && !ownTypes.has(only) && !only.endsWith("[]");
  return kinds.size === 1 && isPlain ? `${only}[]` : ownType.mixed;
};

/** Null has no type; in an array it is left out, as Weaver does. */
export const inferType = (value: unknown): string | null =>
  Array.isArray(value)
    ? arrayType(value.filter((item) => item !== null).map(elementType))
    : elementType(value);

/** An array of OTLP whose elements are not all to be seen in its value: Weaver leaves out the others. */
const hasUnseen = (type: unknown, value: readonly unknown[]): boolean =>
  type === ownType.mixed || (type === "double[]" && value.includes(null));

/** Takes from an attribute what Weaver does not see. */
export const asWeaverSees = (attribute: Json): void => {
  const { type, value } = attribute;
  if (typeof value === "number" && !Number.isFinite(value)) {
    attribute["value"] = null;
    attribute["type"] = null;
    return;
  }
  const seen = Array.isArray(value) && hasUnseen(type, value) ? inferType(value) : type;
  attribute["type"] = ownTypes.has(seen) ? null : seen;
};

/** The objects of a list; anything else in it was refused when it was read. */
export const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
