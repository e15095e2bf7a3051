// weir check: Weaver's live-check over files. Samples, lines of attributes or OTLP in; one report out,
// in the shape of Weaver's.
import { constants } from "node:buffer";

import type { Signal } from "../../schemas/otlp/messages.ts";
import { levelNames, type Profile } from "../../schemas/validate/finding-table.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import type { Json } from "../check/exact-json.ts";
import { LiveCheck } from "../check/live-check.ts";
import { readInput } from "../check/read-input.ts";
import { readResolved } from "../check/read-resolved.ts";
import type { Sample } from "../check/sample.ts";
import { sampleLines, statisticsLines } from "../check/text-report.ts";
import { Problems, problemText } from "../registry/problem.ts";
import { resolveRegistry } from "../registry/resolve-registry.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { InputError, readWhole } from "./input.ts";
import { askedSignal } from "./otlp-requests.ts";

/** Of one file, unpacked: samples and report are held in memory. */
const fileBytesMax = 256 << 20;

const choice = <T extends string>(args: Arguments, name: string, known: readonly T[]): T => {
  const given = args.values[name];
  const found = known.find((value) => value === given);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} must be one of ${known.join(", ")}, found ${String(given)}`);
};

const textOption = (args: Arguments, name: string): string => {
  const value = args.values[name];
  if (typeof value === "string") return value;
  throw new UsageError(`check needs --${name} DIR, a registry or a resolved one in JSON`);
};

/** @throws InputError when the file is no resolved registry. */
const resolvedAt = (path: string): ResolvedRegistry => {
  try {
    return readResolved(path);
  } catch (error) {
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** @throws InputError when the registry has errors; they are noted before. */
const readRegistry = (path: string, io: Io): ResolvedRegistry => {
  if (path.endsWith(".json")) return resolvedAt(path);
  const problems = new Problems();
  const resolved = resolveRegistry(path, problems);
  for (const problem of problems.list()) {
    if (problem.severity === "error") io.note(problemText(problem));
  }
  if (problems.errors === 0 && resolved !== null) return resolved.registry;
  throw new InputError(`${path}: ${problems.errors} errors in the registry`);
};

/** One run: the samples that were checked, and how many could not be. */
class Checking {
  readonly #io: Io;
  readonly #live: LiveCheck;
  readonly #isStrict: boolean;
  readonly samples: Sample[] = [];
  faults = 0;

  constructor(live: LiveCheck, isStrict: boolean, io: Io) {
    this.#live = live;
    this.#isStrict = isStrict;
    this.#io = io;
  }

  get isOver(): boolean {
    return this.#io.signal.aborted || (this.#isStrict && this.faults > 0);
  }

  async file(path: string, signal: Signal | null): Promise<void> {
    let bytes;
    try {
      bytes = await readWhole(path, this.#io, fileBytesMax);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#fault(error.message);
      return;
    }
    for (const read of readInput(bytes, signal)) {
      if ("message" in read) this.#fault(`${path}: ${read.at}: ${read.message}`);
      else {
        this.#live.check(read);
        this.samples.push(read);
      }
      if (this.isOver) return;
    }
  }

  #fault(text: string): void {
    this.faults += 1;
    this.#io.note(text);
  }
}

const write = async (samples: readonly Sample[], statistics: Json, io: Io): Promise<void> => {
  const shown = samples.map(({ key, body }) => ({ [key]: body }));
  await io.line(documentOf({ samples: shown, statistics }));
};

/** @throws InputError for a report that is longer than a string of V8 can be. */
const documentOf = (report: Json): string => {
  try {
    return JSON.stringify(report);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `the report is longer than ${constants.MAX_STRING_LENGTH} characters; give fewer or smaller files at once, or --format text`,
    );
  }
};

const writeText = async (samples: readonly Sample[], statistics: Json, io: Io): Promise<void> => {
  for (const sample of samples) for (const line of sampleLines(sample)) await io.line(line);
  for (const line of statisticsLines(statistics)) await io.line(line);
};

const isFailure = (live: LiveCheck, failOn: string): boolean => {
  const from = (levelNames as readonly string[]).indexOf(failOn);
  return from > 0 && levelNames.slice(from).some((level) => live.statistics.highest(level) > 0);
};

const run = async (args: Arguments, io: Io): Promise<number> => {
  const profile: Profile = choice(args, "profile", ["weaver", "weir"]);
  const format = choice(args, "format", ["json", "text"]);
  const failOn = choice(args, "fail-on", ["violation", "improvement", "information", "none"]);
  const signal = askedSignal(args.values);
  const registryPath = textOption(args, "registry");
  if (args.positionals.length === 0) throw new UsageError("check needs FILE... or - for input");
  const live = new LiveCheck(readRegistry(registryPath, io), profile);
  for (const problem of live.problems) io.note(`${registryPath}: ${problem}`);
  const checking = new Checking(live, args.values["strict"] === true, io);
  for (const path of args.positionals) {
    await checking.file(path, signal);
    if (checking.isOver) break;
  }
  const statistics = live.statistics.report();
  await (format === "json" ? write : writeText)(checking.samples, statistics, io);
  return checking.faults > 0 || isFailure(live, failOn) ? exitCode.failed : exitCode.good;
};

/** The subcommand; engine/check does the work. */
export const check: Command = {
  name: "check",
  purpose: "Check telemetry against a registry: samples of Weaver's live-check, or OTLP",
  usage: "--registry DIR [options] FILE...",
  options: {
    registry: {
      value: "DIR",
      help: "registry: a folder, an archive, or RESOLVED.json of weir registry resolve",
    },
    profile: {
      value: "PROFILE",
      help: "weaver (exactly live-check's findings) or weir (also binds spans, checks values)",
      default: "weir",
    },
    format: { value: "FORMAT", help: "json (one document) or text", default: "json" },
    "fail-on": {
      value: "LEVEL",
      help: "exit 1 from this level on: violation, improvement, information, none",
      default: "violation",
    },
    signal: {
      value: "SIGNAL",
      help: "of OTLP protobuf: traces, metrics or logs; without it the file's fields tell",
    },
    strict: { help: "end at the first fault instead of going on with the next sample" },
  },
  examples: [
    "weir check --registry schemas/registry samples.json",
    "echo http.request.method=GET | weir check --registry model --profile weaver --format text -",
  ],
  run,
};
