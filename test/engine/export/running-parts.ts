// What a test of exports has running, ended in order after each test whatever became of it.
import { afterEach } from "vitest";

import type { Engine } from "../../../engine/host/engine.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import type { Collector } from "../../collector.ts";

/** Set by the test; null for what it does not have, or has ended itself. */
export type RunningParts = {
  engine: Engine | null;
  log: EventLog | null;
  collector: Collector | null;
};

/** For the top level of a test file. */
export const endedAfterEach = (): RunningParts => {
  const parts: RunningParts = { engine: null, log: null, collector: null };
  afterEach(async () => {
    await parts.log?.close();
    await parts.engine?.stop(5_000);
    await parts.collector?.stop();
    Object.assign(parts, { engine: null, log: null, collector: null });
  });
  return parts;
};
