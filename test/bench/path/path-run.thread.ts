// Process entry of one run of the path: the plan as JSON in the arguments, the transactions as JSON on
// standard input, the result as JSON on standard output. A process of its own, so that its flags, its
// memory and its compiled code are this run's alone; what makes transactions is not in it.
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";

import {
  createPathMemory,
  type MarketReport,
  measuredFromDouble,
  type PathPlan,
  type PathResult,
  readyFlag,
  stopFlag,
  threadIdFlag,
} from "./path-plan.ts";
import { PathSource } from "./path-source.ts";
import type { PathPool } from "./path-transactions.ts";
import { pinThread, threadProcessorNs } from "./pin-thread.ts";

const readyMsMax = 10_000;
const plan = JSON.parse(process.argv[2] ?? "") as PathPlan;
const memory = createPathMemory(plan);
const flags = new Int32Array(memory.flags);
const worker = new Worker(new URL("path-market.thread.ts", import.meta.url), {
  workerData: { memory, plan },
});
const failed = once(worker, "error").then(([error]) => Promise.reject(error as Error));
const ready = Atomics.waitAsync(flags, readyFlag, 0, readyMsMax);
await Promise.race([ready.value, failed]);
const { wires, isWatched } = JSON.parse(await text(process.stdin)) as PathPool;
const load = {
  wires: wires.map((wire) => Uint8Array.from(Buffer.from(wire, "base64"))),
  isWatched: Uint8Array.from(isWatched),
  mask: wires.length - 1,
};
const isSourcePinned = plan.isPinned && pinThread(0);
const source = new PathSource(plan, memory, load);
source.window(plan.warmupSeconds);
source.drain();

new Float64Array(memory.flags)[measuredFromDouble] = performance.timeOrigin + performance.now();
const marketThread = Atomics.load(flags, threadIdFlag);
const cpuBefore = threadProcessorNs(marketThread);
const sentBefore = source.sent;
const droppedBefore = source.dropped;
const startMs = performance.now();
const windows = Array.from({ length: plan.windows }, () => source.window(plan.windowSeconds));
const seconds = (performance.now() - startMs) / 1_000;
const cpuAfter = threadProcessorNs(marketThread);
source.drain();
const rssMiB = process.memoryUsage.rss() / 2 ** 20;

Atomics.store(flags, stopFlag, 1);
const [market] = (await Promise.race([once(worker, "message"), failed])) as [MarketReport];
const result: PathResult = {
  windows,
  achieved: (source.sent - sentBefore) / seconds,
  sent: source.sent,
  dropped: source.dropped - droppedBefore,
  lost: source.expected - source.arrived + source.sent - market.received,
  isPinned: isSourcePinned && market.isPinned,
  seconds,
  rssMiB,
  marketCpu:
    cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / (seconds * 1e9),
  market,
};
process.stdout.write(JSON.stringify(result));
