// Thread entry of the ring benchmark's far end: consumes, echoes, or counts posted messages.
import { parentPort } from "node:worker_threads";

import { rows } from "./ring-lanes.ts";
import { echo, probeEcho } from "./ring-latency.ts";
import { finishedWord, startedWord, sumDouble } from "./ring-peer.ts";
import type { Job, Order } from "./ring-peer.ts";

const work = (job: Job, count: number): number => {
  if (job.kind === "consume") return rows[job.row]?.lane.consume(job.memory, count) ?? Number.NaN;
  if (job.kind === "echo") return echo(job.pair, count);
  return job.kind === "probe" ? probeEcho(job.memory, count) : 0;
};
let posted = 0;
parentPort?.on("message", (told: Order | Float64Array) => {
  if (told instanceof Float64Array) {
    posted -= 1;
    if (posted === 0) parentPort?.postMessage("all", []);
    return;
  }
  posted = told.job.kind === "post" ? told.count : 0;
  const flags = new Int32Array(told.flags);
  Atomics.store(flags, startedWord, 1);
  new Float64Array(told.flags)[sumDouble] = work(told.job, told.count);
  Atomics.store(flags, finishedWord, 1);
});
