// The whole way of a transaction across two threads: source > ring > sniffer and book > ring > sink.
// Saturation, then open loop at 1 M/s and 100 k/s, latency from the time each transaction was due.
// Beside it the prototype, its C++ control (bare records) and a plain twin over postMessage. Each run is
// a process of its own, pinned to two processors where taskset is there; nothing may be lost.
import { type BenchOptions, figure, report, type Spread, spread } from "./harness.ts";
import type { PathPlan, PathResult, PathWindow } from "./path/path-plan.ts";
import { pathTransactions } from "./path/path-transactions.ts";
import { runPathTwin } from "./path/path-twin.ts";
import { probe, probeMemory } from "./ring/ring-latency.ts";
import { RingPeer } from "./ring/ring-peer.ts";
import { nativePath, prototypePath, type Rival, runPath } from "./path/run-path.ts";

const seed = 4242;
const saturationRuns = 3;

const planOf = (smoke: boolean): PathPlan => ({
  rate: 0,
  // Short, so that some fall between what else the machine does.
  windows: smoke ? 1 : 40,
  windowSeconds: 0.1,
  warmupSeconds: smoke ? 0.1 : 1,
  idle: "spin",
  share: 1,
  isPinned: true,
  policy: "block",
  seed,
});

const over = ({ windows }: PathResult, of: (window: PathWindow) => number): Spread =>
  spread(windows.filter(({ count }) => count > 0).map(of));

const runSaturation = (plan: PathPlan, share: number, runs: number): void => {
  const results = Array.from({ length: runs }, () => runPath({ ...plan, share }));
  // Of a window the sink's count is exact; what was sent follows from the share.
  const rates = results.flatMap(({ windows, sent, market }) =>
    windows.map(({ count }) => (count * sent) / market.candidates / plan.windowSeconds / 1e6),
  );
  const millionPerSecond = spread(rates);
  const wholeRuns = spread(results.map(({ achieved }) => achieved / 1e6));
  const name = share === 1 ? "all watched" : `${share * 100} % watched`;
  figure(`saturation, ${name} (M tx/s)`, millionPerSecond, "higher");
  const isPinned = results.every((result) => result.isPinned);
  const line = { saturation: name, millionPerSecond, wholeRuns, lost: 0, isPinned };
  report({ bench: "path", ...line });
};

const runRate = (plan: PathPlan, rate: number): void => {
  const result = runPath({ ...plan, rate });
  const p50Us = over(result, ({ p50 }) => p50);
  const p99Us = over(result, ({ p99 }) => p99);
  figure(`${rate} tx/s, p50 (us)`, p50Us);
  figure(`${rate} tx/s, p99 (us)`, p99Us);
  const { achieved, isPinned } = result;
  const p999Us = over(result, ({ p999 }) => p999);
  report({ bench: "path", rate, achieved, p50Us, p99Us, p999Us, lost: 0, isPinned });
};

const runRival = (name: string, rival: Rival | null, seconds: number): void => {
  if (rival === null) {
    report({ bench: "path", rival: name, skipped: "not at hand" });
    return;
  }
  try {
    for (const rate of [0, 1_000_000, 100_000]) {
      const result = rival.run(rate, seconds);
      if (result !== null) report({ bench: "path", rival: name, rate, result });
    }
  } finally {
    rival.remove();
  }
};

/** How far the two cores are from each other now: it scales every figure here. */
const runProbe = async (trips: number): Promise<void> => {
  const peer = new RingPeer();
  const memory = probeMemory();
  let oneWayNs = Number.NaN;
  peer.run({ kind: "probe", memory }, trips, () => {
    oneWayNs = probe(memory, trips);
  });
  await peer.stop();
  report({ bench: "path", probe: "a word from core to core and back, one way", oneWayNs });
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const plan = planOf(smoke);
  const runs = smoke ? 1 : saturationRuns;
  const seconds = smoke ? 0.1 : 3;
  await runProbe(smoke ? 400 : 4_000);
  runSaturation(plan, 1, runs);
  runSaturation(plan, 0.05, runs);
  runRate(plan, 1_000_000);
  runRate(plan, 100_000);
  await runProbe(smoke ? 400 : 4_000);
  runRival("prototype", prototypePath(), seconds);
  runRival("prototype in C++, bare records", nativePath(), seconds);
  const twin = await runPathTwin(pathTransactions(seed, 1), smoke ? 2_000 : 200_000);
  report({ bench: "path", rival: "plain twin over postMessage", millionPerSecond: twin / 1e6 });
};
