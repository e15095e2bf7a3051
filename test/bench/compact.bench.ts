// The compact book with many writers: one writer alone, then two threads on one level, in ns per
// update of each thread, with retries and time-outs. Of the two, rounds count in which both really ran
// at once. Control in the same rounds: the bare Atomics.add on one shared word, alone. Figures only.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { CompactBook, compactBookBytes } from "../../engine/book/compact-book.ts";
import { type BenchOptions, figure, report, spread, timeNs } from "./harness.ts";

/** Of one writer; the shared arrays are the same for both. */
export type CompactPlan = {
  readonly memory: SharedArrayBuffer;
  /** Rounds that each writer has arrived at, lines apart. */
  readonly arrivals: Int32Array;
  /** Start and end, ns, of each round by each writer. */
  readonly times: Float64Array;
  /** Refusals and retries of each writer. */
  readonly results: Float64Array;
  readonly writer: number;
  readonly updates: number;
  readonly rounds: number;
};

const overlapMin = 0.8;

const alone = (updates: number, rounds: number): void => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const book = new CompactBook({ memory, tickShift: 4 });
  let refusals = 0;
  const timing = { warmups: 5, rounds, operations: updates };
  const updateNs = timeNs(timing, () => {
    for (let i = 0; i < updates; i += 1) refusals += book.updateBid(1600, 1, i);
  });
  const word = new Int32Array(new SharedArrayBuffer(4));
  const addNs = timeNs(timing, () => {
    for (let i = 0; i < updates; i += 1) Atomics.add(word, 0, 1);
  });
  figure("one writer (ns)", updateNs);
  report({ bench: "compact", writers: 1, updateNs, atomicsAddNs: addNs, refusals });
};

/** ns per update of both writers in the rounds in which they ran at once. */
const samplesOf = ({ times, updates, rounds }: CompactPlan): number[] => {
  const samples: number[] = [];
  for (let round = 1; round < rounds; round += 1) {
    const [start0 = 0, end0 = 0, start1 = 0, end1 = 0] = times.subarray(4 * round, 4 * round + 4);
    const both = Math.min(end0, end1) - Math.max(start0, start1);
    const longest = Math.max(end0 - start0, end1 - start1);
    if (both >= overlapMin * longest) samples.push(longest / updates);
  }
  return samples;
};

const together = async (updates: number, rounds: number): Promise<void> => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const plan = {
    memory,
    arrivals: new Int32Array(new SharedArrayBuffer(256)),
    times: new Float64Array(new SharedArrayBuffer(rounds * 4 * 8)),
    results: new Float64Array(new SharedArrayBuffer(4 * 8)),
    updates,
    rounds,
  };
  const workers = [0, 1].map(
    (writer) =>
      new Worker(new URL("compact-writer.thread.ts", import.meta.url), {
        workerData: { ...plan, writer } satisfies CompactPlan,
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  const total = rounds * updates * 2;
  const quantity = new CompactBook({ memory, tickShift: 4 }).bidQuantity(1600);
  const [refusals0 = 0, retries0 = 0, refusals1 = 0, retries1 = 0] = plan.results;
  const refusals = refusals0 + refusals1;
  if (quantity + refusals !== total) throw new Error(`${quantity} of ${total} updates are there`);
  const samples = samplesOf({ ...plan, writer: 0 });
  const retries = retries0 + retries1;
  const counts = { updates: total, rounds, roundsAtOnce: samples.length };
  if (samples.length === 0) {
    report({ bench: "compact", writers: 2, ...counts, timeouts: refusals, retries });
    return;
  }
  const updateNs = spread(samples);
  figure("two writers on one level (ns)", updateNs);
  report({ bench: "compact", writers: 2, ...counts, updateNs, timeouts: refusals, retries });
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  alone(10_000, smoke ? 5 : 200);
  await together(10_000, smoke ? 5 : 600);
};
