// Every OTLP message as data: field number, JSON name, kind. One table serves the checker, the JSON
// encoder and the reader, so they cannot disagree. Source: opentelemetry-proto 1.11, stable signals.
// The scanner's own tables (record-layout.ts) are apart: they say where a field is put, not what it is.
import { type JsonKey, jsonKeyOf } from "./json-key.ts";
import { tagOf, wireType } from "./wire.ts";

/** How a value looks on the wire and in JSON. */
type Kind =
  | "text"
  | "bytes"
  | "id16"
  | "id8"
  | "bool"
  | "enum"
  | "uint32"
  | "uint64"
  | "int64"
  | "sint32"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double"
  | "message";

/** Forms of values that JSON's encoder takes in one step. */
export const usualForm = {
  none: 0,
  text: 1,
  id16: 2,
  id8: 3,
  time: 4,
  varint: 5,
  fixed32: 6,
} as const;

export type Field = {
  readonly number: number;
  /** lowerCamelCase, as in OTLP/JSON. */
  readonly name: string;
  /** The name as JSON's key. */
  readonly key: JsonKey;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** Set means something even when it is the default: members of a oneof, optional fields. */
  readonly presence: boolean;
  /** Member of the message's one oneof: setting it clears the others. */
  readonly oneof: boolean;
  /** One of `usualForm`. */
  readonly usual: number;
  /** As it is written: repeated numbers are packed. */
  readonly tag: number;
  /** Of one element: differs from `tag` for repeated numbers, which arrive either way. */
  readonly elementTag: number;
  /** The message of a field of kind `message`. */
  readonly type: MessageType | null;
};

export type MessageType = {
  readonly name: string;
  /** Of all messages, from 0. */
  readonly index: number;
  readonly fields: readonly Field[];
  /** By tag, packed and unpacked; holes are unknown fields. */
  readonly byTag: readonly (Field | undefined)[];
  /** Bits of the numbers of the messages of a oneof, of which one at most may be set. */
  readonly memberMask: number;
};

const wireOf: { readonly [kind in Kind]: number } = {
  text: wireType.delimited,
  bytes: wireType.delimited,
  id16: wireType.delimited,
  id8: wireType.delimited,
  message: wireType.delimited,
  bool: wireType.varint,
  enum: wireType.varint,
  uint32: wireType.varint,
  uint64: wireType.varint,
  int64: wireType.varint,
  sint32: wireType.varint,
  fixed32: wireType.fixed32,
  fixed64: wireType.fixed64,
  sfixed64: wireType.fixed64,
  double: wireType.fixed64,
};

const usualOf: { readonly [kind in Kind]?: number } = {
  text: usualForm.text,
  id16: usualForm.id16,
  id8: usualForm.id8,
  fixed64: usualForm.time,
  enum: usualForm.varint,
  uint32: usualForm.varint,
  fixed32: usualForm.fixed32,
};

// Per field: `number name kind`, where the kind may be a message's name, `*` marks repeated fields,
// `?` optional fields and `|` members of the message's oneof.
const common = {
  Resource: "1 attributes KeyValue*, 2 droppedAttributesCount uint32, 3 entityRefs EntityRef*",
  EntityRef: "1 schemaUrl text, 2 type text, 3 idKeys text*, 4 descriptionKeys text*",
  InstrumentationScope:
    "1 name text, 2 version text, 3 attributes KeyValue*, 4 droppedAttributesCount uint32",
  KeyValue: "1 key text, 2 value AnyValue",
  AnyValue:
    "1 stringValue text|, 2 boolValue bool|, 3 intValue int64|, 4 doubleValue double|, " +
    "5 arrayValue ArrayValue|, 6 kvlistValue KeyValueList|, 7 bytesValue bytes|",
  ArrayValue: "1 values AnyValue*",
  KeyValueList: "1 values KeyValue*",
};

const traces = {
  ExportTraceServiceRequest: "1 resourceSpans ResourceSpans*",
  ResourceSpans: "1 resource Resource, 2 scopeSpans ScopeSpans*, 3 schemaUrl text",
  ScopeSpans: "1 scope InstrumentationScope, 2 spans Span*, 3 schemaUrl text",
  Span:
    "1 traceId id16, 2 spanId id8, 3 traceState text, 4 parentSpanId id8, 5 name text, " +
    "6 kind enum, 7 startTimeUnixNano fixed64, 8 endTimeUnixNano fixed64, 9 attributes KeyValue*, " +
    "10 droppedAttributesCount uint32, 11 events Event*, 12 droppedEventsCount uint32, " +
    "13 links Link*, 14 droppedLinksCount uint32, 15 status Status, 16 flags fixed32",
  Event:
    "1 timeUnixNano fixed64, 2 name text, 3 attributes KeyValue*, 4 droppedAttributesCount uint32",
  Link:
    "1 traceId id16, 2 spanId id8, 3 traceState text, 4 attributes KeyValue*, " +
    "5 droppedAttributesCount uint32, 6 flags fixed32",
  Status: "2 message text, 3 code enum",
};

const logs = {
  ExportLogsServiceRequest: "1 resourceLogs ResourceLogs*",
  ResourceLogs: "1 resource Resource, 2 scopeLogs ScopeLogs*, 3 schemaUrl text",
  ScopeLogs: "1 scope InstrumentationScope, 2 logRecords LogRecord*, 3 schemaUrl text",
  LogRecord:
    "1 timeUnixNano fixed64, 2 severityNumber enum, 3 severityText text, 5 body AnyValue, " +
    "6 attributes KeyValue*, 7 droppedAttributesCount uint32, 8 flags fixed32, 9 traceId id16, " +
    "10 spanId id8, 11 observedTimeUnixNano fixed64, 12 eventName text",
};

const times = "2 startTimeUnixNano fixed64, 3 timeUnixNano fixed64";

const metrics = {
  ExportMetricsServiceRequest: "1 resourceMetrics ResourceMetrics*",
  ResourceMetrics: "1 resource Resource, 2 scopeMetrics ScopeMetrics*, 3 schemaUrl text",
  ScopeMetrics: "1 scope InstrumentationScope, 2 metrics Metric*, 3 schemaUrl text",
  Metric:
    "1 name text, 2 description text, 3 unit text, 5 gauge Gauge|, 7 sum Sum|, " +
    "9 histogram Histogram|, 10 exponentialHistogram ExponentialHistogram|, 11 summary Summary|, " +
    "12 metadata KeyValue*",
  Gauge: "1 dataPoints NumberDataPoint*",
  Sum: "1 dataPoints NumberDataPoint*, 2 aggregationTemporality enum, 3 isMonotonic bool",
  Histogram: "1 dataPoints HistogramDataPoint*, 2 aggregationTemporality enum",
  ExponentialHistogram:
    "1 dataPoints ExponentialHistogramDataPoint*, 2 aggregationTemporality enum",
  Summary: "1 dataPoints SummaryDataPoint*",
  NumberDataPoint: `${times}, 4 asDouble double|, 5 exemplars Exemplar*, 6 asInt sfixed64|, 7 attributes KeyValue*, 8 flags uint32`,
  HistogramDataPoint:
    `${times}, 4 count fixed64, 5 sum double?, 6 bucketCounts fixed64*, 7 explicitBounds double*, ` +
    "8 exemplars Exemplar*, 9 attributes KeyValue*, 10 flags uint32, 11 min double?, 12 max double?",
  ExponentialHistogramDataPoint:
    `1 attributes KeyValue*, ${times}, 4 count fixed64, 5 sum double?, 6 scale sint32, ` +
    "7 zeroCount fixed64, 8 positive Buckets, 9 negative Buckets, 10 flags uint32, " +
    "11 exemplars Exemplar*, 12 min double?, 13 max double?, 14 zeroThreshold double",
  Buckets: "1 offset sint32, 2 bucketCounts uint64*",
  SummaryDataPoint: `${times}, 4 count fixed64, 5 sum double, 6 quantileValues ValueAtQuantile*, 7 attributes KeyValue*, 8 flags uint32`,
  ValueAtQuantile: "1 quantile double, 2 value double",
  Exemplar:
    "2 timeUnixNano fixed64, 3 asDouble double|, 4 spanId id8, 5 traceId id16, 6 asInt sfixed64|, " +
    "7 filteredAttributes KeyValue*",
};

const sources = { ...common, ...traces, ...logs, ...metrics };

/** A message of OTLP, by its name in the protocol. */
export type MessageName = keyof typeof sources;

type Open = MessageType & {
  readonly fields: Field[];
  readonly byTag: (Field | undefined)[];
  memberMask: number;
};

const types = new Map<string, Open>(
  Object.keys(sources).map((name, index) => [
    name,
    { name, index, fields: [], byTag: [], memberMask: 0 },
  ]),
);

const fieldOf = (text: string): Field => {
  const [number = "", name = "", word = ""] = text.trim().split(" ");
  const repeated = word.endsWith("*");
  const oneof = word.endsWith("|");
  const presence = oneof || word.endsWith("?");
  const base = repeated || presence ? word.slice(0, -1) : word;
  const type = types.get(base) ?? null;
  const kind = type === null ? (base as Kind) : "message";
  const wire = wireOf[kind];
  return {
    number: Number(number),
    name,
    key: jsonKeyOf(name),
    kind,
    repeated,
    usual: repeated ? usualForm.none : (usualOf[kind] ?? usualForm.none),
    presence,
    oneof,
    type,
    tag: tagOf(Number(number), repeated ? wireType.delimited : wire),
    elementTag: tagOf(Number(number), wire),
  };
};

for (const [name, source] of Object.entries(sources)) {
  const open = types.get(name);
  for (const text of source.split(",")) {
    const field = fieldOf(text);
    open?.fields.push(field);
    if (open !== undefined) {
      open.byTag[field.tag] = field;
      open.byTag[field.elementTag] = field;
      if (field.oneof && field.type !== null) open.memberMask |= 1 << field.number;
    }
  }
}

/** All messages, by their index. */
export const messageTypes: readonly MessageType[] = [...types.values()];

/** The table of one message; names are known at compile time, so there is always one. */
export const messageType = (name: MessageName): MessageType => types.get(name) as Open;

/** The three signals: their request, what stands in its scopes, and JSON's key for its resources. */
export const signals = {
  traces: { request: "ExportTraceServiceRequest", record: "Span", key: "resourceSpans" },
  metrics: { request: "ExportMetricsServiceRequest", record: "Metric", key: "resourceMetrics" },
  logs: { request: "ExportLogsServiceRequest", record: "LogRecord", key: "resourceLogs" },
} as const;

/** A key of `signals`. */
export type Signal = keyof typeof signals;

/** @throws RangeError naming the signals that there are: plain JavaScript may give any name. */
export const checkSignal = (
  signal: string,
  known: readonly string[] = Object.keys(signals),
): void => {
  if (!known.includes(signal)) throw new RangeError(`signal=${signal}, one of ${known.join(", ")}`);
};
