// A histogram of microseconds in the few buckets that Prometheus and /status show: each bucket ends
// where one of our finer buckets does, so that the counts are exact.
import type { Histogram } from "./histogram.ts";

/** Upper ends, us: 3, 15, 63, ... to four seconds. */
export const latencyEndsUs: readonly number[] = Array.from(
  { length: 11 },
  (_, n) => 4 ** (n + 1) - 1,
);

/** How many values are at or below each of `latencyEndsUs`, all of them, and their sum within 0.8 %. */
export type LatencyBuckets = {
  readonly upTo: readonly number[];
  readonly count: number;
  readonly sumUs: number;
};

/** Any thread. */
export const latencyBuckets = (histogram: Histogram): LatencyBuckets => ({
  upTo: histogram.countsUpTo(latencyEndsUs),
  count: histogram.summary().count,
  sumUs: histogram.sum(),
});
