// A writer of the compact book's race test: adds and takes away one after another, on one level
// or several, and says how its updates ended.
import { workerData } from "node:worker_threads";

import { CompactBook } from "../../../engine/book/compact-book.ts";

// Words of `control`: 0 writers that are ready, 1 go; per writer from 2 + 4 * writer on: good,
// time-outs, overflows, net of what was added.
const { memory, control, writer, updates, prices } = workerData as {
  memory: SharedArrayBuffer;
  control: Int32Array;
  writer: number;
  updates: number;
  prices: number;
};
const book = new CompactBook({ memory, tickShift: 0 });
const counts = [0, 0, 0];
let net = 0;
Atomics.add(control, 0, 1);
while (Atomics.load(control, 1) === 0);
for (let i = 0; i < updates; i += 1) {
  const change = (i & 1) === 0 ? 1 + writer : -1 - writer;
  const price = 100 + ((i >> 1) % prices);
  const outcome = book.updateBid(price, change, i);
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (outcome === 0) net += change;
}
counts.forEach((count, at) => Atomics.store(control, 2 + 4 * writer + at, count));
Atomics.store(control, 2 + 4 * writer + 3, net);
