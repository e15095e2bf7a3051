// A group commit over a sink, a spill and a clock of the test.
import { GroupCommit } from "../../../edge/forward/group-commit.ts";
import type { GroupLimits } from "../../../edge/forward/group-limits.ts";
import { MemorySpill } from "./memory-spill.ts";
import { ScriptedSink } from "./scripted-sink.ts";

const limits: GroupLimits = {
  lingerMs: 0,
  sendBytesMax: 10_000,
  groupBytesMax: 10_000,
  groupRecordsMax: 4,
  queueBytesMax: 100_000,
  queueCallersMax: 8,
  waitMsMax: 1000,
};

type SetUp = {
  readonly sink: ScriptedSink;
  readonly spill: MemorySpill;
  readonly commit: GroupCommit;
  /** Appointments made so far. */
  readonly wakes: number[];
  /** What was reported. */
  readonly lines: string[];
};

/** Without a spill unless its bytes are given. */
export const setUp = (
  changed: Partial<GroupLimits> = {},
  spill: MemorySpill = new MemorySpill(0),
): SetUp => {
  const sink = new ScriptedSink();
  const wakes: number[] = [];
  const lines: string[] = [];
  const commit = new GroupCommit({
    sink,
    limits: { ...limits, ...changed },
    spill,
    wakeAt: (atMs) => wakes.push(atMs),
    nowMs: Date.now,
    report: (line) => lines.push(line),
  });
  return { sink, spill, commit, wakes, lines };
};

/** Lets promise reactions run. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};
