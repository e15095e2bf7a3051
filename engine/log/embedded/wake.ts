// Tells readers in any thread of the process that something was appended: one counter in shared
// memory. Without a shared one readers of other connections look again every pollMs.
import { appendsWord, sharedBytes } from "./shared-memory.ts";

/** Bytes of the memory to hand to every thread that opens the log. */
export const wakeBytes = sharedBytes;

/** Readers with shared memory look again this often in any case. */
const safetyMs = 1_000;
/** Readers without: the price is one small query each time. */
const pollMs = 10;

export type Wake = {
  /** After a commit. Any thread. */
  readonly appended: () => void;
  /** To be read before looking for records, and passed to `wait`. */
  readonly seen: () => number;
  /** Resolves after an append since `seen`, or `kick`, or the time to look again. */
  readonly wait: (seen: number, kick: Promise<void>) => Promise<void>;
};

/** `isShared`: all threads that open the log were given the same words. */
export const createWake = (words: Int32Array, isShared: boolean): Wake => {
  const waitMs = isShared ? safetyMs : pollMs;
  // A wait that was kicked leaves its waiter behind; the next one at the same count takes it over.
  let waiter: { readonly seen: number; readonly value: Promise<unknown> } | undefined;
  const waiterAt = (seen: number): Promise<unknown> | undefined => {
    if (waiter?.seen === seen) return waiter.value;
    const { async, value } = Atomics.waitAsync(words, appendsWord, seen, waitMs);
    if (!async) return undefined;
    waiter = { seen, value: forgotten(value) };
    return waiter.value;
  };
  const forgotten = async (value: Promise<unknown>): Promise<void> => {
    await value;
    waiter = undefined;
  };
  return {
    appended: () => {
      Atomics.add(words, appendsWord, 1);
      Atomics.notify(words, appendsWord);
    },
    seen: () => Atomics.load(words, appendsWord),
    wait: async (seen, kick) => {
      const appended = waiterAt(seen);
      if (appended === undefined) return;
      // waitAsync alone does not keep a thread alive.
      const alive = setTimeout(() => undefined, waitMs);
      await Promise.race([appended, kick]);
      clearTimeout(alive);
    },
  };
};
