// OTLP requests as samples, in the order and shape in which Weaver's live-check makes them: the
// resource, then each scope's records. Reads whole messages in the notation of OTLP/JSON; a request
// that is not well-formed is refused as a whole, with the place.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { readMessage } from "../../schemas/otlp/read-message.ts";
import { exactDouble, exactInteger, type Json } from "./exact-json.ts";
import {
  arrayType,
  inferType,
  listOf,
  ownType,
  type Sample,
  type SampleKind,
  textOf,
} from "./sample.ts";

/** The samples of a request, or what is wrong with it at which byte. */
export type OtlpRead =
  | { readonly samples: readonly Sample[] }
  | { readonly fault: string; readonly at: number };

const doubleOf = (value: unknown): unknown =>
  // Numbers that JSON has no other way to write are texts: NaN, Infinity, -0.
  exactDouble(Number(value));

/** An AnyValue as JSON; undefined for what Weaver gives no value: maps, bytes, nothing. */
const valueOf = (any: unknown): unknown => {
  const value = (any ?? {}) as Json;
  if (value["stringValue"] !== undefined) return value["stringValue"];
  if (value["boolValue"] !== undefined) return value["boolValue"];
  if (value["intValue"] !== undefined) return exactInteger(textOf(value["intValue"]));
  if (value["doubleValue"] !== undefined) return doubleOf(value["doubleValue"]);
  const list = value["arrayValue"] as Json | undefined;
  return list === undefined
    ? undefined
    : listOf(list["values"])
        .map(valueOf)
        .filter((item) => item !== undefined);
};

/** Of an AnyValue; null for one that is not set. */
const typeOf = (any: unknown): string | null => {
  const value = (any ?? {}) as Json;
  if (value["kvlistValue"] !== undefined) return ownType.map;
  if (value["bytesValue"] !== undefined) return ownType.bytes;
  if (value["doubleValue"] !== undefined) return "double";
  const list = value["arrayValue"] as Json | undefined;
  return list === undefined
    ? inferType(valueOf(value) ?? null)
    : arrayType(listOf(list["values"]).map(typeOf));
};

/** A double that is not finite stays one: bounds are to be seen to. */
const attributeValue = (any: unknown): unknown => {
  const double = Number(((any ?? {}) as Json)["doubleValue"] ?? 0);
  return Number.isFinite(double) ? (valueOf(any) ?? null) : double;
};

const attributesOf = (list: unknown): Json[] =>
  listOf(list).map(({ key, value }) => ({
    name: textOf(key),
    value: attributeValue(value),
    type: typeOf(value),
  }));

const spanKinds = ["internal", "internal", "server", "client", "producer", "consumer"];
const statusCodes = ["unset", "ok", "error"];

const spanOf = (span: Json): Json => {
  const { status } = span;
  const { code, message } = (status ?? {}) as Json;
  return {
    name: textOf(span["name"]),
    kind: spanKinds[Number(span["kind"] ?? 0)] ?? "internal",
    status:
      status === undefined
        ? null
        : { code: statusCodes[Number(code ?? 0)] ?? "unset", message: textOf(message) },
    attributes: attributesOf(span["attributes"]),
    span_events: listOf(span["events"]).map((event) => ({
      name: textOf(event["name"]),
      attributes: attributesOf(event["attributes"]),
    })),
    span_links: listOf(span["links"]).map((link) => ({
      attributes: attributesOf(link["attributes"]),
    })),
  };
};

const logOf = (log: Json): Json => {
  const body = valueOf(log["body"]);
  return {
    event_name: textOf(log["eventName"]),
    severity_number: log["severityNumber"] ?? null,
    severity_text: log["severityText"] ?? null,
    body: typeof body === "string" || body === undefined ? (body ?? null) : JSON.stringify(body),
    attributes: attributesOf(log["attributes"]),
    trace_id: log["traceId"] ?? null,
    span_id: log["spanId"] ?? null,
  };
};

const measured = (point: Json): unknown => {
  if (point["asInt"] !== undefined) return exactInteger(textOf(point["asInt"]));
  return point["asDouble"] === undefined ? null : doubleOf(point["asDouble"]);
};

const countOf = (value: unknown): unknown => exactInteger(textOf(value ?? "0"));

const optionalDouble = (value: unknown): unknown => (value === undefined ? null : doubleOf(value));

const countsOf = (list: unknown): unknown[] => (Array.isArray(list) ? list.map(countOf) : []);

/** What all data points have. */
const pointOf = (point: Json): Json => ({
  attributes: attributesOf(point["attributes"]),
  flags: point["flags"] ?? 0,
  exemplars: listOf(point["exemplars"]).map((exemplar) => ({
    filtered_attributes: attributesOf(exemplar["filteredAttributes"]),
    value: measured(exemplar),
    timestamp: textOf(exemplar["timeUnixNano"]),
    span_id: textOf(exemplar["spanId"]),
    trace_id: textOf(exemplar["traceId"]),
  })),
});

const distributionOf = (point: Json): Json => ({
  ...pointOf(point),
  count: countOf(point["count"]),
  sum: optionalDouble(point["sum"]),
  min: optionalDouble(point["min"]),
  max: optionalDouble(point["max"]),
});

const bucketsOf = (buckets: unknown): unknown => {
  if (buckets === undefined) return null;
  const { offset = 0, bucketCounts } = buckets as Json;
  return { offset, bucket_counts: countsOf(bucketCounts) };
};

type Points = { readonly instrument: string; readonly points: ((point: Json) => Json) | null };

const numberPoint = (point: Json): Json => ({ ...pointOf(point), value: measured(point) });

const histogramPoint = (point: Json): Json => ({
  ...distributionOf(point),
  bucket_counts: countsOf(point["bucketCounts"]),
  explicit_bounds: Array.isArray(point["explicitBounds"])
    ? point["explicitBounds"].map(doubleOf)
    : [],
});

const exponentialPoint = (point: Json): Json => ({
  ...distributionOf(point),
  scale: point["scale"] ?? 0,
  zero_count: countOf(point["zeroCount"]),
  positive: bucketsOf(point["positive"]),
  negative: bucketsOf(point["negative"]),
  zero_threshold: doubleOf(point["zeroThreshold"] ?? 0),
});

const summaryPoint = (point: Json): Json => ({
  attributes: attributesOf(point["attributes"]),
  flags: point["flags"] ?? 0,
  count: countOf(point["count"]),
  sum: doubleOf(point["sum"] ?? 0),
});

const pointsOf = (metric: Json): Points & { readonly data: Json } => {
  const { gauge, sum, histogram, exponentialHistogram: exponential, summary } = metric;
  if (gauge !== undefined) {
    return { instrument: "gauge", points: numberPoint, data: gauge as Json };
  }
  if (sum !== undefined) {
    const isMonotonic = (sum as Json)["isMonotonic"] === true;
    const instrument = isMonotonic ? "counter" : "updowncounter";
    return { instrument, points: numberPoint, data: sum as Json };
  }
  if (histogram !== undefined) {
    return { instrument: "histogram", points: histogramPoint, data: histogram as Json };
  }
  if (exponential !== undefined) {
    return { instrument: "histogram", points: exponentialPoint, data: exponential as Json };
  }
  if (summary === undefined) return { instrument: "Unspecified", points: null, data: {} };
  return { instrument: "Summary", points: summaryPoint, data: summary as Json };
};

const metricOf = (metric: Json): Json => {
  const { instrument, points, data } = pointsOf(metric);
  return {
    name: textOf(metric["name"]),
    instrument,
    unit: textOf(metric["unit"]),
    data_points: points === null ? null : listOf(data["dataPoints"]).map(points),
  };
};

type Plan = {
  readonly kind: SampleKind;
  /** Fields of OTLP/JSON, outermost first. */
  readonly path: readonly [string, string, string];
  readonly read: (record: Json) => Json;
};

const plans: { readonly [signal in Signal]: Plan } = {
  traces: { kind: "span", path: ["resourceSpans", "scopeSpans", "spans"], read: spanOf },
  metrics: { kind: "metric", path: ["resourceMetrics", "scopeMetrics", "metrics"], read: metricOf },
  logs: { kind: "log", path: ["resourceLogs", "scopeLogs", "logRecords"], read: logOf },
};

const sampleOf = (kind: SampleKind, body: Json, resource: readonly Json[]): Sample => ({
  kind,
  key: kind,
  body,
  source: "otlp",
  resource,
});

/** A scope is a sample of its own where it has attributes to look at. */
const scopeSamples = (scope: unknown, resource: readonly Json[]): Sample[] => {
  const { name, version, attributes } = (scope ?? {}) as Json;
  if (listOf(attributes).length === 0) return [];
  const body = {
    name: textOf(name),
    version: version ?? null,
    attributes: attributesOf(attributes),
  };
  return [sampleOf("instrumentation_scope", body, resource)];
};

/** The samples of one protobuf request. */
export const otlpSamples = (bytes: Uint8Array, signal: Signal): OtlpRead => {
  const type = messageType(signals[signal].request);
  const check = new MessageCheck();
  const code = check.check(bytes, 0, bytes.length, type);
  if (code !== scanCode.ok) return { fault: scanCodeText(code), at: check.errorAt };
  const { kind, path, read } = plans[signal];
  const request: Json = readMessage(bytes, 0, bytes.length, type);
  const samples: Sample[] = [];
  for (const part of listOf(request[path[0]])) {
    const { resource } = part;
    // One that is not set has no attributes.
    const attributes = attributesOf(((resource ?? {}) as Json)["attributes"]);
    if (resource !== undefined) samples.push(sampleOf("resource", { attributes }, attributes));
    for (const scope of listOf(part[path[1]])) {
      samples.push(...scopeSamples(scope["scope"], attributes));
      for (const record of listOf(scope[path[2]]))
        samples.push(sampleOf(kind, read(record), attributes));
    }
  }
  return { samples };
};
