// weir config: what the engine would run with. `check` names what is wrong, `print` tells every
// value with its origin, `schema` is the JSON Schema of the file, for editors.
import { stageProblems } from "../config/check-stages.ts";
import { fileSchema } from "../config/file-schema.ts";
import type { Flag } from "../config/layers.ts";
import { masked, problemText } from "../config/problem.ts";
import { profileNames } from "../config/profiles.ts";
import {
  configFileOf,
  configPathOf,
  fileBytesMax,
  readConfig,
  resolveFile,
} from "../config/read-config.ts";
import type { EffectiveConfig, Resolution } from "../config/resolve-config.ts";
import { fields } from "../config/schema.ts";
import { valueAt } from "../config/change-config.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { readWhole } from "./input.ts";
import { configOptions, setFlags } from "./open-config.ts";

const flagsOf = (args: Arguments): readonly Flag[] => {
  const { profile } = args.values;
  const named = typeof profile === "string" ? profile : null;
  const first = named === null ? [] : [{ path: "profile", text: named, option: "--profile" }];
  return [...first, ...setFlags(args)];
};

const packed = /\.(?:gz|zst)$/i;

const resolution = async (path: string | null, args: Arguments, io: Io): Promise<Resolution> => {
  const flags = flagsOf(args);
  if (path === null || (path !== "-" && !packed.test(path))) return readConfig({ path, flags });
  const bytes = await readWhole(path, io, fileBytesMax);
  return resolveFile({ path: null, flags }, configFileOf(path, bytes));
};

/** Writes what is wrong to standard error and says whether the configuration can be used. */
const explain = (resolved: Resolution, io: Io): resolved is EffectiveConfig & { ok: true } => {
  for (const warning of resolved.warnings) io.note(`warning: ${problemText(warning)}`);
  if (!resolved.ok) for (const problem of resolved.problems) io.note(problemText(problem));
  return resolved.ok;
};

type Action = (path: string | null, args: Arguments, io: Io) => Promise<number>;

const check: Action = async (path, args, io) => {
  const resolved = await resolution(path, args, io);
  explain(resolved, io);
  const { warnings } = resolved;
  const file = path === "-" ? null : configPathOf({ path, flags: flagsOf(args) }).path;
  const stages = resolved.ok ? await stageProblems(resolved, file) : [];
  for (const problem of stages) io.note(problemText(problem));
  const problems = resolved.ok ? stages : resolved.problems;
  const isGood = problems.length === 0;
  await io.line(JSON.stringify({ ok: isGood, problems, warnings }));
  io.note(`weir config check: ${problems.length} problems, ${warnings.length} warnings`);
  return isGood ? exitCode.good : exitCode.failed;
};

const print: Action = async (path, args, io) => {
  const resolved = await resolution(path, args, io);
  if (!explain(resolved, io)) return exitCode.failed;
  for (const field of fields) {
    const { source, place } = resolved.origins[field.path] ?? { source: "default", place: "" };
    const value = withoutSecrets(valueAt(resolved.config, field));
    const { path: name, reload, variable } = field;
    await io.line(JSON.stringify({ field: name, value, source, place, reload, variable }));
  }
  return exitCode.good;
};

// Addresses of nodes often carry a token; what is printed is passed on.
const withoutSecrets = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, one: unknown) =>
    typeof one === "string" ? masked(one) : one,
  );

const schema: Action = async (_path, _args, io) => {
  await io.line(JSON.stringify(fileSchema()));
  return exitCode.good;
};

const actions: { readonly [name: string]: Action } = { check, print, schema };

const run = async (args: Arguments, io: Io): Promise<number> => {
  const [name = "", path = null, ...others] = args.positionals;
  const known = Object.keys(actions).join(", ");
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new UsageError(`config needs one of ${known}, found ${name}`);
  if (others.length > 0) throw new UsageError(`config ${name} takes one FILE, found ${others[0]}`);
  return action(path, args, io);
};

/** The subcommand; engine/config does the work. */
export const config: Command = {
  name: "config",
  purpose: "Checks and prints the effective configuration, or prints its JSON Schema.",
  usage: "check|print|schema [options] [FILE]   (FILE: TOML or JSON, - is standard input)",
  options: {
    profile: {
      value: "NAME",
      help: `values in place of the defaults: ${profileNames.join(", ")}`,
    },
    ...(configOptions["set"] === undefined ? {} : { set: configOptions["set"] }),
  },
  examples: [
    "weir config check weir.toml",
    "weir config print --profile low-latency --set sniffer.batch_size=20 weir.toml",
  ],
  run,
};
