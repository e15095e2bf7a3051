// Waits for what other threads and processes do, by looking again and again.
import { setTimeout as pause } from "node:timers/promises";

const looksMax = 6000;
const pauseMs = 10;

/** Looks for a minute at least. @throws Error naming what never came. */
export const until = async (condition: () => boolean, what: string): Promise<void> => {
  for (let i = 0; i < looksMax; i += 1) {
    if (condition()) return;
    await pause(pauseMs);
  }
  throw new Error(`never: ${what}`);
};
