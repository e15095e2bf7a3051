// Sleeping and waking for both rings. The sleeper raises its flag and then waits *for the position
// word to change*; the peer changes the position and then looks at the flag. Both are sequentially
// consistent, so one of them sees the other and no wake-up is lost, and a busy ring makes no system
// call. Not an idle strategy: whoever wants to spin first (20 us pay off) does so before calling.
import { misuse } from "./ring-checks.ts";

/** One direction: who sleeps (flag) and what ends the sleep (position). Int32 word indexes. */
export type Parking = {
  readonly words: Int32Array;
  readonly sleepsWord: number;
  readonly positionWord: number;
};

/**
 * Sleeps until the position is not `seen` any more. False when the time is over first; what is left
 * of an earlier sleep's notification can make that up to twice the time.
 */
export const park = (parking: Parking, seen: number, timeoutMs: number): boolean => {
  const { words, sleepsWord, positionWord } = parking;
  checkTimeout(timeoutMs);
  Atomics.store(words, sleepsWord, 1);
  // The usual sleep looks at no clock: two readings of it would be its only garbage.
  const outcome = Atomics.wait(words, positionWord, seen, timeoutMs);
  if (outcome === "ok") sleepOn(parking, seen, timeoutMs);
  Atomics.store(words, sleepsWord, 0);
  return Atomics.load(words, positionWord) !== seen;
};

// Atomics.wait takes what is no number for "for ever".
const checkTimeout = (timeoutMs: number): void => {
  if (!(timeoutMs >= 0 || timeoutMs < 0)) misuse(`timeoutMs=${timeoutMs} must be milliseconds`);
};

// After a notification: a late one, of an earlier sleep, wakes for nothing.
const sleepOn = ({ words, positionWord }: Parking, seen: number, timeoutMs: number): void => {
  if (Atomics.load(words, positionWord) !== seen) return;
  const deadline = performance.now() + timeoutMs;
  while (Atomics.load(words, positionWord) === seen) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return;
    Atomics.wait(words, positionWord, seen, leftMs);
  }
};

/** The same for a thread with an event loop. Keeps the loop alive until it settles. */
export const parkAsync = async (
  parking: Parking,
  seen: number,
  timeoutMs: number,
): Promise<boolean> => {
  const { words, sleepsWord, positionWord } = parking;
  checkTimeout(timeoutMs);
  const deadline = performance.now() + timeoutMs;
  // V8's waiter is invisible to Node's event loop, which would end under it.
  const alive = setInterval(() => {}, 2 ** 30);
  Atomics.store(words, sleepsWord, 1);
  while (Atomics.load(words, positionWord) === seen) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) break;
    const waiting = Atomics.waitAsync(words, positionWord, seen, leftMs);
    if (waiting.async) await waiting.value;
  }
  Atomics.store(words, sleepsWord, 0);
  clearInterval(alive);
  return Atomics.load(words, positionWord) !== seen;
};
