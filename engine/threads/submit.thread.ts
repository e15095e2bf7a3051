// The submit thread: candidates of the market threads as bundles to a sender. Nothing of the log
// depends on it: when it is slow or dead, the taps in front of it drop.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";

import { LiveReader } from "../config/live-reader.ts";
import { EventCollector } from "../events/event-collector.ts";
import { eventType, fateNames } from "../events/event-layout.ts";
import type { SubmitData } from "../host/thread-data.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { TokenBucket } from "../send/token-bucket.ts";
import { openOutlet } from "../submit/open-outlet.ts";
import { SubmitCounts } from "../submit/submit-counts.ts";
import { Submitter } from "../submit/submitter.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as SubmitData;
const { settings, live } = data;
const abort = new AbortController();
const { signal } = abort;

const sleepMs = async (ms: number): Promise<void> => {
  if (ms === 0) await nextTurn();
  else await sleep(ms, undefined, { signal }).catch(() => undefined);
};

// For people: of a flood some are shown, all are counted.
const shown = new TokenBucket({ perSecond: 32, burst: 32, nowMs: () => performance.now() });

const events = new EventCollector(data.events, settings.eventSampleEvery);

startHeartbeat(data);
try {
  const counts = new SubmitCounts(data.memory.metrics);
  const outlet = openOutlet(settings.outlet, {
    variables: process.env,
    fetch,
    report: {
      settled: (transactions, fate) => counts.settled(transactions, fate),
      submitted: (submission, transactions) => {
        const nowUs = monotonicUs();
        events.stamp(nowUs);
        for (const { traceId, lane, receivedUs } of transactions) {
          events.detail.value = nowUs - receivedUs;
          events.detail.depth = fateNames.indexOf(submission.fate);
          events.detail.lane = lane;
          events.record(eventType.bundleSubmitted, traceId);
        }
        if (shown.tryTake()) say({ is: "submitted", submission });
      },
    },
    nowMs: () => performance.now(),
    sleepMs,
    random: Math.random,
    signal,
  });
  const reader =
    live === null
      ? null
      : new LiveReader({
          ...live,
          slot: data.worker,
          apply: (next) => {
            submitter.configure(next.bundle.timeout_us);
            events.configure(next.events.sample_every);
          },
        });
  if (reader !== null) events.configure(reader.config.events.sample_every);
  const submitter = new Submitter({
    taps: data.taps,
    chain: data.chain,
    outlet,
    counts,
    bundleTimeoutUs: reader?.config.bundle.timeout_us ?? settings.bundleTimeoutUs,
    nowUs: monotonicUs,
    epochMs: Date.now,
    sleepMs: (ms) => (signal.aborted ? nextTurn() : sleepMs(ms)),
    onTurn: () => reader?.poll(),
  });
  const running = submitter.run();
  const within = (work: Promise<void>, ms: number): Promise<unknown> =>
    Promise.race([work, sleep(ms, undefined, { ref: false })]);
  takeOrders(async (order) => {
    if (order.do === "pause") return submitter.pause();
    if (order.do === "resume") return submitter.resume();
    if (order.do === "tap") return submitter.add(order.taps);
    if (order.do === "drain") {
      await within(submitter.drain(), order.waitMs);
      return submitter.pause();
    }
    if (order.do !== "stop") throw new Error(`submit takes no order ${order.do}`);
    submitter.stop();
    await within(running, data.stopWaitMs);
    abort.abort();
    submitter.abandon();
    await running;
  });
  say({ is: "ready" });
  await running;
} catch (error) {
  sayFailed(error);
}
