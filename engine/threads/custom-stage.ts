// Starts a loaded stage on a thread of its own, between two slot rings that exist already.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { moduleUrl } from "../package-root.ts";
import { slotRingShape } from "../ring/slot-ring.ts";
import { timerMsMax } from "../timer-ms-max.ts";
import type { LoadedStage } from "./load-stage.ts";
import type { StageOptions } from "./stage-module.ts";

const stopMsDefault = 5000;
/** A thread that has not loaded its stage by then never will. */
const loadedMsMax = 20_000;

/** What the thread gets. */
export type CustomThreadData = {
  readonly url: string;
  readonly options: StageOptions;
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  readonly metrics: SharedArrayBuffer;
  /** Int32 words at the places of `customWord`. */
  readonly words: SharedArrayBuffer;
};

/** Words of a custom stage's thread: `stop` is written by its owner, those of another line by it. */
export const customWord = {
  /** 1 to stop when the input is empty. */
  stop: 0,
  /** Changes when it is loaded, and with each turn of work. */
  beats: 32,
  /** 1 when it was told to stop and has emptied its input. */
  emptied: 33,
} as const;
const wordsBytes = 256;

/** A loaded stage and the memories that it works on. */
export type CustomStageOptions = {
  readonly stage: LoadedStage;
  /** Memories of slot rings; the thread becomes reader of the one and writer of the other. */
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  /** Of `stage.createMetrics`. */
  readonly metrics: SharedArrayBuffer;
};

/** A stage at work on its own thread, as its owner sees it. */
export type CustomStageThread = {
  /** 0 until it is loaded; stands still during `start`, then another number as long as it lives. */
  readonly heartbeat: () => number;
  /** Resolves when the stage is loaded; rejects when it is not within 20 s, and as `ended` does. */
  readonly loaded: Promise<void>;
  /** Resolves when it was stopped and its input is empty; rejects with what the thread died of. */
  readonly ended: Promise<void>;
  /**
   * Lets the stage empty its input, then ends the thread; whoever reads its output goes on
   * meanwhile. True when the input was emptied; false when the thread was killed at the deadline,
   * 5 s when left out, none for Infinity. Rejects as `ended` does, and for a deadline that is no
   * number of 0 or more, with nothing stopped.
   */
  readonly stop: (deadlineMs?: number) => Promise<boolean>;
};

/** @throws RangeError when the rings' slots are not what the stage takes and gives. */
export const startStageThread = ({
  stage,
  input,
  output,
  metrics,
}: CustomStageOptions): CustomStageThread => {
  checkSlots(`${stage.name} input`, input, stage.inputBytes);
  checkSlots(`${stage.name} output`, output, stage.outputBytes);
  const words = new Int32Array(new SharedArrayBuffer(wordsBytes));
  const workerData: CustomThreadData = {
    url: stage.url,
    options: stage.options,
    input,
    output,
    metrics,
    words: words.buffer,
  };
  const file = moduleUrl("engine/threads/custom.thread");
  const worker = new Worker(file, { workerData, name: stage.name });
  const ended = endOf(worker, stage.name, words);
  const loaded = loadedOf(stage.name, words, ended);
  // Who only calls `stop` hears of it there.
  for (const promise of [ended, loaded]) promise.catch(() => undefined);
  return {
    heartbeat: () => Atomics.load(words, customWord.beats),
    loaded,
    ended,
    stop: async (deadlineMs = stopMsDefault) => {
      checkDeadline(deadlineMs);
      Atomics.store(words, customWord.stop, 1);
      let isKilled = false;
      const timer = setTimeout(
        () => {
          isKilled = true;
          void worker.terminate();
        },
        Math.min(deadlineMs, timerMsMax),
      );
      try {
        await ended;
      } catch (error) {
        if (!isKilled) throw error;
      } finally {
        clearTimeout(timer);
      }
      return !isKilled;
    },
  };
};

/** @throws RangeError for a deadline that is no number of 0 or more, in ms. */
export const checkDeadline = (deadlineMs: number): void => {
  if (!(deadlineMs >= 0)) throw new RangeError(`deadlineMs=${deadlineMs}, 0 at least`);
};

const loadedOf = async (name: string, words: Int32Array, ended: Promise<void>): Promise<void> => {
  const { value } = Atomics.waitAsync(words, customWord.beats, 0, loadedMsMax);
  if ((await Promise.race([value, ended])) !== "timed-out") return;
  throw new Error(`thread of stage=${name} has not loaded it within loadedMsMax=${loadedMsMax}`);
};

const endOf = async (worker: Worker, name: string, words: Int32Array): Promise<void> => {
  const [code] = (await once(worker, "exit").catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`thread of stage=${name}: ${text}`, { cause: error });
  })) as [number];
  // A stage can call process.exit itself: 0 alone does not tell that its work was done.
  const hasEmptied = Atomics.load(words, customWord.emptied) === 1;
  if (code !== 0 || !hasEmptied) throw new Error(`thread of stage=${name}: exit code=${code}`);
};

const checkSlots = (what: string, memory: SharedArrayBuffer, bytes: number): void => {
  const { slotBytes } = slotRingShape(new Int32Array(memory));
  if (slotBytes !== bytes) throw new RangeError(`${what}: slotBytes=${slotBytes} must be ${bytes}`);
};
