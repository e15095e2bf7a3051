// The command line: finds the subcommand, gives it the process, turns its outcome into an exit
// code. Only this file may end the process.
import { readFileSync } from "node:fs";

import { helpText, nearest, readArguments } from "./cli/arguments.ts";
import type { Command, Io } from "./cli/command.ts";
import { exitCode, UnreachableError, UsageError } from "./cli/command.ts";
import { InputError } from "./cli/input.ts";
import { processIo } from "./cli/process-io.ts";
import { packageRoot } from "./package-root.ts";

// Loaded on demand, so that `weir decode` does not pay for kafkajs.
const commands: { readonly [name: string]: () => Promise<Command> } = {
  arbitrage: async () => (await import("./cli/arbitrage.ts")).arbitrage,
  book: async () => (await import("./cli/book.ts")).book,
  check: async () => (await import("./cli/check.ts")).check,
  config: async () => (await import("./cli/config.ts")).config,
  ctl: async () => (await import("./cli/ctl.ts")).ctl,
  decode: async () => (await import("./cli/decode.ts")).decode,
  engine: async () => (await import("./cli/engine.ts")).engine,
  kafka: async () => (await import("./cli/kafka.ts")).kafka,
  registry: async () => (await import("./cli/registry.ts")).registry,
  sample: async () => (await import("./cli/sample.ts")).sample,
  sniff: async () => (await import("./cli/sniff.ts")).sniff,
  tail: async () => (await import("./cli/tail.ts")).tail,
  up: async () => (await import("./cli/up.ts")).up,
};

const version = (): string => {
  const text = readFileSync(new URL("package.json", packageRoot), "utf8");
  return (JSON.parse(text) as { version: string }).version;
};

const overview = async (): Promise<string> => {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = loaded.map(({ name, purpose }) => `  ${name.padEnd(12)} ${purpose}`);
  return [
    "Usage: weir COMMAND [options]",
    "",
    "Commands:",
    ...rows,
    "",
    "weir COMMAND --help",
  ].join("\n");
};

const run = async (argv: readonly string[], io: Io): Promise<number> => {
  const [name, ...rest] = argv;
  if (name === "--version") {
    await io.line(version());
    return exitCode.good;
  }
  if (name === undefined) {
    io.note(await overview());
    return exitCode.usage;
  }
  if (name === "--help" || name === "help") {
    await io.line(await overview());
    return exitCode.good;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const [what, known] = name.startsWith("-")
      ? ["option", ["--help", "--version"]]
      : ["command", Object.keys(commands)];
    throw new UsageError(`unknown ${what} ${name}; did you mean ${nearest(name, known)}?`);
  }
  const command = await load();
  const args = readArguments(command.options, rest);
  if (args.values["help"] === true || args.values["version"] === true) {
    await io.line(args.values["help"] === true ? helpText(command) : version());
    return exitCode.good;
  }
  return command.run(args, io);
};

const folderGone = "the working directory was removed; change to one that exists";
/** Node asks for it where a path is relative, and throws then. */
const isFolderGone = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && error.syscall === "uv_cwd";

const failure = (error: unknown): { text: string; code: number } => {
  if (error instanceof UsageError) return { text: error.message, code: exitCode.usage };
  if (error instanceof UnreachableError) return { text: error.message, code: exitCode.unreachable };
  if (error instanceof InputError) return { text: error.message, code: exitCode.failed };
  if (isFolderGone(error)) return { text: folderGone, code: exitCode.failed };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 };
};

/** For what a command leaves behind when it has returned: a custom stage's module may hold a timer or a socket. */
const exitMsMax = 2_000;

const io = processIo();
// The last lines leave after the command has returned.
process.once("exit", () => {
  const error = io.outputError();
  if (error === null) return;
  io.note(`weir: standard output: ${error.message}`);
  process.exitCode = exitCode.failed;
});
try {
  process.exitCode = await run(process.argv.slice(2), io);
} catch (error) {
  // A reader that left (`| head`) is no error of ours.
  if (io.outputClosed()) process.exitCode = exitCode.good;
  else {
    const { text, code } = failure(error);
    io.note(`weir: ${text}`);
    process.exitCode = code;
  }
}
io.endInput();
// Behind all that standard output still holds.
setTimeout(() => process.stdout.write("", () => process.exit()), exitMsMax).unref();
