// What a subcommand is: a name, its options, its help and a run function. The table in main.ts
// assembles them; arguments.ts reads the command line for them.

import type { Progress } from "./progress.ts";

/** One option. `value` names the argument in the help; without it the option is a flag. */
export type Option = {
  readonly value?: string;
  readonly help: string;
  /** Shown in the help and used when the option is absent. Units belong into `help`. */
  readonly default?: string;
  readonly repeatable?: boolean;
  /** One letter: `-o FILE` is then `--output FILE`. */
  readonly short?: string;
  /** Takes every following argument up to the next option: `--depth FILE FILE`. */
  readonly many?: boolean;
};

export type Options = { readonly [name: string]: Option };

/** Options as given: flags are `true`, values strings, repeatable and many-valued ones arrays. */
export type Values = { readonly [name: string]: string | boolean | readonly string[] | undefined };

export type Arguments = { readonly values: Values; readonly positionals: readonly string[] };

/** The process as a command sees it; tests pass their own. */
export type Io = {
  /** Writes one line to standard output; resolves when the reader has room. */
  readonly line: (text: string) => Promise<void>;
  /** Writes one line to standard error. */
  readonly note: (text: string) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** One whose cursor moves. */
  readonly stderrIsTerminal: boolean;
  /** Shows how far files are read; absent without a terminal. */
  readonly progress?: Progress;
  /** Absent: no terminal. */
  readonly stdoutIsTerminal?: boolean;
  /** Aborted by Ctrl-C, SIGTERM, or a closed output pipe: end with what is done. */
  readonly signal: AbortSignal;
};

export type Command = {
  readonly name: string;
  /** One sentence, shown in the list of commands and on top of the help. */
  readonly purpose: string;
  /** After the name: `[options] FILE...`. */
  readonly usage: string;
  readonly options: Options;
  readonly examples: readonly [string, string];
  /** Returns the exit code. */
  readonly run: (args: Arguments, io: Io) => Promise<number>;
};

export const exitCode = { good: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** The command line was wrong; main prints the message and exits with 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A dependency (log, Kafka, port) cannot be reached; main prints the message and exits with 3. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}
