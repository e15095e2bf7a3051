// What a stop did: how each thread ended, and per ring what was in it when the stop began, came
// out, and is left.
import { readRingStats } from "../ring/ring-stats.ts";
import type { StopReport } from "../supervise/stop-workers.ts";
import type { EngineMemory } from "./memory.ts";
import { ringNames } from "./memory.ts";

/** Messages: log records in the input rings; outputs and marks in the others. */
type RingDrain = { readonly drained: number; readonly left: number };

export type DrainReport = StopReport & {
  readonly rings: { readonly [name in (typeof ringNames)[number]]: RingDrain };
};

export const drainReport = async (
  memory: EngineMemory,
  stop: () => Promise<StopReport>,
): Promise<DrainReport> => {
  const readBefore = ringNames.map((name) => readRingStats(memory[name]).read);
  const report = await stop();
  const rings = Object.fromEntries(
    ringNames.map((name, index) => {
      const { read, inFlight } = readRingStats(memory[name]);
      return [name, { drained: read - (readBefore[index] ?? 0), left: inFlight }];
    }),
  ) as DrainReport["rings"];
  return { ...report, rings };
};
