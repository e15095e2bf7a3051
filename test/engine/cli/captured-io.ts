// What surrounds a command when a test runs it: standard input is given, what is written is kept.
import { readArguments } from "../../../engine/cli/arguments.ts";
import type { Command, Io } from "../../../engine/cli/command.ts";

export type CapturedIo = {
  readonly io: Io;
  /** Of standard output, and of standard error, in order. */
  readonly lines: string[];
  readonly notes: string[];
};

/** No terminal on any side, and never aborted. */
export const capturedIo = (stdin: string | readonly Uint8Array[] = []): CapturedIo => {
  const lines: string[] = [];
  const notes: string[] = [];
  const chunks = typeof stdin === "string" ? [new TextEncoder().encode(stdin)] : stdin;
  const io: Io = {
    line: async (text) => {
      lines.push(text);
    },
    note: (text) => notes.push(text),
    stdin: (async function* bytes() {
      yield* chunks;
    })(),
    stderrIsTerminal: false,
    signal: new AbortController().signal,
  };
  return { io, lines, notes };
};

/** Exit code of a command, and what it wrote. */
export type Ran = { readonly code: number; readonly lines: string[]; readonly notes: string[] };

/** A command as its user types it. */
export const runCommand = async (
  command: Command,
  words: readonly string[],
  stdin: string | readonly Uint8Array[] = [],
): Promise<Ran> => {
  const { io, lines, notes } = capturedIo(stdin);
  const code = await command.run(readArguments(command.options, words), io);
  return { code, lines, notes };
};

/** JSON Lines, as a type that the test expects. */
export const parsedLines = <Line>(lines: readonly string[]): Line[] =>
  lines.map((line) => JSON.parse(line) as Line);
