// How long a client waits before it sends again: what the server asks for, else exponentially
// longer with jitter, as OTLP tells its exporters.

/** Exactly the answers that OTLP calls retryable. */
export const isRetryable = (status: number): boolean =>
  status === 429 || status === 502 || status === 503 || status === 504;

/** All in ms. */
export type RetryLimits = {
  /** First backoff; doubles with every attempt. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Longest wait that a server may ask for. */
  readonly retryAfterMsMax: number;
};

/** Milliseconds of a Retry-After header, in seconds or as HTTP date; null for none or nonsense. */
export const retryAfterMs = (header: string | null, nowMs: number): number | null => {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse takes nearly anything; a date has letters in it.
  const dateMs = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
};

/** Full jitter over the upper half: never at once, never all together. `random` in [0, 1). */
export const backoffMs = (attempt: number, limits: RetryLimits, random: number): number => {
  const whole = Math.min(limits.backoffMsMax, limits.backoffMs * 2 ** attempt);
  return whole / 2 + (whole / 2) * random;
};
