// Runs a stage on the calling thread until somebody says stop: the duty cycle for threads that no
// supervisor watches, as those of other programs.
import type { Idle, Stage } from "./stage.ts";

const parkMs = 20;

/**
 * Calls `work` again and again, `idle` when there was nothing, and `stop` at the end: when
 * `stopping` is true and nothing is left to do. Asks `stopping` only when idle. A stage that does
 * nothing for want of room needs a `stopping` that looks at its input too.
 */
export const runStage = (stage: Stage, idle: Idle, stopping: () => boolean): void => {
  stage.start();
  for (;;) {
    if (stage.work() > 0) continue;
    // Asked again after the flag was seen: what was published before it must not stay behind.
    if (stopping() && stage.work() === 0) break;
    idle(parkMs);
  }
  stage.stop();
};
