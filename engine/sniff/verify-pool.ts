// The verifier threads and the rings to and from them. Work is dealt round robin and collected
// round robin, so that transactions leave in the order in which they came, whichever thread was
// faster.
import { Worker } from "node:worker_threads";

import { moduleUrl } from "../package-root.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import { createMessageRing } from "../ring/message-ring.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { MessageHandler } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { traceIdAt } from "../../schemas/market/stage-message.ts";

/** Verifier threads at most. */
export const verifyThreadsMax = 16;

const ringBytes = 1 << 20;

/** Memory of one verifier: rings to and from it, and the word that stops it. */
export type VerifyThreadData = {
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  /** One Int32: 1 to stop when the input is empty. */
  readonly stop: SharedArrayBuffer;
};

/** Memory for the given number of verifiers. @throws RangeError outside 1 to 16. */
export const createVerifyMemory = (threads: number): readonly VerifyThreadData[] => {
  if (!Number.isInteger(threads) || threads < 1 || threads > verifyThreadsMax) {
    throw new RangeError(`verify threads=${threads}, limits 1 to ${verifyThreadsMax}`);
  }
  const stop = new SharedArrayBuffer(4);
  return Array.from({ length: threads }, () => ({
    input: createMessageRing({ capacityBytes: ringBytes, policy: "block" }),
    output: createMessageRing({ capacityBytes: ringBytes, policy: "block" }),
    stop,
  }));
};

/** Starts one thread for each memory; ends them by `stop`, which empties them first. */
export const startVerifiers = (
  memories: readonly VerifyThreadData[],
): { readonly stop: () => Promise<void> } => {
  const file = moduleUrl("engine/threads/verify.thread");
  const workers = memories.map((workerData) => new Worker(file, { workerData, name: "verify" }));
  const exits = workers.map(
    (worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())),
  );
  return {
    stop: async () => {
      for (const { stop } of memories) Atomics.store(new Int32Array(stop), 0, 1);
      await Promise.all(exits);
    },
  };
};

/** The secure stage's ends of the rings. One thread. */
export class VerifyPool {
  /** Given out and not yet collected. */
  inFlight = 0;
  readonly #writers: readonly MessageRingWriter[];
  readonly #targets: readonly CopyTarget[];
  readonly #readers: readonly MessageRingReader[];
  readonly #firstTrace: number;
  #give = 0;
  #collect = 0;
  #collected = 0;
  #handler: MessageHandler = ignore;

  /** What comes back with a lower trace id was given by an earlier end of the rings: left out. */
  constructor(memories: readonly VerifyThreadData[], firstTrace = 0) {
    this.#firstTrace = firstTrace;
    this.#writers = memories.map(({ input }) => new MessageRingWriter(input));
    this.#targets = this.#writers.map(({ view }) => new CopyTarget(view));
    this.#readers = memories.map(({ output }) => new MessageRingReader(output));
  }

  /** View of the ring whose messages `collect` hands out. */
  get view(): DataView {
    return this.#reader.view;
  }

  /** The ring that the next transaction goes into. */
  get writer(): MessageRingWriter {
    return this.#writers[this.#give] as MessageRingWriter;
  }

  /** The memory of that ring. */
  get target(): CopyTarget {
    return this.#targets[this.#give] as CopyTarget;
  }

  /** Says that a claim in `writer` was committed: the next goes to the next thread. */
  gave(): void {
    this.inFlight += 1;
    this.#give = (this.#give + 1) % this.#writers.length;
  }

  publish(): void {
    for (const writer of this.#writers) writer.publish();
  }

  /** Hands what is verified to `handler`, in the order it was given, up to `limit`. */
  collect(handler: MessageHandler, limit: number): number {
    this.#handler = handler;
    this.#collected = 0;
    while (this.#collected < limit && this.inFlight > 0) {
      if (this.#reader.drain(this.#onMessage, 1) === 0) break;
    }
    return this.#collected;
  }

  /** Sleeps until the next result is there or the time is over. */
  waitForResult(timeoutMs: number): void {
    this.#reader.waitForMessages(timeoutMs);
  }

  // The rings' records of an earlier life are read from the log again.
  readonly #onMessage: MessageHandler = (type, at, length, stampUs) => {
    if (this.view.getFloat64(at + traceIdAt, true) < this.#firstTrace) return;
    this.#collected += 1;
    this.#handler(type, at, length, stampUs);
    this.inFlight -= 1;
    this.#collect = (this.#collect + 1) % this.#readers.length;
  };

  get #reader(): MessageRingReader {
    return this.#readers[this.#collect] as MessageRingReader;
  }
}

const ignore = (): void => {};
