// Thread entry of the market role: works until told to stop, then says what it did and how often its
// heap was collected in the measured time.
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from "node:perf_hooks";
import { setTimeout as later } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { PathMarket } from "./path-market.ts";
import {
  type MarketReport,
  measuredFromDouble,
  type PathMemory,
  type PathPlan,
  readyFlag,
  sleepFlag,
  stopFlag,
  threadIdFlag,
} from "./path-plan.ts";
import { pinThread, threadId } from "./pin-thread.ts";

const { memory, plan } = workerData as { readonly memory: PathMemory; readonly plan: PathPlan };
const flags = new Int32Array(memory.flags);
const starts: { readonly timeMs: number; readonly kind: number | undefined }[] = [];
// Entries arrive when the thread is back in its event loop: after the last turn of work.
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { readonly detail: NodeGCPerformanceDetail }).detail;
    starts.push({ timeMs: performance.timeOrigin + entry.startTime, kind });
  }
});
observer.observe({ entryTypes: ["gc"] });

const market = new PathMarket(memory);
const parkMs = 20;
const pollMs = 0.1;
const idles: { readonly [idle in PathPlan["idle"]]: () => void } = {
  spin: () => undefined,
  park: () => void market.input.waitForMessages(parkMs),
  poll: () => void Atomics.wait(flags, sleepFlag, 0, pollMs),
};
const idle = idles[plan.idle];
const isPinned = plan.isPinned && pinThread(1);
Atomics.store(flags, threadIdFlag, threadId());
Atomics.store(flags, readyFlag, 1);
Atomics.notify(flags, readyFlag);
// As a user's own loop: the engine's takes orders of a supervisor besides.
market.start();
for (;;) {
  if (market.work() > 0) continue;
  if (Atomics.load(flags, stopFlag) === 1 && market.work() === 0) break;
  idle();
}
market.stop();
const toMs = performance.timeOrigin + performance.now();
await later(100);
observer.disconnect();
const fromMs = new Float64Array(memory.flags)[measuredFromDouble] ?? 0;
const measured = starts.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
const scavenges = measured.filter(({ kind }) => kind === constants.NODE_PERFORMANCE_GC_MINOR);
const { received, candidates } = market;
const said: MarketReport = {
  received,
  candidates,
  isPinned,
  scavenges: scavenges.length,
  majorCollections: measured.length - scavenges.length,
};
parentPort?.postMessage(said, []);
