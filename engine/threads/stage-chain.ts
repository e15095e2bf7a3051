// Custom stages one behind the other, as a configuration lists them: a thread for each, a ring
// between two, their metrics shown from the start to the end. The caller writes the first ring and
// reads the last one; both ends and all stages slow each other down when one of them is slower.
import type { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import { createSlotRing } from "../ring/slot-ring.ts";
import { checkDeadline, type CustomStageThread, startStageThread } from "./custom-stage.ts";
import type { LoadedStage } from "./load-stage.ts";

/** Stages of one chain; each is a thread. */
const chainStagesMax = 8;
const slotsDefault = 1024;
const stopMsDefault = 5000;

/** What a chain is made of. */
export type StageChainOptions = {
  /** In the order of the data, 1 to 8; each takes what the one before gives. */
  readonly stages: readonly LoadedStage[];
  /** Where their metrics are shown while the chain runs. */
  readonly shown: StageMetricsSet;
  /** Slots of each ring, a power of two; 1,024 when left out. */
  readonly slots?: number;
};

/** A running chain, as its owner sees it. */
export type StageChain = {
  /** Memories of slot rings: the owner writes `input` and reads `output`, each from one thread. */
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  /** Of each stage: see CustomStageThread. */
  readonly heartbeats: readonly (() => number)[];
  /** Resolves when all are loaded; rejects when one is not. */
  readonly loaded: Promise<void>;
  /** Rejects with what the first thread died of; resolves when all have ended. */
  readonly ended: Promise<void>;
  /**
   * Stops in the order of the data, so that each stage empties its input; `output` is to be read
   * meanwhile. One deadline for all, 5 s when left out, none for Infinity; false when a stage was
   * killed at it. Rejects with what a stage died of, when all others have ended, and for a deadline
   * that is no number of 0 or more, with nothing stopped.
   */
  readonly stop: (deadlineMs?: number) => Promise<boolean>;
};

/** @throws RangeError for a wrong number of stages, or two that do not fit; then nothing runs. */
export const startStageChain = (options: StageChainOptions): StageChain => {
  const { stages, shown, slots = slotsDefault } = options;
  checkChain(stages);
  const rings = [
    ...stages.map(({ inputBytes }) => ringOf(inputBytes, slots)),
    ringOf(stages.at(-1)?.outputBytes ?? 0, slots),
  ];
  const [input, output] = [rings[0], rings.at(-1)] as [SharedArrayBuffer, SharedArrayBuffer];
  const metrics = stages.map((stage, i) => stage.createMetrics(threadOf(stages, i)));
  showAll(shown, metrics);
  const threads = stages.map((stage, i) =>
    startStageThread({
      stage,
      input: rings[i] ?? input,
      output: rings[i + 1] ?? output,
      metrics: metrics[i] as SharedArrayBuffer,
    }),
  );
  const hide = (): void => {
    for (const memory of metrics) shown.remove(memory);
  };
  const ended = Promise.all(threads.map((thread) => thread.ended)).then(hide);
  const loaded = Promise.all(threads.map((thread) => thread.loaded)).then(() => undefined);
  // Who only calls `stop` hears of it there.
  for (const promise of [ended, loaded]) promise.catch(() => undefined);
  return {
    input,
    output,
    loaded,
    heartbeats: threads.map(({ heartbeat }) => heartbeat),
    ended,
    stop: async (deadlineMs = stopMsDefault) => {
      checkDeadline(deadlineMs);
      return stopAll(threads, deadlineMs).finally(hide);
    },
  };
};

const ringOf = (slotBytes: number, slots: number): SharedArrayBuffer =>
  createSlotRing({ slotBytes, slots, policy: "block" });

const checkChain = (stages: readonly LoadedStage[]): void => {
  if (stages.length === 0 || stages.length > chainStagesMax)
    throw new RangeError(`stages=${stages.length}, limits 1 to ${chainStagesMax}`);
  for (const [i, stage] of stages.entries()) {
    const next = stages[i + 1];
    if (next === undefined || next.inputBytes === stage.outputBytes) continue;
    throw new RangeError(
      `stage=${stage.name} gives records of ${stage.outputBytes} bytes, ` +
        `stage=${next.name} takes ${next.inputBytes}`,
    );
  }
};

/** "" for a stage that is there once; else its place, so that its metrics can be told apart. */
const threadOf = (stages: readonly LoadedStage[], i: number): string => {
  const name = stages[i]?.name ?? "";
  return stages.filter((stage) => stage.name === name).length > 1 ? `${name}-${i}` : "";
};

/** All or none. */
const showAll = (shown: StageMetricsSet, metrics: readonly SharedArrayBuffer[]): void => {
  try {
    for (const memory of metrics) shown.add(memory);
  } catch (error) {
    for (const memory of metrics) shown.remove(memory);
    throw error;
  }
};

const stopAll = async (
  threads: readonly CustomStageThread[],
  deadlineMs: number,
): Promise<boolean> => {
  const deadline = performance.now() + deadlineMs;
  let isClean = true;
  const failures: unknown[] = [];
  for (const thread of threads) {
    const leftMs = Math.max(0, deadline - performance.now());
    try {
      if (!(await thread.stop(leftMs))) isClean = false;
    } catch (error) {
      // The others are stopped all the same.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return isClean;
};
