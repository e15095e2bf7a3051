// What a scanner's rows say, as the objects that protobufjs decodes: the comparison that scanner
// tests and the fuzzer share.
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import {
  logWord,
  metricWord,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
  spanWord,
} from "../../schemas/otlp/record-layout.ts";
import { decimalOf, hexAt, textAt } from "../../schemas/otlp/read-message.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import type { Plain } from "./otlp-proto.ts";

type Row = { readonly [name: string]: string | number | undefined };

const list = (plain: Plain, name: string): readonly Plain[] =>
  (plain[name] as readonly Plain[] | undefined) ?? [];

const message = (plain: Plain, name: string): Plain => (plain[name] as Plain | undefined) ?? {};

const number = (value: unknown): number => Number(value ?? 0);

const serviceNameOf = (resource: Plain): string | undefined => {
  const values = list(resource, "attributes").filter((one) => one["key"] === "service.name");
  const last = values.at(-1);
  return last === undefined ? undefined : (message(last, "value")["stringValue"] as string);
};

const commonOf = (record: Plain, attributes: string): Row => ({
  traceId: (record["traceId"] as string | undefined) ?? "",
  spanId: (record["spanId"] as string | undefined) ?? "",
  attributes: list(record, attributes).length,
});

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const time = (value: unknown): string => (typeof value === "string" ? value : "0");

const spanOf = (span: Plain): Row => ({
  ...commonOf(span, "attributes"),
  parentSpanId: text(span["parentSpanId"]),
  name: text(span["name"]),
  kind: number(span["kind"]),
  start: time(span["startTimeUnixNano"]),
  end: time(span["endTimeUnixNano"]),
  status: number(message(span, "status")["code"]),
  traceState: text(span["traceState"]),
  flags: number(span["flags"]),
  events: list(span, "events").length,
  links: list(span, "links").length,
});

const logOf = (log: Plain): Row => ({
  ...commonOf(log, "attributes"),
  time: time(log["timeUnixNano"]),
  observed: time(log["observedTimeUnixNano"]),
  severity: number(log["severityNumber"]),
  severityText: text(log["severityText"]),
  hasBody: Number(log["body"] !== undefined),
  eventName: text(log["eventName"]),
  flags: number(log["flags"]),
});

const dataOf: { readonly [name: string]: number } = {
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
  summary: 11,
};

const metricOf = (metric: Plain): Row => {
  const kind = Object.keys(dataOf).find((name) => metric[name] !== undefined) ?? "";
  const data = message(metric, kind);
  return {
    ...commonOf(metric, "metadata"),
    name: text(metric["name"]),
    unit: text(metric["unit"]),
    description: text(metric["description"]),
    type: dataOf[kind] ?? 0,
    points: list(data, "dataPoints").length,
    temporality: number(data["aggregationTemporality"]),
    monotonic: Number(data["isMonotonic"] ?? false),
  };
};

type Names = {
  readonly resources: string;
  readonly scopes: string;
  readonly records: string;
  readonly of: (record: Plain) => Row;
};

const names: { readonly [signal in Signal]: Names } = {
  traces: { resources: "resourceSpans", scopes: "scopeSpans", records: "spans", of: spanOf },
  metrics: {
    resources: "resourceMetrics",
    scopes: "scopeMetrics",
    records: "metrics",
    of: metricOf,
  },
  logs: { resources: "resourceLogs", scopes: "scopeLogs", records: "logRecords", of: logOf },
};

/** One row for each record that protobufjs decoded. */
export const decodedRows = (signal: Signal, request: Plain): Row[] => {
  const { resources, scopes, records, of } = names[signal];
  return list(request, resources).flatMap((resource, resourceIndex) =>
    list(resource, scopes).flatMap((scope) =>
      list(scope, records).map((record) =>
        Object.assign(of(record), {
          resource: resourceIndex,
          scopeUrl: text(scope["schemaUrl"]),
          resourceUrl: text(resource["schemaUrl"]),
          service: serviceNameOf(message(resource, "resource")),
        }),
      ),
    ),
  );
};

class RowReader {
  readonly scan: SignalScan;
  readonly row: number;

  constructor(scan: SignalScan, index: number) {
    this.scan = scan;
    this.row = index * scan.layout.stride;
  }

  word(word: number): number {
    return this.scan.records[this.row + word] ?? Number.NaN;
  }

  unsigned(word: number): number {
    return this.word(word) >>> 0;
  }

  text(word: number): string {
    return textAt(this.scan.bytes, this.word(word), this.word(word + 1));
  }

  id(word: number, bytes: number): string {
    const at = this.word(word);
    return at === 0 ? "" : hexAt(this.scan.bytes, at, at + bytes);
  }

  time(word: number): string {
    return decimalOf(this.word(word + 1), this.word(word), false);
  }

  common(): Row {
    return {
      traceId: this.id(recordWord.traceIdAt, 16),
      spanId: this.id(recordWord.spanIdAt, 8),
      attributes: this.word(recordWord.attributes),
    };
  }
}

const scannedSpan = (r: RowReader): Row => ({
  ...r.common(),
  parentSpanId: r.id(spanWord.parentSpanIdAt, 8),
  name: r.text(spanWord.nameStart),
  kind: r.word(spanWord.kind),
  start: r.time(spanWord.startTimeLow),
  end: r.time(spanWord.endTimeLow),
  status: r.word(spanWord.statusCode),
  traceState: r.text(spanWord.traceStateStart),
  flags: r.unsigned(spanWord.flags),
  events: r.word(spanWord.events),
  links: r.word(spanWord.links),
});

const scannedLog = (r: RowReader): Row => ({
  ...r.common(),
  time: r.time(logWord.timeLow),
  observed: r.time(logWord.observedTimeLow),
  severity: r.word(logWord.severityNumber),
  severityText: r.text(logWord.severityTextStart),
  hasBody: Number(r.word(logWord.bodyStart) !== 0),
  eventName: r.text(logWord.eventNameStart),
  flags: r.unsigned(logWord.flags),
});

const scannedMetric = (r: RowReader): Row => ({
  ...r.common(),
  name: r.text(metricWord.nameStart),
  unit: r.text(metricWord.unitStart),
  description: r.text(metricWord.descriptionStart),
  type: r.word(metricWord.type),
  points: r.word(metricWord.points),
  temporality: r.word(metricWord.temporality),
  monotonic: Number(r.word(metricWord.isMonotonic) !== 0),
});

const scanned = { traces: scannedSpan, metrics: scannedMetric, logs: scannedLog };

/** One row for each record that the scanner found. */
export const scannedRows = (signal: Signal, scan: SignalScan): Row[] =>
  Array.from({ length: scan.count }, (_, index) => {
    const reader = new RowReader(scan, index);
    const resource = reader.word(recordWord.resource);
    const scope = reader.word(recordWord.scope);
    const resourceCell = (word: number): number =>
      scan.resources[resource * resourceStride + word] ?? Number.NaN;
    const scopeCell = (word: number): number => scan.scopes[scope * scopeStride + word] ?? 0;
    const nameStart = resourceCell(resourceWord.serviceNameStart);
    const nameEnd = resourceCell(resourceWord.serviceNameEnd);
    return {
      ...scanned[signal](reader),
      resource,
      scopeUrl: textAt(
        scan.bytes,
        scopeCell(scopeWord.schemaUrlStart),
        scopeCell(scopeWord.schemaUrlEnd),
      ),
      resourceUrl: textAt(
        scan.bytes,
        resourceCell(resourceWord.schemaUrlStart),
        resourceCell(resourceWord.schemaUrlEnd),
      ),
      service: nameStart === 0 ? undefined : textAt(scan.bytes, nameStart, nameEnd),
    };
  });
