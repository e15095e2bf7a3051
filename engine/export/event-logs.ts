// Events as OTLP log records, made by the OpenTelemetry SDK, so that any Collector takes them: the
// event's name is `sniffer.` and its type, its fields are attributes of schemas/registry/market.yaml.
import { type Attributes, type Logger, SeverityNumber } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  LoggerProvider,
  type LogRecordProcessor,
  type ReadableLogRecord,
} from "@opentelemetry/sdk-logs";

import type { OutgoingEvent } from "./event-record.ts";
import { otlpTime } from "./otlp-time.ts";

/** Emits events of one engine; `offer` gets each as the SDK's exporters take it. */
export const eventLogs = (
  runId: string,
  offer: (record: ReadableLogRecord) => void,
): ((event: OutgoingEvent) => void) => {
  const processor: LogRecordProcessor = {
    onEmit: offer,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({
      "service.name": "weir-engine",
      "service.instance.id": runId,
    }),
    processors: [processor],
  });
  const logger = provider.getLogger("weir.events");
  return (event) => emit(logger, event);
};

const emit = (logger: Logger, event: OutgoingEvent): void => {
  const isRefusal = event.error !== undefined || event.reason !== undefined;
  logger.emit({
    eventName: `sniffer.${event.event_type}`,
    timestamp: otlpTime(event.unix_us),
    severityNumber: isRefusal ? SeverityNumber.WARN : SeverityNumber.INFO,
    severityText: isRefusal ? "WARN" : "INFO",
    body: event.event_type,
    attributes: attributesOf(event),
  });
};

const attributesOf = (event: OutgoingEvent): Attributes => {
  const reason = event.error ?? event.reason;
  return {
    "sniffer.trace_id": event.trace_id,
    "sniffer.lane": event.lane,
    "sniffer.one_in": event.one_in,
    ...(event.size !== undefined && { "solana.transaction.bytes": event.size }),
    ...(event.latency_us !== undefined && { "sniffer.latency_us": event.latency_us }),
    ...(event.queue_depth !== undefined && { "sniffer.queue_depth": event.queue_depth }),
    ...(event.fate !== undefined && { "sniffer.fate": event.fate }),
    ...(event.priority !== undefined && { "sniffer.priority": event.priority }),
    ...(reason !== undefined && { "sniffer.reason": reason }),
  };
};
