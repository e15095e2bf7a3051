// The time that a feed lives by; tests pass their own.

/** Nanoseconds since the epoch, and waiting. */
export type FeedClock = {
  readonly nowNs: () => bigint;
  readonly sleepMs: (ms: number) => Promise<void>;
};
