// OTLP requests written by a foreign encoder (protobufjs), with the fields that the stream reads.
import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2;
    int64 int_value = 3; double double_value = 4; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span { bytes trace_id = 1; bytes span_id = 2; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; Status status = 15; }
  message LogRecord { fixed64 time_unix_nano = 1; int32 severity_number = 2;
    string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6;
    bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11;
    string event_name = 12; }
  message Point { fixed64 time_unix_nano = 3; double as_double = 4; }
  message Points { repeated Point data_points = 1; }
  message Metric { string name = 1; Points gauge = 5; Points sum = 7; Points histogram = 9;
    Points exponential_histogram = 10; Points summary = 11; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`);

export type RequestType = "Traces" | "Logs" | "Metrics";

/** An object in the shape of OTLP/JSON, with ids as bytes, to protobuf. */
export const encodeRequest = (type: RequestType, request: object): Uint8Array => {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(request)).finish();
};

/** OTLP/JSON text to the object above. */
export const fromOtlpJson = (text: string): object =>
  JSON.parse(text, (key, value: unknown) =>
    /^(trace|span)Id$/.test(key) ? Buffer.from(String(value), "hex") : value,
  ) as object;

const resourceOf = (service: string | null): object => ({
  attributes: service === null ? [] : [{ key: "service.name", value: { stringValue: service } }],
});

export type SpanShape = {
  readonly name: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly isError?: boolean;
};

/** A request with one resource per service. */
export const traces = (services: ReadonlyMap<string | null, readonly SpanShape[]>): Uint8Array =>
  encodeRequest("Traces", {
    resourceSpans: [...services].map(([service, spans]) => ({
      resource: resourceOf(service),
      scopeSpans: [
        {
          spans: spans.map(({ name, startNs, endNs, isError }) => ({
            name,
            startTimeUnixNano: startNs.toString(),
            endTimeUnixNano: endNs.toString(),
            status: { code: isError === true ? 2 : 0 },
          })),
        },
      ],
    })),
  });

export const logs = (service: string | null, records: readonly object[]): Uint8Array =>
  encodeRequest("Logs", {
    resourceLogs: [{ resource: resourceOf(service), scopeLogs: [{ logRecords: records }] }],
  });
