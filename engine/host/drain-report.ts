// What a stop did: how each thread ended, and per ring what was in it when the stop began, came
// out, and is left.
import { readRingStats } from "../ring/ring-stats.ts";
import type { StopReport } from "../supervise/stop-workers.ts";
import type { Lane } from "./lanes.ts";
import { inputOf, outputOf } from "./lanes.ts";
import type { EngineMemory } from "./memory.ts";
import { ringNames } from "./memory.ts";

/** Messages: log records in the input rings; outputs and marks in the others. */
type RingDrain = { readonly drained: number; readonly left: number };

export type DrainReport = StopReport & {
  /** By the names of ringNames, and for further lanes `market-2 input` and the like. */
  readonly rings: { readonly [name: string]: RingDrain };
};

export const drainReport = async (
  memory: EngineMemory,
  lanes: readonly Lane[],
  stop: () => Promise<StopReport>,
): Promise<DrainReport> => {
  const rings = [...ownRings(memory), ...laneRings(memory, lanes)];
  const readBefore = rings.map(({ ring }) => readRingStats(ring).read);
  const report = await stop();
  const drains = rings.map(({ name, ring }, index): [string, RingDrain] => {
    const { read, inFlight } = readRingStats(ring);
    return [name, { drained: read - (readBefore[index] ?? 0), left: inFlight }];
  });
  return { ...report, rings: Object.fromEntries(drains) };
};

/** For people: what the stop took out of the rings, and what it left in them. */
export const drainText = ({ ms, rings }: DrainReport): string => {
  const told = Object.entries(rings)
    .filter(([, { drained, left }]) => drained + left > 0)
    .map(([name, { drained, left }]) => `${name} ${drained}${left > 0 ? ` (left ${left})` : ""}`);
  return `engine stopped in ${Math.round(ms)} ms; drained from its rings: ${told.join(", ") || "nothing"}`;
};

type Named = { readonly name: string; readonly ring: SharedArrayBuffer };

const ownRings = (memory: EngineMemory): readonly Named[] =>
  ringNames.map((name) => ({ name, ring: memory[name] }));

const laneRings = (memory: EngineMemory, lanes: readonly Lane[]): readonly Named[] =>
  lanes.flatMap((lane) => {
    if (lane.memory === memory) return [];
    return [
      { name: `${lane.name} input`, ring: inputOf(lane) },
      { name: `${lane.name} output`, ring: outputOf(lane) },
    ];
  });
