// One event of a collector as JSON says it: for /events, for the topic and for the logs that leave
// the process.
import {
  eventAt,
  type EventType,
  eventType,
  eventTypes,
  type Fate,
  fateNames,
  priorityNames,
  reasonNames,
} from "./event-layout.ts";

/** One event as JSON says it; keys that an event has not are absent. */
export type EventLine = {
  readonly event_type: EventType;
  /** Decimal digits. */
  readonly trace_id: string;
  /** Monotonic clock of the machine. */
  readonly timestamp_us: number;
  readonly size?: number;
  readonly latency_us?: number;
  readonly queue_depth?: number;
  readonly priority?: string;
  readonly reason?: string;
  readonly error?: string;
  /** Of bundle_submitted, as far as it is known then. */
  readonly fate?: Fate;
  /** Of bundle_submitted: the market thread, from 0, that numbered the transaction. */
  readonly lane?: number;
};

/** The event whose slot begins at `at`; null for one that is none. The slot may change meanwhile. */
export const eventLine = (view: DataView, at: number): EventLine | null => {
  const code = view.getUint8(at + eventAt.type);
  const name = eventTypes[code];
  if (name === undefined) return null;
  const value = view.getUint32(at + eventAt.value, true);
  const reason = reasonNames[view.getUint8(at + eventAt.reason)] ?? "";
  return {
    event_type: name,
    trace_id: String(view.getFloat64(at + eventAt.traceId, true)),
    timestamp_us: view.getFloat64(at + eventAt.time, true),
    ...(code === eventType.bytesReceived && { size: value }),
    ...(hasLatency.has(code) && { latency_us: value }),
    ...(code === eventType.candidateExtracted && {
      priority: priorityNames[view.getUint8(at + eventAt.priority)] ?? "LOW",
    }),
    ...(code === eventType.handoffSent && {
      queue_depth: view.getUint32(at + eventAt.depth, true),
    }),
    ...(code === eventType.bundleSubmitted && {
      fate: fateNames[view.getUint32(at + eventAt.depth, true)] ?? "unknown",
      lane: view.getUint8(at + eventAt.lane),
    }),
    ...(reason !== "" && (code === eventType.extractionFailed ? { error: reason } : { reason })),
  };
};

const hasLatency: ReadonlySet<number> = new Set([
  eventType.prefilterPassed,
  eventType.candidateExtracted,
  eventType.securityPassed,
  eventType.handoffSent,
  eventType.bundleSubmitted,
]);
