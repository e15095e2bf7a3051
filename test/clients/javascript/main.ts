// OTLP client on the OpenTelemetry SDK for JavaScript, as test/clients/main.ts drives it: spans,
// log records and metrics, good and bad, over OTLP/HTTP protobuf; one JSON line of what came of
// them. The SDK tells of partial success in its diagnostics and nowhere else.
import { diag, DiagLogLevel, SpanStatusCode } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const spansValid = Number(process.env["CLIENT_SPANS_VALID"]);
const spansInvalid = Number(process.env["CLIENT_SPANS_INVALID"]);
const attributes = Number(process.env["CLIENT_ATTRIBUTES"]);

type Outcome = { sent: number; exported: number; failed: number };
type PartialSuccess = {
  readonly part: string;
  readonly rejected: number;
  readonly message: string;
};

const newOutcome = (): Outcome => ({ sent: 0, exported: 0, failed: 0 });
const signals = { spans: newOutcome(), logs: newOutcome(), metrics: newOutcome() };
const partialSuccess: PartialSuccess[] = [];
const sdkLog: string[] = [];
let part = "";

const told = (json: string): void => {
  const fields = JSON.parse(json) as { readonly [name: string]: string | number };
  const count =
    fields["rejectedSpans"] ?? fields["rejectedLogRecords"] ?? fields["rejectedDataPoints"];
  const message = String(fields["errorMessage"] ?? "");
  partialSuccess.push({ part, rejected: Number(count ?? 0), message });
};

const listen = (message: string, ...rest: readonly unknown[]): void => {
  if (message.startsWith("Received Partial Success")) told(String(rest[0]));
  else sdkLog.push([message, ...rest].map(String).join(" "));
};

type Exporter<T> = {
  export(items: T, done: (result: { readonly code: number; readonly error?: Error }) => void): void;
};

/** Puts a count around `export`; the exporter itself stays as it is. */
const countExports = <T>(
  exporter: Exporter<T>,
  outcome: Outcome,
  itemsOf: (items: T) => number,
) => {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code === 0) outcome.exported += itemsOf(items);
      else outcome.failed += itemsOf(items);
      done(result);
    });
};

const lengthOf = (items: readonly unknown[]): number => items.length;
const pointsOf = ({ scopeMetrics }: ResourceMetrics): number =>
  scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .reduce((points, { dataPoints }) => points + dataPoints.length, 0);

const silent = (): void => undefined;
diag.setLogger(
  { error: listen, warn: listen, info: silent, debug: silent, verbose: silent },
  { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
);
const spanExporter = new OTLPTraceExporter();
const logExporter = new OTLPLogExporter();
const metricExporter = new OTLPMetricExporter();
countExports(spanExporter, signals.spans, lengthOf);
countExports(logExporter, signals.logs, lengthOf);
countExports(metricExporter, signals.metrics, pointsOf);

const resource = defaultResource().merge(
  resourceFromAttributes({ "service.name": "client-javascript" }),
);
const tracerProvider = new TracerProvider({
  resource,
  spanLimits: { attributeCountLimit: 2 * attributes },
  spanProcessors: [new BatchSpanProcessor({ exporter: spanExporter })],
});
const loggerProvider = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: logExporter })],
});
const meterProvider = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })],
});

// Failed executions: head sampling keeps what failed, so the edge's counts are known beforehand.
const tracer = tracerProvider.getTracer("client");
const emitSpans = async (name: string, count: number, more: { [key: string]: string }) => {
  part = name;
  for (let index = 0; index < count; index += 1) {
    const attributes = { "workflow.pattern": "sequence", "error.type": "timeout", ...more };
    const span = tracer.startSpan("workflow.execute", { attributes });
    span.setStatus({ code: SpanStatusCode.ERROR }).end();
  }
  signals.spans.sent += count;
  await tracerProvider.forceFlush();
};

const padding = Array.from({ length: attributes }, (_, index) => [`pad.${index}`, "x"] as const);
await emitSpans("valid spans", spansValid, { "workflow.id": "wf-1" });
await emitSpans("invalid spans", spansInvalid, {});
await emitSpans("over the limit", 1, { "workflow.id": "wf-1", ...Object.fromEntries(padding) });

part = "logs";
const logger = loggerProvider.getLogger("client");
const failed = { eventName: "workflow.failed", severityNumber: 17 };
logger.emit({ ...failed, attributes: { "workflow.id": "wf-1" } });
logger.emit(failed);
signals.logs.sent = 2;
await loggerProvider.forceFlush();

part = "metrics";
const executions = meterProvider
  .getMeter("client")
  .createCounter("workflow.executions", { unit: "{workflow}" });
executions.add(1, { "workflow.name": "client", "workflow.outcome": "failed" });
executions.add(1, { "workflow.name": "client" });
signals.metrics.sent = 2;
await meterProvider.shutdown();
await Promise.all([tracerProvider.shutdown(), loggerProvider.shutdown()]);

console.log(
  JSON.stringify({
    language: "JavaScript",
    sdk: resource.attributes["telemetry.sdk.version"],
    signals,
    partialSuccess,
    toldBy: "its diagnostics (warn)",
    sdkLog,
  }),
);
