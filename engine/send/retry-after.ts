// What a server says of sending again: whether, and after how long. How long a client waits of its own
// is in backoff.ts.

/** Exactly the answers that OTLP calls retryable. */
export const isRetryable = (status: number): boolean =>
  status === 429 || status === 502 || status === 503 || status === 504;

/** Milliseconds of a Retry-After header, in seconds or as HTTP date; null for none or nonsense. */
export const retryAfterMs = (header: string | null, nowMs: number): number | null => {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse takes nearly anything; a date has letters in it.
  const dateMs = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
};
