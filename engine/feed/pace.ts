// A steady rate without drift: how many items are due by now, in batches. What cannot be sent in
// time is owed for a second at most and then forgiven, so that a stall is not followed by a flood.
import type { FeedClock } from "./feed-clock.ts";

/** The rate and its limits. */
export type PaceOptions = {
  /** Items per second, above 0. */
  readonly perSecond: number;
  readonly batchMax: number;
  readonly clock: FeedClock;
  readonly signal: AbortSignal;
};

const tickMs = 20;
const debtMsMax = 1000;
const nsPerMs = 1e6;

/** Yields the number of items due now, 1 to batchMax, until the signal is aborted. */
export async function* paced({
  perSecond,
  batchMax,
  clock,
  signal,
}: PaceOptions): AsyncGenerator<number> {
  const startNs = clock.nowNs();
  const debtMax = (perSecond * debtMsMax) / 1000;
  // What falls due within a tick leaves together: requests cost more than items.
  const batchMin = Math.min(batchMax, Math.max(1, Math.floor((perSecond * tickMs) / 1000)));
  let given = 0;
  while (!signal.aborted) {
    const elapsedMs = Number(clock.nowNs() - startNs) / nsPerMs;
    const due = Math.floor((elapsedMs * perSecond) / 1000);
    if (due - given > debtMax) given = Math.floor(due - debtMax);
    const count = Math.min(due - given, batchMax);
    if (count < batchMin) {
      await clock.sleepMs(Math.max(tickMs, 1000 / perSecond));
      continue;
    }
    given += count;
    yield count;
  }
}
