// A thread that loops under live settings and checks before every batch that they belong together:
// the test writes settings that all follow from one number.
import { workerData } from "node:worker_threads";

import { answers, type LiveField } from "../../../engine/config/live-layout.ts";
import { LiveReader } from "../../../engine/config/live-reader.ts";
import type { Config } from "../../../engine/config/schema.ts";
import { belongsTogether, counter } from "./live-counters.ts";

type Data = {
  readonly memory: SharedArrayBuffer;
  readonly fields: readonly LiveField[];
  readonly counters: SharedArrayBuffer;
  readonly slot: number;
  readonly config: Config;
  /** Larger batches are refused. */
  readonly batchSizeMax: number;
};

const { memory, fields, counters, slot, config, batchSizeMax } = workerData as Data;
const counts = new Int32Array(counters);
const count = (of: number): number => Atomics.add(counts, of, 1);

const reader = new LiveReader({
  memory,
  fields,
  slot,
  config,
  prepare: (next) => {
    if (!belongsTogether(next)) count(counter.torn);
    return next.sniffer.batch_size > batchSizeMax ? answers.limit : answers.accepted;
  },
  apply: (next) => {
    if (!belongsTogether(next)) count(counter.torn);
    if (next.sniffer.batch_size > batchSizeMax) count(counter.forced);
  },
});
Atomics.store(counts, counter.ready, 1);
while (Atomics.load(counts, counter.stop) === 0) {
  reader.poll();
  if (!belongsTogether(reader.config)) count(counter.torn);
  count(counter.batches);
  // Now and then a batch takes its time.
  if (reader.version % 7 === 3) Atomics.wait(counts, counter.pause, 0, 2);
}
Atomics.store(counts, counter.batchSize, reader.config.sniffer.batch_size);
