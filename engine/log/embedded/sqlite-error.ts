// SQLite's result codes as the port's closed set.
import { LogError } from "../event-log.ts";

const busy = 5;
const locked = 6;
const full = 13;

const resultCode = (error: unknown): number =>
  Number((error as { readonly errcode?: unknown } | undefined)?.errcode ?? 0) & 0xff;

export const isBusy = (error: unknown): boolean => [busy, locked].includes(resultCode(error));

export const isFull = (error: unknown): boolean =>
  resultCode(error) === full || (error instanceof LogError && error.code === "full");

/** A LogError passes through; everything that is not "full" may pass: `unreachable`. */
export const sqliteLogError = (error: unknown): LogError => {
  if (error instanceof LogError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isFull(error)) return new LogError("full", `the embedded log has no room: ${text}`);
  return new LogError("unreachable", `the embedded log failed: ${text}`);
};
