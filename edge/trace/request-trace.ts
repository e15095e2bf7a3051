// One request that is traced: its ids and times. Made for few requests; the others have none.
import { sampledTraceparent } from "../../schemas/trace-context.ts";

/** Signals whose requests are traced: telemetry has traces of its own, and would trace itself. */
export type TracedSignal = "transactions" | "depth";

/** Ids in lower-case hex; times in milliseconds since the epoch. */
export type TraceIds = {
  readonly traceId: string;
  /** Of the sender's span; "" when the trace begins here. */
  readonly parentSpanId: string;
  readonly receiveSpanId: string;
  readonly forwardSpanId: string;
};

export class RequestTrace {
  readonly ids: TraceIds;
  readonly signal: TracedSignal;
  readonly receivedMs: number;
  /** What the records of the request carry: their consumers' spans are children of the forward. */
  readonly traceparent: string;
  items = 0;
  /** 0 until records are given to the forwarder, and until their fate is known. */
  forwardStartMs = 0;
  forwardEndMs = 0;

  constructor(ids: TraceIds, signal: TracedSignal, receivedMs: number) {
    this.ids = ids;
    this.signal = signal;
    this.receivedMs = receivedMs;
    this.traceparent = sampledTraceparent(ids.traceId, ids.forwardSpanId);
  }
}
