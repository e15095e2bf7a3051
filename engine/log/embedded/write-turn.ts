// Lets the threads of one process write in the order in which they asked. SQLite's own waiting
// sleeps for up to 100 ms between two looks, so a busy writer starves the others. This is about
// fairness only: SQLite's lock keeps writers apart, whoever believes it is their turn.
import { ticketWord, turnWord } from "./shared-memory.ts";

/** A ticket whose thread has died is passed over after this time. */
const turnMsMax = 500;

export type WriteTurn = <T>(body: () => T) => T;

/** Blocks the thread until it is its turn; `body` must not wait for another thread. */
export const createWriteTurn = (words: Int32Array): WriteTurn => {
  return (body) => {
    const mine = Atomics.add(words, ticketWord, 1);
    for (;;) {
      const turn = Atomics.load(words, turnWord);
      // Differences, as both words wrap around. Later than mine: somebody has passed me over.
      if (((turn - mine) | 0) >= 0) break;
      if (Atomics.wait(words, turnWord, turn, turnMsMax) === "timed-out") {
        Atomics.compareExchange(words, turnWord, turn, mine);
      }
    }
    try {
      return body();
    } finally {
      const next = (mine + 1) | 0;
      const turn = Atomics.load(words, turnWord);
      if (((turn - next) | 0) < 0) Atomics.compareExchange(words, turnWord, turn, next);
      Atomics.notify(words, turnWord);
    }
  };
};
