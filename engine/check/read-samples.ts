// Samples from text: a JSON list of them, or lines `name` and `name=value`, each an attribute. What
// a sample lacks is said with its place; the others are read all the same. Attributes get the type
// that their value has, unless they name one.
import { isObject, type Json, numberKind, parseExact } from "./exact-json.ts";
import { inferType, isSampleType, type Sample, type SampleKind, sampleTypes } from "./sample.ts";

/** `at` is a place in the document: `[3].span.attributes[0]`, or `line 7`. */
type SampleFault = { readonly at: string; readonly message: string };

/** A sample, or what is wrong in its place. */
export type SampleRead = Sample | SampleFault;

/** Depth of lists in a sample is fixed; this is how many objects one may have in each. */
export const partsMax = 100_000;

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => numberKind(value) !== null;
const isPresent: Check = (value) => value !== undefined;

type Shape = {
  /** Fields that must be there. */
  readonly fields: { readonly [name: string]: readonly [Check, string] };
  /** Lists of parts, which may be absent. */
  readonly parts: { readonly [name: string]: string };
};

const kinds = ["client", "server", "producer", "consumer", "internal"];
const text: readonly [Check, string] = [isText, "a text"];
const kind: readonly [Check, string] = [
  (value) => kinds.includes(value as string),
  `one of ${kinds.join(", ")}`,
];

const shapes: { readonly [kind: string]: Shape } = {
  attribute: { fields: { name: text }, parts: {} },
  span: {
    fields: { name: text, kind },
    parts: { attributes: "attribute", span_events: "span_event", span_links: "span_link" },
  },
  span_event: { fields: { name: text }, parts: { attributes: "attribute" } },
  span_link: { fields: {}, parts: { attributes: "attribute" } },
  resource: { fields: {}, parts: { attributes: "attribute" } },
  instrumentation_scope: { fields: {}, parts: { attributes: "attribute" } },
  metric: {
    fields: { name: text, instrument: text, unit: text },
    parts: { data_points: "data_point" },
  },
  number_point: {
    fields: { value: [isPresent, "a value"] },
    parts: { attributes: "attribute", exemplars: "exemplar" },
  },
  histogram_point: {
    fields: { count: [isNumber, "a number"] },
    parts: { attributes: "attribute", exemplars: "exemplar" },
  },
  exemplar: {
    fields: { value: [isPresent, "a value"] },
    parts: { filtered_attributes: "attribute" },
  },
  log: { fields: { event_name: text }, parts: { attributes: "attribute" } },
};

const topKinds: readonly string[] = [
  "attribute",
  "span",
  "span_event",
  "span_link",
  "resource",
  "instrumentation_scope",
  "metric",
  "log",
];

const shapeOf = (name: string, body: Json): Shape => {
  const point = body["value"] === undefined ? "histogram_point" : "number_point";
  return shapes[name === "data_point" ? point : name] ?? { fields: {}, parts: {} };
};

/** Gives attributes their types; the fault of the first part that is wrong, or null. */
const prepare = (name: string, body: Json, at: string): SampleFault | null => {
  const { fields, parts } = shapeOf(name, body);
  for (const [field, [isGood, expected]] of Object.entries(fields)) {
    if (isGood(body[field])) continue;
    const found = JSON.stringify(body[field]) ?? "nothing";
    return { at: `${at}.${field}`, message: `found ${found}, expected ${expected}` };
  }
  if (name === "attribute") return typed(body, at);
  for (const [field, part] of Object.entries(parts)) {
    const fault = prepareParts(body[field], part, `${at}.${field}`);
    if (fault !== null) return fault;
  }
  return null;
};

const prepareParts = (list: unknown, part: string, at: string): SampleFault | null => {
  if (list === undefined || list === null) return null;
  if (!Array.isArray(list)) return { at, message: "expected a list" };
  if (list.length > partsMax) return { at, message: `more than partsMax=${partsMax} parts` };
  for (const [i, body] of list.entries()) {
    const place = `${at}[${i}]`;
    const fault = isObject(body)
      ? prepare(part, body, place)
      : { at: place, message: "expected an object" };
    if (fault !== null) return fault;
  }
  return null;
};

const typed = (body: Json, at: string): SampleFault | null => {
  body["value"] ??= null;
  const type = (body["type"] ??= inferType(body["value"]));
  if (type === null || isSampleType(type)) return null;
  const message = `found ${JSON.stringify(type)}, expected one of ${sampleTypes.join(", ")}`;
  return { at: `${at}.type`, message };
};

const readSample = (value: unknown, at: string): SampleRead => {
  const keys = isObject(value) ? Object.keys(value) : [];
  const [key = ""] = keys;
  const kindName = key === "event" ? "log" : key;
  const body = isObject(value) ? value[key] : null;
  if (keys.length !== 1 || !topKinds.includes(kindName) || !isObject(body)) {
    const found = keys.length === 0 ? "no object" : `keys ${keys.slice(0, 5).join(", ")}`;
    return { at, message: `found ${found}, expected one of ${topKinds.join(", ")} with an object` };
  }
  const fault = prepare(kindName, body, `${at}.${key}`);
  return fault ?? { kind: kindName as SampleKind, key, body, source: "samples" };
};

/** A JSON list of samples, or a single one; null when the text is neither. */
export const readSamples = (json: string): readonly SampleRead[] => {
  let document: unknown;
  try {
    document = parseExact(json);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ at: "document", message }];
  }
  if (Array.isArray(document)) return document.map((value, i) => readSample(value, `[${i}]`));
  return [readSample(document, "document")];
};

const valueOf = (written: string): unknown => {
  try {
    return parseExact(written);
  } catch {
    return written;
  }
};

/** One line, or null for an empty one: `name`, or `name=value` with the value as JSON or as text. */
export const readLine = (line: string): Sample | null => {
  const trimmed = line.trim();
  if (trimmed === "") return null;
  const equals = trimmed.indexOf("=");
  const name = equals < 0 ? trimmed : trimmed.slice(0, equals).trim();
  const value = equals < 0 ? null : valueOf(trimmed.slice(equals + 1).trim());
  const body = { name, value, type: inferType(value) };
  return { kind: "attribute", key: "attribute", body, source: "samples" };
};
