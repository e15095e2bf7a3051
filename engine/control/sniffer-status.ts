// The sniffer's part of a snapshot: what each stage counts, the handoff's diagnostics, averages and
// threshold, and the original's thirteen counters under their own names.
import { eventsWritten } from "../events/event-reader.ts";
import { readStageCounts, type StageCounts } from "../events/stage-cells.ts";
import { type HandoffDiagnostics, readHandoffDiagnostics } from "../handoff/handoff-diagnostics.ts";
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
  readonly priority: PriorityReading;
  /** Events recorded, those overwritten included. */
  readonly events: number;
};

/** Any thread; figures may be a moment apart. */
export const readSniffer = (
  memory: EngineMemory,
  others: Pick<CounterSources, "reconnects" | "waits" | "unresolved">,
): SnifferStatus => {
  const stages = {
    prefilter: readStageCounts(memory.sniff.prefilter),
    extract: readStageCounts(memory.sniff.extract),
    secure: readStageCounts(memory.sniff.secure),
  };
  const handoff = readHandoffDiagnostics(memory.sniff.handoff);
  return {
    counters: originalCounters({ ...stages, handoff, ...others }),
    stages,
    handoff,
    priority: readPriority(memory.sniff.priority),
    events: eventsWritten(memory.events),
  };
};
