// What leaves the engine about itself, put together: who reads, where it goes, how much may wait.
// Control thread. A slow or dead receiver costs the engine nothing: what finds no room is counted
// and dropped, and nothing here is waited for but at the end, within a deadline.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { EventLog } from "../log/event-log.ts";
import { type LogPlace, openLog } from "../log/open-log.ts";
import { cellOf, MetricCells } from "../metrics/cells.ts";
import type { MetricKey } from "../metrics/table.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { TraceCollector } from "../trace/trace-collector.ts";
import { EventExport, type EventMemories } from "./event-export.ts";
import { eventRecord, type OutgoingEvent } from "./event-record.ts";
import type { EventRule } from "./event-rule.ts";
import { type ExportFault, ExportQueue, type SendResult } from "./export-queue.ts";
import { otlpHeaders, otlpSend, otlpSendMsMax } from "./otlp-send.ts";

/** What leaves, and where to. */
export type ExportSettings = {
  /** Events to the topic weir-events. */
  readonly eventTopic: boolean;
  /** OTLP/HTTP address of logs; "" sends none. */
  readonly eventEndpoint: string;
  /** OTLP/HTTP address of traces; "" traces nothing. */
  readonly traceEndpoint: string;
  /** Which events; looked up several times a second. */
  readonly eventRule: () => EventRule;
};

export type ExportOptions = ExportSettings & {
  readonly events: EventMemories;
  readonly metrics: SharedArrayBuffer;
  /** Of the traced records. */
  readonly traces: SharedArrayBuffer;
  readonly log: LogPlace;
  readonly runId: string;
};

/** Where something leaves to, as /metrics names it. */
type SinkName = "event-topic" | "event-logs" | "traces";

/** What went wrong last, by where it was to go; a refusal of a part of a batch too. */
export type ExportFaults = { readonly [sink in SinkName]?: ExportFault };

export type Exports = {
  readonly faults: () => ExportFaults;
  /** Ends within the time given; what is not sent by then is dropped. */
  readonly stop: (deadlineMs: number) => Promise<void>;
};

const turnMs = 100;
/** Events that wait for the log, and for the OTLP endpoint. */
const eventsMax = 8192;
const batchEventsMax = 512;
/** Spans that wait for the OTLP endpoint. */
const spansMax = 8192;
const batchSpansMax = 512;
const topicTriesMax = 3;
/** Below it, what Date.now() leaves away explains the difference. */
const clockSetUsMin = 2000;
const retryMs = 200;

type Outlet = {
  readonly fault: () => ExportFaults;
  readonly turn: () => void;
  readonly close: (deadline: Promise<unknown>) => Promise<void>;
};
type Sink = Outlet & { readonly offer: (event: OutgoingEvent) => void };
type NumberedEvent = { readonly event: OutgoingEvent; readonly sequence: number };
type SpanSink = Outlet & { readonly collect: (isLast: boolean) => void };

type Prefix = "eventTopic" | "eventLogs" | "spans";
const sinkNames = { eventTopic: "event-topic", eventLogs: "event-logs", spans: "traces" } as const;

/** Nothing connects and no exporter is loaded before it is needed. */
export const startExports = async (options: ExportOptions): Promise<Exports> => {
  const metrics = new MetricCells(options.metrics);
  const sinks = [
    ...(options.eventTopic ? [topicSink(options, metrics)] : []),
    ...(options.eventEndpoint === "" ? [] : [await logSink(options, metrics)]),
  ];
  const events = new EventExport({
    memories: options.events,
    rule: options.eventRule,
    metrics,
    sinks: sinks.map(({ offer }) => offer),
    epochUs,
  });
  const spans = options.traceEndpoint === "" ? null : await spanSink(options, metrics);
  const outlets: readonly Outlet[] = spans === null ? sinks : [...sinks, spans];
  const turn = (isLast = false): void => {
    if (sinks.length > 0) events.turn();
    spans?.collect(isLast);
    for (const outlet of outlets) outlet.turn();
  };
  const timer = setInterval(() => turn(), turnMs);
  timer.unref();
  return {
    faults: () => Object.assign({}, ...outlets.map(({ fault }) => fault())) as ExportFaults,
    stop: async (deadlineMs) => {
      clearInterval(timer);
      turn(true);
      const deadline = sleep(deadlineMs, undefined, { ref: false });
      await Promise.all(outlets.map(({ close }) => close(deadline)));
    },
  };
};

/** Puts a queue's counts where /metrics finds them. */
const publish = (
  metrics: MetricCells,
  prefix: Prefix,
  { counts, waiting }: Pick<ExportQueue<unknown>, "counts" | "waiting">,
): void => {
  const put = (key: MetricKey, value: number): void => metrics.set(cellOf(key), value);
  put(`${prefix}Sent`, counts.sent);
  // A log takes a batch whole.
  if (prefix !== "eventTopic") put(`${prefix}Rejected`, counts.rejected);
  put(`${prefix}Full`, counts.dropped.full);
  put(`${prefix}Failed`, counts.dropped.failed);
  put(`${prefix}Shutdown`, counts.dropped.shutdown);
  put(`${prefix}Failures`, counts.failures);
  put(`${prefix}Waiting`, waiting);
};

const outletOf = <T>(queue: ExportQueue<T>, metrics: MetricCells, prefix: Prefix): Outlet => ({
  fault: () => (queue.fault === null ? {} : { [sinkNames[prefix]]: queue.fault }),
  turn: () => {
    queue.flush();
    publish(metrics, prefix, queue);
  },
  close: async (deadline) => {
    await queue.close(deadline);
    publish(metrics, prefix, queue);
  },
});

const topicSink = (options: ExportOptions, metrics: MetricCells): Sink => {
  const producer = randomUUID();
  let nextSequence = 0;
  let opened: Promise<EventLog> | null = null;
  const queue = new ExportQueue<NumberedEvent>({
    send: async (events) => {
      opened ??= openLog(options.log).catch((error: unknown) => {
        opened = null;
        throw error;
      });
      const log = await opened;
      const configVersion = metrics.read("configVersion");
      const origin = { runId: options.runId, producer, configVersion };
      await log.append(events.map(({ event, sequence }) => eventRecord(event, origin, sequence)));
    },
    itemsMax: eventsMax,
    batchItemsMax: batchEventsMax,
    triesMax: topicTriesMax,
    retryMs,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
    nowMs: () => Date.now(),
  });
  const outlet = outletOf(queue, metrics, "eventTopic");
  const close: Sink["close"] = async (deadline) => {
    await outlet.close(deadline);
    // A Kafka that does not answer holds its producer's end up for as long as a send may take.
    const closed = opened?.then((log) => log.close()).catch(() => undefined);
    await Promise.race([closed, deadline]);
  };
  // Numbered once, whatever becomes of it: a batch that was given up may stand in the log all the same.
  const offer: Sink["offer"] = (event) => {
    if (queue.offer({ event, sequence: nextSequence })) nextSequence += 1;
  };
  return { ...outlet, offer, close };
};

/** The exporter tries again by itself, but for waits that are longer than a send may take. */
const otlpQueue = <Item>(
  send: (items: readonly Item[]) => Promise<SendResult>,
  itemsMax: number,
  batchItemsMax: number,
): ExportQueue<Item> =>
  new ExportQueue({
    send,
    itemsMax,
    batchItemsMax,
    triesMax: 1,
    retryMs,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
    nowMs: () => Date.now(),
  });

const logSink = async (options: ExportOptions, metrics: MetricCells): Promise<Sink> => {
  // Loaded on demand: the SDK is some megabytes.
  const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-proto");
  const { eventLogs } = await import("./event-logs.ts");
  const exporter = new OTLPLogExporter({
    url: options.eventEndpoint,
    timeoutMillis: otlpSendMsMax,
    headers: otlpHeaders,
  });
  type Item = Parameters<typeof exporter.export>[0][number];
  const queue = otlpQueue(otlpSend<Item>(exporter), eventsMax, batchEventsMax);
  const offer = eventLogs(options.runId, (record) => queue.offer(record));
  return { ...outletOf(queue, metrics, "eventLogs"), offer };
};

const spanSink = async (options: ExportOptions, metrics: MetricCells): Promise<SpanSink> => {
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
  const { recordTracer } = await import("./trace-export.ts");
  const exporter = new OTLPTraceExporter({
    url: options.traceEndpoint,
    timeoutMillis: otlpSendMsMax,
    headers: otlpHeaders,
  });
  type Item = Parameters<typeof exporter.export>[0][number];
  const queue = otlpQueue(otlpSend<Item>(exporter), spansMax, batchSpansMax);
  const emit = recordTracer(options.runId, (span) => queue.offer(span));
  const collector = new TraceCollector(options.traces);
  const collect = (isLast: boolean): void => {
    for (const record of collector.take(monotonicUs(), isLast)) {
      if (!record.isComplete) metrics.add(cellOf("tracesIncomplete"), 1);
      emit(record, epochUs());
    }
  };
  return { ...outletOf(queue, metrics, "spans"), collect };
};

/** What is added to a monotonic time to have the time of day, us. */
const epochUs = (): number => {
  const precise = (performance.timeOrigin + performance.now()) * 1000;
  const now = Date.now() * 1000;
  // The clock of the day was set since the process began.
  const isOff = Math.abs(now - precise) > clockSetUsMin;
  return (isOff ? now : precise) - monotonicUs();
};
