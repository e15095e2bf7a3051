// The path under the load of the original's tests: 10,000 transactions a second for a minute, threads
// that sleep when idle, a source that drops when the ring is full. Latency from the due time, drops, the
// market thread's processor share, memory of the process and collections of the market thread's heap;
// then 100,000 a second for a minute for the heap alone, and the highest rate that is held. Control: the
// market idles as the original does, in sleeps of 100 us, instead of being woken up.
import { type BenchOptions, figure, report, spread } from "./harness.ts";
import type { PathPlan, PathResult } from "./path/path-plan.ts";
import { runPath } from "./path/run-path.ts";

const heldP99UsMax = 1_000;
const heldShareMin = 0.995;
const rates = [20_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000] as const;

const planOf = (smoke: boolean): PathPlan => ({
  rate: 10_000,
  windows: smoke ? 1 : 12,
  windowSeconds: smoke ? 1 : 5,
  warmupSeconds: smoke ? 0.2 : 2,
  idle: "park",
  share: 0.2,
  isPinned: false,
  policy: "drop-newest",
  seed: 10,
});

const lineOf = ({ windows, achieved, dropped, marketCpu, rssMiB, market }: PathResult) => ({
  achieved,
  p50Us: spread(windows.map(({ p50 }) => p50)),
  p99Us: spread(windows.map(({ p99 }) => p99)),
  p999Us: spread(windows.map(({ p999 }) => p999)),
  dropped,
  lost: 0,
  marketCpuShare: marketCpu,
  rssMiB,
  scavenges: market.scavenges,
  majorCollections: market.majorCollections,
});

const isHeld = ({ windows, dropped, achieved }: PathResult, rate: number): boolean =>
  dropped === 0 &&
  achieved >= rate * heldShareMin &&
  spread(windows.map(({ p99 }) => p99)).median < heldP99UsMax;

const highestHeld = (plan: PathPlan): number => {
  let held: number = plan.rate;
  for (const rate of rates) {
    const result = runPath({ ...plan, rate, windows: 3, windowSeconds: plan.windowSeconds / 5 });
    if (!isHeld(result, rate)) break;
    held = rate;
  }
  return held;
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const plan = planOf(smoke);
  const base = lineOf(runPath(plan));
  figure("10000 tx/s, p50 (us)", base.p50Us);
  figure("10000 tx/s, p99 (us)", base.p99Us);
  report({ bench: "stress", rate: plan.rate, idle: plan.idle, ...base });
  const polled = runPath({ ...plan, idle: "poll", windows: Math.ceil(plan.windows / 4) });
  report({ bench: "stress", rate: plan.rate, idle: "sleeps of 100 us", ...lineOf(polled) });
  const fast = runPath({ ...plan, rate: 100_000, windows: smoke ? 1 : plan.windows });
  report({ bench: "stress", rate: 100_000, idle: plan.idle, ...lineOf(fast) });
  if (!smoke) report({ bench: "stress", highestRateHeld: highestHeld(plan), heldP99UsMax });
};
