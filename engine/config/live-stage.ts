// A stage that takes live settings up between two batches: before each piece of work, and before
// each sleep, since a thread without work looks here all the same.
import type { Stage } from "../threads/stage.ts";
import type { LiveReader } from "./live-reader.ts";

/** `stage`, with `live` looked at before its work. */
export const liveStage = (stage: Stage, live: Pick<LiveReader, "poll">): Stage => ({
  name: stage.name,
  start: () => stage.start(),
  work: () => {
    live.poll();
    return stage.work();
  },
  stop: () => stage.stop(),
  idleMs: () => stage.idleMs?.() ?? Number.POSITIVE_INFINITY,
});
