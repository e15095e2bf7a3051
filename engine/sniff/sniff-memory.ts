// Shared memory of the running engine's sniffer: what its stages count, and the rings to and from
// the verifier threads. Written by the market thread, read by any.
import { createStageMemory } from "../events/stage-cells.ts";
import { createHandoffMemory } from "../handoff/handoff-diagnostics.ts";
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
