// The plain twin of the path: an object a message instead of rings, a map instead of a book.
import { Worker } from "node:worker_threads";

import type { PathTransactions } from "./path-transactions.ts";

/** Transactions a second for `count` watched ones. @throws Error when a result is missing. */
export const runPathTwin = async (load: PathTransactions, count: number): Promise<number> => {
  const worker = new Worker(new URL("path-twin.thread.ts", import.meta.url));
  const done = Promise.withResolvers<void>();
  let expected = 0;
  let arrived = 0;
  for (let i = 0; i < count; i += 1) expected += load.isWatched[i & load.mask] ?? 0;
  worker.on("error", done.reject);
  worker.on("message", () => {
    arrived += 1;
    if (arrived === expected) done.resolve();
  });
  const start = performance.now();
  for (let i = 0; i < count; i += 1) worker.postMessage(load.wires[i & load.mask], []);
  await done.promise;
  const seconds = (performance.now() - start) / 1_000;
  await worker.terminate();
  return count / seconds;
};
