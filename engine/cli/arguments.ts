// Reads a command line for one command and prints its help. Unknown options are refused with the
// nearest known name; `--option=value` and `--option value` are the same.
import { isProbability } from "../../schemas/sampling/threshold.ts";
import { refusedPorts } from "../config/refused-ports.ts";
import type { Arguments, Command, Option, Options } from "./command.ts";
import { UsageError } from "./command.ts";

const common: Options = {
  help: { help: "show this help" },
  version: { help: "show the version" },
};

type Mutable = Record<string, string | boolean | string[]>;

/**
 * @throws UsageError naming the option and what was expected.
 */
export const readArguments = (options: Options, argv: readonly string[]): Arguments => {
  const known: Options = { ...common, ...options };
  const values: Mutable = {};
  const positionals: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? "";
    if (word === "--") {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const long = word.startsWith("--") ? word : longForm(word, known);
    i += readOption({ known, values, word: long, rest: argv.slice(i + 1) });
  }
  checkStandardInput("FILE...", positionals);
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined) values[name] ??= option.default;
  }
  return { values, positionals };
};

/** @throws UsageError when more than one of the files that `what` names is standard input. */
export const checkStandardInput = (what: string, files: readonly (string | undefined)[]): void => {
  if (files.indexOf("-") !== files.lastIndexOf("-"))
    throw new UsageError(`${what}: only one of them may be standard input (-)`);
};

/** `--output` for `-o`. */
const longForm = (word: string, known: Options): string => {
  const found = Object.entries(known).find(([, option]) => `-${option.short}` === word);
  if (found === undefined) throw unknownOption(word, known);
  return `--${found[0]}`;
};

type OptionAt = { known: Options; values: Mutable; word: string; rest: readonly string[] };

/** Returns how many of the following arguments belong to the option. */
const readOption = ({ known, values, word, rest }: OptionAt): number => {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const option = Object.hasOwn(known, name) ? known[name] : undefined;
  if (option === undefined) throw unknownOption(`--${name}`, known);
  if (option.value === undefined) {
    if (equals >= 0) throw new UsageError(`--${name} takes no value`);
    values[name] = true;
    return 0;
  }
  const given = equals >= 0 ? [word.slice(equals + 1)] : following(option, rest);
  if (given.length === 0) throw new UsageError(`--${name} needs a value ${option.value}`);
  keep(values, name, option, given);
  return equals >= 0 ? 0 : given.length;
};

const following = (option: Option, rest: readonly string[]): string[] => {
  const end = rest.findIndex((word) => /^-(?:-|[a-z]$)/.test(word));
  const own = end < 0 ? rest : rest.slice(0, end);
  return own.slice(0, option.many === true ? own.length : 1);
};

const keep = (values: Mutable, name: string, option: Option, given: string[]): void => {
  if (option.repeatable === true || option.many === true) {
    const before = values[name];
    values[name] = [...(Array.isArray(before) ? before : []), ...given];
    return;
  }
  if (values[name] !== undefined) throw new UsageError(`--${name} was given twice`);
  values[name] = given[0] ?? "";
};

const unknownOption = (word: string, known: Options): UsageError => {
  const near = nearest(word.replace(/^-+/, ""), Object.keys(known));
  return new UsageError(`unknown option ${word}; did you mean --${near}?`);
};

/** The candidate with the smallest edit distance. */
export const nearest = (word: string, candidates: readonly string[]): string => {
  let best = candidates[0] ?? "";
  for (const candidate of candidates) {
    if (distance(word, candidate) < distance(word, best)) best = candidate;
  }
  return best;
};

/** Levenshtein's edit distance, one row at a time; words of a command line are short. */
export const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

export const helpText = (command: Command): string => {
  const rows = Object.entries({ ...command.options, ...common }).map(([name, option]) => {
    const short = option.short === undefined ? "" : `-${option.short}, `;
    const left = `  ${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`;
    const unset = option.default === undefined ? "" : ` (default ${option.default})`;
    return `${left.padEnd(30)} ${option.help}${unset}`;
  });
  const examples = command.examples.map((example) => `  ${example}`);
  return [
    command.purpose,
    "",
    `Usage: weir ${command.name} ${command.usage}`,
    "",
    "Options:",
    ...rows,
    "",
    "Examples:",
    ...examples,
  ].join("\n");
};

/** For a command of options only. @throws UsageError naming what was found. */
export const refusePositionals = (command: string, { positionals }: Arguments): void => {
  if (positionals.length === 0) return;
  throw new UsageError(`weir ${command} takes no arguments, found ${positionals.join(" ")}`);
};

/** Reads an integer option. @throws UsageError naming the option and the range. */
export const integerOption = (
  args: Arguments,
  name: string,
  range: { readonly min: number; readonly max: number },
): number | undefined => {
  const text = args.values[name];
  if (text === undefined) return undefined;
  const value = typeof text === "string" && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UsageError(
    `--${name} must be an integer from ${range.min} to ${range.max}, found ${String(text)}`,
  );
};

const portRange = { min: 0, max: 65_535 };

/** Reads the option of a port to serve HTTP on. @throws UsageError naming option and port. */
export const httpPortOption = (args: Arguments, name: string): number | undefined => {
  const port = integerOption(args, name, portRange);
  if (port === undefined || !refusedPorts.has(port)) return port;
  throw new UsageError(
    `--${name} ${port}: browsers and fetch refuse this port; choose another one, 0 = a free one`,
  );
};

/** Reads the option of a sampling rate. @throws UsageError naming the option and the range. */
export const rateOption = ({ values }: Arguments, name: string): number | undefined => {
  const text = values[name];
  if (text === undefined) return undefined;
  const rate = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
  if (isProbability(rate)) return rate;
  throw new UsageError(`--${name} must be a number from 2^-56 to 1, found ${String(text)}`);
};
