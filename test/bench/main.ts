// npm run bench -- [NAME...] [--smoke] [--runs N] [--json [FILE.json]] [--compare BASE.json]: runs the
// benchmarks named *.bench.ts beside this file. With several runs each is a process of its own, whose
// figures come back through a file. Exit 1: slower than the base; 2: wrong words.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type BenchArguments, parseBenchArguments, UsageError } from "./bench-arguments.ts";
import { compareFigures, isRegression, slowdownMax } from "./compare.ts";
import { type FigureDocument, mergeRuns, parseFigures } from "./figures.ts";
import { type BenchOptions, figures, machineFacts, report } from "./harness.ts";

type Bench = { readonly run: (options: BenchOptions) => Promise<void> };

const suffix = ".bench.ts";
const standardOutput = "-";
/** Set in the environment of a run that comes after its sources were compiled. */
const stripped = "WEIR_BENCH_STRIPPED";

const runHere = async ({ names, smoke }: BenchArguments): Promise<FigureDocument> => {
  const machine = machineFacts();
  report(machine);
  for (const name of names) {
    console.log(`# ${name}`);
    figures.begin(name);
    const bench = (await import(`./${name}${suffix}`)) as Bench;
    await bench.run({ smoke });
  }
  if (!smoke && hasStripped())
    report({
      warning: "sources were compiled in this run: set NODE_COMPILE_CACHE and run it again",
    });
  return { version: 1, smoke, machine, figures: figures.all() };
};

// Stripping types detaches a buffer, and V8 then checks every access to a typed array: a tenth and
// more of what is measured here. With Node's compile cache it is done once.
const stripFirst = async (asked: BenchArguments): Promise<boolean> => {
  for (const name of asked.names) await import(`./${name}${suffix}`);
  const isKept = getCompileCacheDir() !== undefined;
  if (asked.smoke || !isKept || process.env[stripped] !== undefined || !hasStripped()) return false;
  console.error("compiling the sources: each benchmark in small");
  const main = import.meta.filename;
  const env = { ...process.env, [stripped]: "1" };
  // Their threads are compiled only when they run.
  spawnSync(process.execPath, [main, ...asked.names, "--smoke"], { stdio: "ignore", env });
  const words = [main, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, words, { stdio: "inherit", env }).status ?? 1;
  return true;
};

const hasStripped = (): boolean => {
  // Known to Node, unknown to its types.
  const { moduleLoadList } = process as typeof process & { readonly moduleLoadList: string[] };
  return moduleLoadList.some((name) => name.includes("internal/deps/amaro"));
};

const runApart = ({ names, smoke, runs, json }: BenchArguments): FigureDocument => {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const file = join(folder, "figures.json");
  const words = [...names, ...(smoke ? ["--smoke"] : []), "--runs", "1", "--json", file];
  try {
    const documents = Array.from({ length: runs }, () => {
      const child = spawnSync(process.execPath, [import.meta.filename, ...words], {
        stdio: ["ignore", json === standardOutput ? process.stderr.fd : "inherit", "inherit"],
      });
      if (child.status !== 0) throw new Error(`benchmarks ended with status ${child.status}`);
      return parseFigures(readFileSync(file, "utf8"), file);
    });
    return mergeRuns(documents);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const compareWith = (base: FigureDocument, now: FigureDocument, { names }: BenchArguments) => {
  const compared = compareFigures(base, now, names);
  console.log(`# compared: fails above ${1 + slowdownMax} times, 95 % interval`);
  for (const line of compared) report(line);
  if (base.machine["machine"] !== now.machine["machine"])
    report({ warning: "another machine", base: base.machine, now: now.machine });
  if (compared.some(isRegression)) process.exitCode = 1;
};

const readBase = (file: string, smoke: boolean): FigureDocument => {
  if (!existsSync(file)) throw new UsageError(`${file} is not there: write it with --json ${file}`);
  const base = parseFigures(readFileSync(file, "utf8"), file);
  if (base.smoke === smoke) return base;
  throw new UsageError(`${file} has smoke=${base.smoke}, this run smoke=${smoke}`);
};

const main = async (): Promise<void> => {
  const known = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
  const asked = parseBenchArguments(process.argv.slice(2), known);
  // Read before the minutes of measuring, so that a wrong file is told at once.
  const base = asked.compare === null ? null : readBase(asked.compare, asked.smoke);
  if (await stripFirst(asked)) return;
  const print = console.log;
  // Standard output is the document's alone.
  if (asked.json === standardOutput) console.log = console.error;
  const now = asked.runs > 1 ? runApart(asked) : await runHere(asked);
  if (asked.json === standardOutput) print(JSON.stringify(now));
  else if (asked.json !== null) writeFileSync(asked.json, `${JSON.stringify(now, null, 1)}\n`);
  if (base !== null) compareWith(base, now, asked);
};

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? error.message : error);
  process.exitCode = isUsage ? 2 : 1;
}
