// The sniffer's part of a snapshot: what each stage counts, the handoff's diagnostics, averages and
// threshold, and the original's thirteen counters under their own names.
import { eventsWritten } from "../events/event-reader.ts";
import { readStageCounts, type StageCounts } from "../events/stage-cells.ts";
import {
  type HandoffDiagnostics,
  readHandoffDiagnostics,
  recommend,
  type SettingNames,
} from "../handoff/handoff-diagnostics.ts";
import {
  type CounterSources,
  type OriginalCounters,
  originalCounters,
} from "../handoff/original-counters.ts";
import type { EngineMemory } from "../host/memory.ts";
import { type PriorityReading, readPriority } from "../sniff/priority-cells.ts";

export type SnifferStatus = {
  readonly counters: OriginalCounters;
  readonly stages: { readonly [stage in "prefilter" | "extract" | "secure"]: StageCounts };
  readonly handoff: HandoffDiagnostics;
  /** Averages are those of the first market thread. */
  readonly priority: PriorityReading;
  /** Events recorded, those overwritten included. */
  readonly events: number;
};

/** As the configuration has them. */
const configNames: SettingNames = {
  capacity: "sniffer.channel_capacity",
  batchSize: "sniffer.batch_size",
  batchTimeout: "sniffer.batch_timeout_ms",
  sendMaxRetries: "sniffer.send_max_retries",
  initialThreshold: "sniffer.initial_threshold",
};

/** Of all lanes, the first in front. Any thread; figures may be a moment apart. */
export const readSniffer = (
  lanes: readonly EngineMemory[],
  others: Pick<CounterSources, "reconnects" | "waits" | "unresolved">,
): SnifferStatus => {
  const stages = {
    prefilter: readStageCounts(...lanes.map(({ sniff }) => sniff.prefilter)),
    extract: readStageCounts(...lanes.map(({ sniff }) => sniff.extract)),
    secure: readStageCounts(...lanes.map(({ sniff }) => sniff.secure)),
  };
  const handoff = readHandoffDiagnostics(...lanes.map(({ sniff }) => sniff.handoff));
  return {
    counters: originalCounters({ ...stages, handoff, ...others }),
    stages,
    handoff: { ...handoff, recommendation: recommend(handoff, configNames) },
    priority: readPriority(...lanes.map(({ sniff }) => sniff.priority)),
    events: lanes.reduce((sum, { events }) => sum + eventsWritten(events), 0),
  };
};
