// Requests of the three signals in both encodings, written by hand for the checklist's tests.
import { field, number } from "../protobuf-bytes.ts";

export const protobuf = "application/x-protobuf";
export const json = "application/json";

const traceId = new Uint8Array(16).fill(1);
const spanId = new Uint8Array(8).fill(2);

/** Bytes of an Export…ServiceRequest around items of one scope. */
export const requestOf = (...items: readonly Uint8Array[]): Uint8Array =>
  field(1, field(2, ...items.map((item) => field(2, item))));

export const spanBytes = (...more: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat([field(1, traceId), field(2, spanId), field(5, "x"), ...more]));

const point = field(1, number(8, 0));

/** One item of each signal: its path, and a request in protobuf and in JSON. */
export const signalRequests = [
  {
    path: "/v1/traces",
    bytes: requestOf(spanBytes()),
    text: JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "01".repeat(16), name: "x" }] }] }],
    }),
  },
  {
    path: "/v1/metrics",
    bytes: requestOf(new Uint8Array(Buffer.concat([field(1, "m"), field(5, point)]))),
    text: JSON.stringify({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ name: "m", gauge: { dataPoints: [{ asInt: "1" }] } }] }] },
      ],
    }),
  },
  {
    path: "/v1/logs",
    bytes: requestOf(field(3, "INFO")),
    text: JSON.stringify({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] }],
    }),
  },
] as const;

/** JSON of a trace request with these spans. */
export const spansJson = (...spans: readonly unknown[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
