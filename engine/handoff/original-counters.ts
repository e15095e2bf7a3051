// The thirteen counters of the original sniffer under their exact names, from what the stages count.
// Names that meant something else there say here what they now are.
import type { StageCounts } from "../events/stage-cells.ts";
import { type HandoffDiagnostics, noRoom } from "./handoff-diagnostics.ts";

export type OriginalCounters = {
  readonly tx_seen: number;
  /** Refused by the prefilter. */
  readonly tx_filtered: number;
  /** Single sends, not batches. */
  readonly candidates_sent: number;
  /** For want of room, in a ring or in the handoff's queue. */
  readonly dropped_full_buffer: number;
  readonly security_drop_count: number;
  /** Sends of which the receiver refused something, and waits for its room. */
  readonly backpressure_events: number;
  readonly reconnect_count: number;
  readonly high_priority_sent: number;
  readonly low_priority_sent: number;
  /** Without those that were under way when their thread ended: they come again. */
  readonly high_priority_dropped: number;
  /** Transactions whose mints are behind lookup tables that nobody knows. */
  readonly mint_extract_errors: number;
  /** Transactions whose instructions cannot be walked. */
  readonly account_extract_errors: number;
  /** A gauge: candidates queued in the handoff. */
  readonly stream_buffer_depth: number;
};

export type CounterSources = {
  readonly prefilter: StageCounts;
  readonly extract: StageCounts;
  readonly secure: StageCounts;
  readonly handoff: HandoffDiagnostics;
  /** Of the source, since its start. */
  readonly reconnects: number;
  /** Waits of a blocking sender for room. */
  readonly waits?: number;
  /** Transactions that passed without a mint, where they may. */
  readonly unresolved?: number;
};

/** Any thread; as torn as its sources are read one after the other. */
export const originalCounters = (sources: CounterSources): OriginalCounters => {
  const { prefilter, extract, secure, handoff, reconnects } = sources;
  const { waits = 0, unresolved = 0 } = sources;
  const { high, low } = handoff;
  const stagesFull = [prefilter, extract, secure].map(({ dropped }) => dropped.full ?? 0);
  return {
    tx_seen: prefilter.received,
    tx_filtered: sum(prefilter.rejected),
    candidates_sent: high.sent + low.sent,
    dropped_full_buffer: stagesFull.reduce((all, one) => all + one, noRoom(high) + noRoom(low)),
    security_drop_count: sum(secure.rejected),
    backpressure_events: high.refusals + low.refusals + waits,
    reconnect_count: reconnects,
    high_priority_sent: high.sent,
    low_priority_sent: low.sent,
    high_priority_dropped: sum(high.dropped) - (high.dropped.restart ?? 0),
    mint_extract_errors: (extract.rejected["needs-resolve"] ?? 0) + unresolved,
    account_extract_errors: extract.rejected.malformed ?? 0,
    stream_buffer_depth: high.queued + low.queued,
  };
};

const sum = (by: StageCounts["rejected"]): number =>
  Object.values(by).reduce((all, one) => all + one, 0);
