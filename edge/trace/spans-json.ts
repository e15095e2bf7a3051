// The spans of one traced request as an OTLP/JSON request: `receive`, the whole of it, and below it
// `forward`, from the call of the forwarder to the log's answer.
import type { RequestTrace } from "./request-trace.ts";

/** Numbers of OTLP's SpanKind and Status. */
const kind = { server: 2, producer: 4 } as const;
const statusError = 2;
const firstServerError = 500;

type Attribute = { readonly key: string; readonly value: { readonly [type: string]: string } };

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });
const int = (key: string, value: number): Attribute => ({
  key,
  value: { intValue: String(value) },
});

const timeNs = (ms: number): string => `${ms}000000`;

/** How the request ended, and when, in milliseconds since the epoch. */
export type RequestEnd = { readonly status: number; readonly endMs: number };

const receiveSpan = ({ ids, signal, receivedMs, items }: RequestTrace, end: RequestEnd) => ({
  traceId: ids.traceId,
  spanId: ids.receiveSpanId,
  parentSpanId: ids.parentSpanId,
  flags: 1,
  name: "weir.receive",
  kind: kind.server,
  startTimeUnixNano: timeNs(receivedMs),
  endTimeUnixNano: timeNs(end.endMs),
  attributes: [
    text("http.request.method", "POST"),
    text("url.path", `/v1/${signal}`),
    int("http.response.status_code", end.status),
    int("weir.items", items),
    ...(isFailed(end) ? [text("error.type", String(end.status))] : []),
  ],
  status: isFailed(end) ? { code: statusError } : {},
});

const isFailed = ({ status }: RequestEnd): boolean => status >= firstServerError;

const forwardSpan = (trace: RequestTrace, { endMs }: RequestEnd) => ({
  traceId: trace.ids.traceId,
  spanId: trace.ids.forwardSpanId,
  parentSpanId: trace.ids.receiveSpanId,
  flags: 1,
  name: "weir.forward",
  kind: kind.producer,
  startTimeUnixNano: timeNs(trace.forwardStartMs),
  endTimeUnixNano: timeNs(trace.forwardEndMs || endMs),
  attributes: [text("weir.topic", `weir-${trace.signal}`)],
  status: {},
});

/** The whole request body. */
export const spansJson = (trace: RequestTrace, end: RequestEnd): string => {
  const forward = trace.forwardStartMs > 0 ? [forwardSpan(trace, end)] : [];
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", "weir-edge")] },
        scopeSpans: [
          { scope: { name: "weir.edge" }, spans: [receiveSpan(trace, end), ...forward] },
        ],
      },
    ],
  });
};
