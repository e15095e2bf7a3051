// The figures of benchmark runs as a document: what `--json` writes and `--compare` reads. Samples
// are kept by run (one process each), since samples of one process resemble one another more than
// those of two: the compiler and the memory fell one way there.
import { UsageError } from "./bench-arguments.ts";

export type Better = "lower" | "higher";

/** One figure as one run measured it. */
export type RunFigure = {
  readonly name: string;
  readonly better: Better;
  readonly samples: readonly number[];
};

/** One figure over all runs. */
export type Figure = {
  /** Benchmark and name: "book: uniform, publish every 1 (ns)". */
  readonly name: string;
  readonly better: Better;
  /** Samples of each run. */
  readonly runs: readonly (readonly number[])[];
};

export type FigureDocument = {
  readonly version: 1;
  /** Whether these are the tiny sizes, which compare with nothing. */
  readonly smoke: boolean;
  readonly machine: { readonly [name: string]: string | number };
  readonly figures: readonly Figure[];
};

/** Collects a run's figures under the name of the benchmark that is running. */
export class FigureList {
  readonly #byName = new Map<string, Figure>();
  #bench = "";

  /** Figures that follow belong to `bench`. */
  begin(bench: string): void {
    this.#bench = bench;
  }

  /** @throws Error when the benchmark has such a figure already. */
  add({ name, better, samples }: RunFigure): void {
    const full = `${this.#bench}: ${name}`;
    if (this.#byName.has(full)) throw new Error(`figure "${full}" is named twice`);
    this.#byName.set(full, { name: full, better, runs: [samples] });
  }

  all(): readonly Figure[] {
    return [...this.#byName.values()];
  }
}

/** One document out of those of several runs; machine and size are those of the first. */
export const mergeRuns = (documents: readonly FigureDocument[]): FigureDocument => {
  const [first] = documents;
  if (first === undefined) throw new RangeError("documents=0, 1 at least");
  const byName = Map.groupBy(
    documents.flatMap((document) => document.figures),
    ({ name }) => name,
  );
  const figures = [...byName].map(([name, parts]) => ({
    name,
    better: parts[0]?.better ?? "lower",
    runs: parts.flatMap(({ runs }) => runs),
  }));
  return { ...first, figures };
};

const isFigure = (value: unknown): value is Figure => {
  const { name, better, runs } = (value ?? {}) as Partial<Figure>;
  const isNamed = typeof name === "string" && (better === "lower" || better === "higher");
  const isRun = (run: unknown): boolean => Array.isArray(run) && run.every(Number.isFinite);
  return isNamed && Array.isArray(runs) && runs.every(isRun);
};

/** Reads a document that `--json` wrote. @throws UsageError saying what is wrong with it. */
export const parseFigures = (text: string, file: string): FigureDocument => {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is no JSON: write it with --json ${file}`, { cause });
  }
  const document = (found ?? {}) as Partial<FigureDocument>;
  if (document.version !== 1 || !Array.isArray(document.figures))
    throw new UsageError(`${file} holds no figures of version 1: write it with --json ${file}`);
  const wrong = document.figures.findIndex((value) => !isFigure(value));
  if (wrong >= 0) throw new UsageError(`${file}: figures[${wrong}] has no name, better and runs`);
  return document as FigureDocument;
};
