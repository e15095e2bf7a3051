// One service's OpenTelemetry SDK, as an application would set it up: batching processors and
// OTLP/HTTP exporters, protobuf or (traces only) JSON. Around it only counting: what was handed to
// the exporters, and what became of it.
import { diag, DiagLogLevel, type Logger, type Meter, type Tracer } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import {
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

import { newTotals, type PostTotals } from "./post-totals.ts";
import type { Seeded } from "./seeded.ts";

type TelemetrySignal = "spans" | "logs" | "metrics";
/** Spans, log records and data points. */
export type TelemetryTotals = { readonly [signal in TelemetrySignal]: PostTotals };

/** All zero. */
export const newTelemetryTotals = (): TelemetryTotals => ({
  spans: newTotals(),
  logs: newTotals(),
  metrics: newTotals(),
});

/** One service of the application. */
export type TelemetryOptions = {
  readonly edgeUrl: string;
  readonly apiKey: string | null;
  readonly service: string;
  readonly traceEncoding: "protobuf" | "json";
  /** Counts of all services together. */
  readonly totals: TelemetryTotals;
  /** Ids from a seed, for runs that can be repeated; without it the SDK's own. */
  readonly ids?: Seeded;
  readonly exportMs?: number;
};

/** The instruments of one service. `shutdown` exports what is left, within the SDK's own limits. */
export type Telemetry = {
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly shutdown: () => Promise<void>;
};

/** What the SDK queues before it drops; the difference of made and sent shows in the totals. */
const queueItemsMax = 16_384;
const batchItemsMax = 512;
const exportMsDefault = 500;
const scopeName = "weir.feed";

type ExportResult = { readonly code: number; readonly error?: Error };
type Exporter<T> = { export(items: T, done: (result: ExportResult) => void): void };
const exportSuccess = 0;

/** Puts a count around `export`; the exporter itself stays as it is. */
const countExports = <T>(
  exporter: Exporter<T>,
  totals: PostTotals,
  itemsOf: (items: T) => number,
): void => {
  const send = exporter.export.bind(exporter);
  exporter.export = (batch, done) => {
    const items = itemsOf(batch);
    totals.sent += items;
    send(batch, (result) => {
      if (result.code === exportSuccess) totals.accepted += items;
      else totals.failed += items;
      done(result);
    });
  };
};

const pointsOf = ({ scopeMetrics }: ResourceMetrics): number =>
  scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .reduce((points, metric) => points + metric.dataPoints.length, 0);

const seededIds = (random: Seeded): IdGenerator => {
  const hex = (bytes: number): string => {
    const id = random.bytes(bytes);
    // All zeros is no valid id.
    id[bytes - 1] = (id[bytes - 1] as number) | 1;
    return Buffer.from(id).toString("hex");
  };
  return { generateTraceId: () => hex(16), generateSpanId: () => hex(8) };
};

/** Sets up one service. Nothing global is registered: several live in one process. */
export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const { totals, ids, service } = options;
  const exportMs = options.exportMs ?? exportMsDefault;
  const headers = options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` };
  const at = (path: string) => ({ url: `${options.edgeUrl}/v1/${path}`, headers });
  const resource = resourceFromAttributes({ "service.name": service, "service.version": "1.0.0" });
  const batching = {
    maxQueueSize: queueItemsMax,
    maxExportBatchSize: batchItemsMax,
    scheduledDelayMillis: exportMs,
  };
  const isJson = options.traceEncoding === "json";
  const spanExporter = isJson
    ? new JsonTraceExporter(at("traces"))
    : new OTLPTraceExporter(at("traces"));
  const logExporter = new OTLPLogExporter(at("logs"));
  const metricExporter = new OTLPMetricExporter(at("metrics"));
  countExports(spanExporter, totals.spans, (spans: readonly unknown[]) => spans.length);
  countExports(logExporter, totals.logs, (records: readonly unknown[]) => records.length);
  countExports(metricExporter, totals.metrics, pointsOf);
  const tracerProvider = new TracerProvider({
    resource,
    idGenerator: ids === undefined ? new RandomIdGenerator() : seededIds(ids),
    spanProcessors: [new BatchSpanProcessor({ exporter: spanExporter, ...batching })],
  });
  const loggerProvider = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: logExporter, ...batching })],
  });
  // An export may take no longer than its interval, and the SDK complains aloud when it does.
  const metricsMs = exportMs * 10;
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: metricsMs,
    exportTimeoutMillis: metricsMs,
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  const providers = [tracerProvider, loggerProvider, meterProvider];
  return {
    tracer: tracerProvider.getTracer(scopeName),
    logger: loggerProvider.getLogger(scopeName),
    meter: meterProvider.getMeter(scopeName),
    shutdown: async () => {
      await Promise.allSettled(providers.map((provider) => provider.shutdown()));
    },
  };
};

const rejectedKeys = {
  rejectedSpans: "spans",
  rejectedLogRecords: "logs",
  rejectedDataPoints: "metrics",
} as const;

const notesMax = 20;

/**
 * Listens to the SDK's diagnostics, once per process: partial success is told there and nowhere
 * else, so what was counted as accepted is taken back. Other messages go to `note`, each distinct
 * one once.
 */
export const listenToSdk = (totals: TelemetryTotals, note: (text: string) => void): void => {
  const seen = new Set<string>();
  const say = (message: string, ...rest: unknown[]): void => {
    const partial = partialSuccessIn(message, rest);
    if (partial !== null) return subtractRejected(totals, partial);
    const text = sentenceIn(message).slice(0, 300);
    if (seen.has(text) || seen.size >= notesMax) return;
    seen.add(text);
    note(text);
  };
  const silent = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
};

/** An error that nobody handled comes as the JSON of its properties, the stack first. */
const sentenceIn = (message: string): string => {
  if (!message.startsWith("{")) return message;
  try {
    const { name = "Error", message: said = message } = JSON.parse(message) as Partial<Error>;
    return `${name}: ${said}`;
  } catch {
    return message;
  }
};

const partialSuccessIn = (message: string, rest: readonly unknown[]): object | null => {
  if (!message.startsWith("Received Partial Success")) return null;
  try {
    return JSON.parse(String(rest[0])) as object;
  } catch {
    return {};
  }
};

const subtractRejected = (totals: TelemetryTotals, partial: object): void => {
  for (const [key, signal] of Object.entries(rejectedKeys)) {
    const rejected = Number((partial as Record<string, unknown>)[key] ?? 0);
    if (!Number.isSafeInteger(rejected)) continue;
    totals[signal].rejected += rejected;
    totals[signal].accepted -= rejected;
  }
};
