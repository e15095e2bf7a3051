// The real process behind `Io`. Standard output is written with back-pressure; a closed pipe and
// Ctrl-C abort the signal, so that a command ends with what is done.
import { once } from "node:events";

import type { Io } from "./command.ts";

export type ProcessIo = Io & { readonly outputClosed: () => boolean };

const flushBytes = 1 << 16;

export const processIo = (): ProcessIo => {
  const abort = new AbortController();
  let closed = false;
  let pending = "";
  process.stdout.on("error", () => {
    closed = true;
    abort.abort();
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => abort.abort());

  const flush = (): boolean => {
    if (pending === "" || closed) return true;
    const text = pending;
    pending = "";
    return process.stdout.write(text);
  };
  return {
    outputClosed: () => closed,
    stderrIsTerminal: process.stderr.isTTY,
    stdoutIsTerminal: process.stdout.isTTY,
    signal: abort.signal,
    stdin: process.stdin,
    note: (text) => {
      process.stderr.write(`${text}\n`);
    },
    // Lines of one turn of the event loop leave in one write.
    line: async (text) => {
      if (closed) return;
      if (pending === "") setImmediate(flush);
      pending += `${text}\n`;
      if (pending.length < flushBytes) return;
      if (!flush() && !closed) await Promise.race([once(process.stdout, "drain"), aborted(abort)]);
    },
  };
};

const aborted = ({ signal }: AbortController): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, "abort");
