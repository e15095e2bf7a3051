// The compact book with many writers: one writer alone, then two threads on one level, in ns per
// update of each thread, with retries and time-outs. Figures only.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { CompactBook, compactBookBytes } from "../../engine/book/compact-book.ts";
import { type BenchOptions, figure, report, spread, timeNs } from "./harness.ts";

const alone = (updates: number): void => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const book = new CompactBook({ memory, tickShift: 4 });
  let refusals = 0;
  const updateNs = timeNs({ warmups: 2, rounds: 5, operations: updates }, () => {
    for (let i = 0; i < updates; i += 1) refusals += book.updateBid(1600, 1, i);
  });
  figure("one writer (ns)", updateNs);
  report({ bench: "compact", writers: 1, updateNs, refusals });
};

const together = async (updates: number, rounds: number): Promise<void> => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const control = new Int32Array(new SharedArrayBuffer(4096));
  const workers = [0, 1].map(
    (writer) =>
      new Worker(new URL("compact-writer.thread.ts", import.meta.url), {
        workerData: { memory, control, writer, updates, rounds },
      }),
  );
  const exits = workers.map((worker) => once(worker, "exit"));
  const samples: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    Atomics.store(control, 0, round);
    while (Atomics.load(control, 64) < round || Atomics.load(control, 128) < round) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (round > 1) samples.push((control[192] ?? 0) / 100, (control[256] ?? 0) / 100);
  }
  await Promise.all(exits);
  const total = rounds * updates * 2;
  const quantity = new CompactBook({ memory, tickShift: 4 }).bidQuantity(1600);
  const refusals = (control[320] ?? 0) + (control[384] ?? 0);
  if (quantity + refusals !== total) throw new Error(`${quantity} of ${total} updates are there`);
  const updateNs = spread(samples);
  figure("two writers on one level (ns)", updateNs);
  report({
    bench: "compact",
    writers: 2,
    updates: total,
    updateNs,
    timeouts: refusals,
    retries: (control[448] ?? 0) + (control[512] ?? 0),
  });
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  alone(smoke ? 10_000 : 2_000_000);
  await together(smoke ? 10_000 : 1_000_000, smoke ? 2 : 6);
};
