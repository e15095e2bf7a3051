// Spans of traced records, made by the OpenTelemetry SDK from what the trace table holds, so that
// any OTLP backend shows edge and engine as one trace. Control thread.
import { ROOT_CONTEXT, SpanKind, trace, TraceFlags, type Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

import { recordSpans, type SpanFacts } from "../trace/record-spans.ts";
import type { TracedRecord } from "../trace/trace-collector.ts";
import { otlpTime } from "./otlp-time.ts";

/** `offer` gets each finished span; the function makes those of one record. */
export const recordTracer = (
  runId: string,
  offer: (span: ReadableSpan) => void,
): ((record: TracedRecord, epochUs: number) => void) => {
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd: offer,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": "weir-engine",
      "service.instance.id": runId,
    }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("weir.engine");
  return (record, epochUs) => emit(tracer, record, epochUs);
};

const emit = (tracer: Tracer, record: TracedRecord, epochUs: number): void => {
  const [whole, ...parts] = recordSpans(record);
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: record.traceId,
    spanId: record.parentSpanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
  const start = (
    { name, startUs, attributes }: SpanFacts,
    kind: SpanKind,
    context: typeof remote,
  ) =>
    tracer.startSpan(
      name,
      { kind, startTime: otlpTime(epochUs + startUs), attributes: { ...attributes } },
      context,
    );
  const parent = start(whole, SpanKind.CONSUMER, remote);
  const inside = trace.setSpan(ROOT_CONTEXT, parent);
  for (const part of parts) {
    start(part, SpanKind.INTERNAL, inside).end(otlpTime(epochUs + part.endUs));
  }
  parent.end(otlpTime(epochUs + whole.endUs));
};
