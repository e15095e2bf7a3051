// The thread of a stage that a configuration names: loads it again, from the same URL and options,
// and runs it until it is told to stop and its input is empty.
import { workerData } from "node:worker_threads";

import { StageMetrics } from "../metrics/stage-metrics.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { SlotRingReader } from "../ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../ring/slot-ring-writer.ts";
import { type CustomThreadData, customWord } from "./custom-stage.ts";
import { loadStage } from "./load-stage.ts";
import { runDutyCycle } from "./stage.ts";

const data = workerData as CustomThreadData;
const input = new SlotRingReader(data.input);
const output = new SlotRingWriter(data.output);
const words = new Int32Array(data.words);
const { create } = await loadStage(data.url, data.options);
const metrics = new StageMetrics(data.metrics);
const beat = (): void => {
  words[customWord.beats] = (words[customWord.beats] as number) + 1;
};
// Else one that hangs before its first turn would pass for a thread that has yet to begin.
beat();
Atomics.notify(words, customWord.beats);
const stage = create({ input, output, metrics, nowUs: monotonicUs });
runDutyCycle(
  {
    name: stage.name,
    start: () => stage.start(),
    work: () => {
      beat();
      return stage.work();
    },
    stop: () => {
      Atomics.store(words, customWord.emptied, 1);
      stage.stop();
    },
    idleMs: () => stage.idleMs?.() ?? Number.POSITIVE_INFINITY,
  },
  (idleMs) => {
    // A stage that left its input alone has no room for what would come out.
    if (input.available() > 0) output.waitForSpace(idleMs);
    else input.waitForSlots(idleMs);
  },
  // No work can also mean no room: only an empty input ends it.
  () => Atomics.load(words, customWord.stop) === 1 && input.available() === 0,
);
