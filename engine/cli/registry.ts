// weir registry: what people do with a registry before the edge uses it. `check` names what is
// wrong, `resolve` writes the registry with all references followed, `compile` the edge's tables.
import { writeFileSync } from "node:fs";

import { type Problem, Problems, problemText } from "../registry/problem.ts";
import { type Resolved, resolveRegistry } from "../registry/resolve-registry.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { InputError } from "./input.ts";

type Action = (path: string, output: string | null, io: Io) => Promise<number>;

const check: Action = async (path, output, io) => {
  const startMs = performance.now();
  const problems = new Problems();
  const resolved = resolveRegistry(path, problems);
  const lines = problems.list().map(problemText);
  if (output === null) for (const line of lines) await io.line(line);
  else write(output, lines.map((line) => `${line}\n`).join(""));
  io.note(`weir registry check: ${summary(resolved, problems)}, ${elapsed(startMs)}`);
  return outcome(problems);
};

const resolve: Action = async (path, output, io) => {
  const problems = new Problems();
  const resolved = resolveRegistry(path, problems);
  for (const problem of problems.list()) noteError(problem, io);
  io.note(`weir registry resolve: ${summary(resolved, problems)}`);
  if (problems.errors > 0 || resolved === null) return exitCode.failed;
  const document = JSON.stringify(resolved.registry);
  if (output === null) await io.line(document);
  else write(output, `${document}\n`);
  return exitCode.good;
};

const compile: Action = async (path, output, io) => {
  if (output === null) throw new UsageError("registry compile needs -o FILE: tables are binary");
  const { compileFolder } = await import("../registry/compile-folder.ts");
  const startMs = performance.now();
  const compiled = compileFolder(path);
  for (const problem of compiled.problems) io.note(problem);
  if (!compiled.ok) return exitCode.failed;
  const { version, groups, bytes } = compiled;
  write(output, output.endsWith(".ts") ? moduleText(bytes) : bytes);
  await io.line(JSON.stringify({ file: output, version, groups, bytes: bytes.length }));
  io.note(`weir registry compile: ${groups} groups, ${bytes.length} bytes, ${elapsed(startMs)}`);
  return exitCode.good;
};

/** @throws InputError when the file cannot be written. */
const write = (path: string, content: string | Uint8Array): void => {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new InputError(error instanceof Error ? error.message : String(error));
  }
};

/** A module to be bundled, where a file of its own could not be read. */
const moduleText = (bytes: Uint8Array): string =>
  "// Made by `weir registry compile`, which a test repeats: not to be edited.\n" +
  "/** Compiled tables in base64. */\n" +
  `export const compiledRegistry =\n  "${Buffer.from(bytes).toString("base64")}";\n`;

const actions: { readonly [name: string]: Action } = { check, resolve, compile };

// Warnings are counted in the summary; `check` shows them.
const noteError = (problem: Problem, io: Io): void => {
  if (problem.severity === "error") io.note(problemText(problem));
};

const outcome = (problems: Problems): number =>
  problems.errors > 0 ? exitCode.failed : exitCode.good;

const summary = (resolved: Resolved | null, problems: Problems): string => {
  const counts = `${problems.errors} errors, ${problems.warnings} warnings`;
  const dropped = problems.dropped > 0 ? ` (${problems.dropped} not shown)` : "";
  if (resolved === null) return counts + dropped;
  const { registry, files } = resolved;
  const version = registry.version.slice(0, 12);
  return `${files} files, ${registry.groups.length} groups, version ${version}, ${counts}${dropped}`;
};

const elapsed = (startMs: number): string => `${(performance.now() - startMs).toFixed(0)} ms`;

const run = async (args: Arguments, io: Io): Promise<number> => {
  const [name = "", path, ...others] = args.positionals;
  const known = Object.keys(actions).join(", ");
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new UsageError(`registry needs one of ${known}, found ${name}`);
  if (path === undefined)
    throw new UsageError(`registry ${name} needs DIR, a folder or an archive`);
  if (others.length > 0) throw new UsageError(`registry ${name} takes one DIR, found ${others[0]}`);
  const output = args.values["output"];
  return action(path, typeof output === "string" ? output : null, io);
};

/** The subcommand; engine/registry does the work. */
export const registry: Command = {
  name: "registry",
  purpose:
    "Checks, resolves and compiles a registry of semantic conventions (Weaver syntax v1 and v2).",
  usage: "check|resolve|compile DIR [-o FILE]   (DIR: a folder, .zip, .tar.gz, with [sub/folder])",
  options: {
    output: { short: "o", value: "FILE", help: "write there; compile to FILE.ts makes a module" },
  },
  examples: [
    "weir registry check schemas/registry",
    "weir registry resolve 'semantic-conventions.tar.gz[model]' -o resolved.json",
  ],
  run,
};
