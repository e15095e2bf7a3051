// The second thread of the ring benchmark, seen from the first: starts a job over there, waits until
// it runs, times the near end, and checks what the far end received.
import { Worker } from "node:worker_threads";

import type { Pair } from "./ring-latency.ts";

export type Job =
  | { readonly kind: "consume"; readonly row: string; readonly memory: SharedArrayBuffer }
  | { readonly kind: "echo"; readonly pair: Pair }
  | { readonly kind: "probe"; readonly memory: SharedArrayBuffer }
  | { readonly kind: "post" };
export type Order = {
  readonly job: Job;
  readonly count: number;
  readonly flags: SharedArrayBuffer;
};

/** Words of the flags, each on a line of its own, and the sum as a double. */
export const startedWord = 0;
export const finishedWord = 32;
export const sumDouble = 32;
const flagsBytes = 512;

export class RingPeer {
  readonly #worker = new Worker(new URL("ring-peer.thread.ts", import.meta.url));

  /** Runs `near` while the peer does `job`; milliseconds until both are done, and the peer's sum. */
  run(job: Job, count: number, near: () => void): { readonly ms: number; readonly sum: number } {
    const flags = new SharedArrayBuffer(flagsBytes);
    const words = new Int32Array(flags);
    this.#worker.postMessage({ job, count, flags } satisfies Order, []);
    while (Atomics.load(words, startedWord) === 0) continue;
    const start = performance.now();
    near();
    while (Atomics.load(words, finishedWord) === 0) continue;
    return { ms: performance.now() - start, sum: new Float64Array(flags)[sumDouble] ?? Number.NaN };
  }

  /** Milliseconds for `count` records of 64 bytes through postMessage. */
  async post(count: number, bytes: number): Promise<number> {
    const answered = new Promise((resolve) => this.#worker.once("message", resolve));
    const flags = new SharedArrayBuffer(flagsBytes);
    const start = performance.now();
    this.#worker.postMessage({ job: { kind: "post" }, count, flags } satisfies Order, []);
    const record = new Float64Array(bytes / 8);
    for (let i = 0; i < count; i += 1) this.#worker.postMessage(record, []);
    await answered;
    return performance.now() - start;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
