// One of two writers of the compact book's benchmark: adds to one level as fast as it can, in rounds
// that both begin together.
import { workerData } from "node:worker_threads";

import { CompactBook } from "../../engine/book/compact-book.ts";
import type { CompactPlan } from "./compact.bench.ts";

const { memory, arrivals, times, results, writer, updates, rounds } = workerData as CompactPlan;
const book = new CompactBook({ memory, tickShift: 4 });

/** A round of updates; returns how many were refused. */
const update = (count: number): number => {
  let refusals = 0;
  for (let i = 0; i < count; i += 1) refusals += book.updateBid(1600, 1, i);
  return refusals;
};

const lineWords = 32;
let refusals = 0;
for (let round = 0; round < rounds; round += 1) {
  Atomics.store(arrivals, lineWords * writer, round + 1);
  while (Atomics.load(arrivals, lineWords * (1 - writer)) <= round);
  const startNs = process.hrtime.bigint();
  refusals += update(updates);
  const at = (2 * round + writer) * 2;
  times[at] = Number(startNs);
  times[at + 1] = Number(process.hrtime.bigint());
}
results[2 * writer] = refusals;
results[2 * writer + 1] = book.retries;
