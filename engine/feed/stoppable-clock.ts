// The real clock of a feed: its waits end at once when the feed is stopped.
import { setMaxListeners } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";

import type { FeedClock } from "./feed-clock.ts";

/** Time since the epoch that never goes back: the wall clock at start, then monotonic. */
export const stoppableClock = (signal: AbortSignal): FeedClock => {
  // Every wait listens; many waits at a time are normal here, not a leak.
  setMaxListeners(0, signal);
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const startMs = performance.now();
  return {
    nowNs: () => startNs + BigInt(Math.round((performance.now() - startMs) * 1e6)),
    sleepMs: async (ms) => {
      if (signal.aborted) return;
      await wait(ms, undefined, { signal }).catch(() => undefined);
    },
  };
};
