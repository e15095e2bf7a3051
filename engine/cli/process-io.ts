// The real process behind `Io`. Standard output is written with back-pressure; a closed pipe and
// Ctrl-C abort the signal and end standard input, so that a command ends with what is done.
import { once } from "node:events";

import type { Io } from "./command.ts";
import { Progress } from "./progress.ts";
import { screenText } from "./screen-text.ts";

export type ProcessIo = Io & {
  readonly outputClosed: () => boolean;
  /** Why standard output takes no more, other than that its reader left: a full disk. */
  readonly outputError: () => Error | null;
  /** Nothing reads standard input any more: what still comes, or never does, holds up no end. */
  readonly endInput: () => void;
};

const flushBytes = 1 << 16;
const columnsDefault = 80;

export const processIo = (): ProcessIo => {
  const abort = new AbortController();
  const inputEnd = new AbortController();
  let closed = false;
  let outputError: Error | null = null;
  let pending = "";
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    closed = true;
    if (error.code !== "EPIPE") outputError = error;
    abort.abort();
  });
  // Notes that find no room are lost; a terminal or reader that has gone ends us as Ctrl-C does.
  process.stderr.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || code === "EIO") abort.abort();
  });
  // A launcher that was killed can pass no signal on: its channel closes.
  for (const end of ["SIGINT", "SIGTERM", "disconnect"]) process.on(end, () => abort.abort());
  process.channel?.unref();

  // A dumb terminal has no cursor to move.
  const isScreen = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  const progress = isScreen ? progressOnScreen() : undefined;
  const flush = (): boolean => {
    if (pending === "" || closed) return true;
    if (process.stdout.isTTY) progress?.clear();
    const text = pending;
    pending = "";
    return process.stdout.write(text);
  };
  return {
    outputClosed: () => closed,
    outputError: () => outputError,
    stderrIsTerminal: isScreen,
    ...(progress && { progress }),
    stdoutIsTerminal: process.stdout.isTTY,
    signal: abort.signal,
    stdin: inputUntil(AbortSignal.any([abort.signal, inputEnd.signal])),
    endInput: () => inputEnd.abort(),
    note: (text) => {
      progress?.clear();
      process.stderr.write(`${screenText(text)}\n`);
    },
    // Lines of one turn of the event loop leave in one write.
    line: async (text) => {
      if (closed) return;
      if (pending === "") setImmediate(flush);
      pending += `${process.stdout.isTTY ? screenText(text) : text}\n`;
      if (pending.length < flushBytes) return;
      if (!flush() && !closed) await Promise.race([once(process.stdout, "drain"), aborted(abort)]);
    },
  };
};

const progressOnScreen = (): Progress =>
  new Progress({
    write: (text) => void process.stderr.write(text),
    // 0: a terminal that was never told its size.
    columns: () => process.stderr.columns || columnsDefault,
    nowMs: () => performance.now(),
  });

/** Standard input up to its end or the abort: one that stays silent must not hold up an end. */
async function* inputUntil(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const close = (): unknown => process.stdin.destroy();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  try {
    yield* process.stdin as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const aborted = ({ signal }: AbortController): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, "abort");
