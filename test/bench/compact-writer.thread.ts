// One of two writers of the compact book's benchmark: adds to one level as fast as it can.
import { workerData } from "node:worker_threads";

import { CompactBook } from "../../engine/book/compact-book.ts";

// Words of `control`: 0 round asked for, 64 and 128 rounds done by each writer, 192 and 256 its
// time in picoseconds per update divided by 10, 320 and 384 refusals, 448 and 512 retries.
const { memory, control, writer, updates, rounds } = workerData as {
  memory: SharedArrayBuffer;
  control: Int32Array;
  writer: number;
  updates: number;
  rounds: number;
};
const book = new CompactBook({ memory, tickShift: 4 });
let refusals = 0;
for (let round = 1; round <= rounds; round += 1) {
  while (Atomics.load(control, 0) < round);
  const start = process.hrtime.bigint();
  for (let i = 0; i < updates; i += 1) refusals += book.updateBid(1600, 1, i);
  const ns = Number(process.hrtime.bigint() - start) / updates;
  Atomics.store(control, 192 + 64 * writer, Math.round(ns * 100));
  Atomics.store(control, 320 + 64 * writer, refusals);
  Atomics.store(control, 448 + 64 * writer, book.retries);
  Atomics.store(control, 64 + 64 * writer, round);
}
