// How long to wait before a request is repeated: exponentially longer with jitter, or what the
// server asked for. Randomness is passed in.
import { checkMs } from "./check-option.ts";

/** All in ms. */
export type BackoffLimits = {
  /** First wait; doubles with every failure in a row. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
};

/** 200 ms at first, 5 s at most. */
export const backoffDefaults: BackoffLimits = { backoffMs: 200, backoffMsMax: 5000 };

/** @throws RangeError for waits that are no numbers of 0 or more. */
export const checkBackoff = ({ backoffMs: firstMs, backoffMsMax }: BackoffLimits): void => {
  checkMs("backoffMs", firstMs);
  checkMs("backoffMsMax", backoffMsMax);
};

/** Longest wait that a server may ask for, ms. */
const retryAfterMsMax = 30_000;

/**
 * Own wait after failure number `failure` (0 first), ms: the upper half of 2^failure x `backoffMs`,
 * spread by `random` in [0, 1): never at once, never all together.
 */
export const backoffMs = (failure: number, limits: BackoffLimits, random: number): number => {
  const whole = Math.min(limits.backoffMsMax, limits.backoffMs * 2 ** failure);
  return whole / 2 + (whole / 2) * random;
};

/** The same, at least `retryAfterMs`, which is cut at 30 s. */
export const backoffOf = (
  failure: number,
  retryAfterMs: number | null,
  random: number,
  limits: BackoffLimits,
): number =>
  Math.max(backoffMs(failure, limits, random), Math.min(retryAfterMs ?? 0, retryAfterMsMax));
