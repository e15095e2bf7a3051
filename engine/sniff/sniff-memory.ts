// Shared memory of the running engine's sniffer: what its stages count, and the rings to and from
// the verifier threads. Written by the market thread, read by any.
import { reason } from "../events/event-layout.ts";
import { createStageMemory, StageCells } from "../events/stage-cells.ts";
import { createHandoffMemory, HandoffCells } from "../handoff/handoff-diagnostics.ts";
import { createPriorityMemory } from "./priority-cells.ts";
import { createVerifyMemory, type VerifyThreadData } from "./verify-pool.ts";

/** The stages that count by reason (stage-cells.ts), in the order of the data. */
const sniffStages = ["prefilter", "extract", "secure"] as const;

export type SniffMemory = {
  readonly [stage in (typeof sniffStages)[number]]: SharedArrayBuffer;
} & {
  readonly handoff: SharedArrayBuffer;
  readonly priority: SharedArrayBuffer;
  /** One Int32: how often the thread of this sniffer was started. */
  readonly lives: SharedArrayBuffer;
  /** One for each verifier thread; none when signatures are not verified. */
  readonly verify: readonly VerifyThreadData[];
};

/** @throws RangeError for more than 16 verifier threads, or fewer than none. */
export const createSniffMemory = (verifyThreads: number): SniffMemory => ({
  prefilter: createStageMemory(),
  extract: createStageMemory(),
  secure: createStageMemory(),
  handoff: createHandoffMemory(),
  priority: createPriorityMemory(),
  lives: new SharedArrayBuffer(4),
  verify: verifyThreads === 0 ? [] : createVerifyMemory(verifyThreads),
});

/** Begins a life of the thread that writes the memory and returns its number, from 0. */
export const beginLife = (memory: SniffMemory): number =>
  Atomics.add(new Int32Array(memory.lives), 0, 1);

/** Counts what a dead thread had under way as dropped with reason restart, since it is gone. */
export const dropUnderWay = (memory: SniffMemory): void => {
  for (const stage of sniffStages) new StageCells(memory[stage]).dropInFlight(reason.restart);
  new HandoffCells(memory.handoff).dropQueued(reason.restart);
};
