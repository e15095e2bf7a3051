// Time that passes only by waiting for it.
import type { FeedClock } from "../../../engine/feed/feed-clock.ts";

export type FakeClock = FeedClock & { readonly sleeps: number[]; pass: (ms: number) => void };

export const fakeClock = (startMs = 1_700_000_000_000): FakeClock => {
  let nowNs = BigInt(startMs) * 1_000_000n;
  const sleeps: number[] = [];
  const pass = (ms: number): void => {
    nowNs += BigInt(Math.round(ms * 1e6));
  };
  return {
    sleeps,
    pass,
    nowNs: () => nowNs,
    sleepMs: async (ms) => {
      sleeps.push(ms);
      pass(ms);
      // Lets others run, as a timer would.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
};
