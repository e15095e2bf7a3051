// Judges figures against those of an earlier run: slower by more than a fifth, with confidence. The
// statistic is the better quartile of the samples, because what else runs on a machine only ever adds
// time; the interval is a bootstrap in two levels (runs, then samples within each), because the samples
// of one process are not independent. A figure fails only when the whole interval is past the limit.
import { seeded } from "../random.ts";
import type { Better, Figure, FigureDocument } from "./figures.ts";

/** Worse by more than this share fails. */
export const slowdownMax = 0.2;
const resamples = 2_000;
const confidence = 0.95;
/** Fewer samples than this, on either side, say nothing about chance. */
const samplesMin = 5;
const quantile = 0.25;
const seed = 20;

type Verdict = "same" | "slower" | "faster" | "too few samples" | "not measured" | "new";

export type Comparison = {
  readonly name: string;
  readonly verdict: Verdict;
  readonly base: number | null;
  readonly now: number | null;
  /** How many times as slow as the base: above 1 is worse, whatever the unit. */
  readonly slowdown: number | null;
  /** The 95 % interval of `slowdown`. */
  readonly interval: readonly [number, number] | null;
};

type Runs = Figure["runs"];

/** The quartile on the better side. */
const statistic = (samples: number[], better: Better): number => {
  samples.sort((a, b) => a - b);
  const rank = Math.floor((samples.length - 1) * (better === "lower" ? quantile : 1 - quantile));
  return samples[rank] ?? Number.NaN;
};

const resample = (runs: Runs, below: (limit: number) => number): number[] => {
  const drawn: number[] = [];
  for (let i = 0; i < runs.length; i += 1) {
    const run = runs[below(runs.length)] ?? [];
    for (let k = 0; k < run.length; k += 1) drawn.push(run[below(run.length)] ?? Number.NaN);
  }
  return drawn;
};

const slowdownOf = (base: number, now: number, better: Better): number =>
  better === "lower" ? now / base : base / now;

const intervalOf = (base: Figure, now: Figure): readonly [number, number] => {
  const { below } = seeded(seed);
  const { better } = now;
  const ratios = Array.from({ length: resamples }, () =>
    slowdownOf(
      statistic(resample(base.runs, below), better),
      statistic(resample(now.runs, below), better),
      better,
    ),
  ).toSorted((a, b) => a - b);
  const at = (share: number): number => ratios[Math.round((resamples - 1) * share)] ?? Number.NaN;
  return [at((1 - confidence) / 2), at((1 + confidence) / 2)];
};

const verdictOf = (low: number, high: number): Verdict => {
  if (low > 1 + slowdownMax) return "slower";
  return high < 1 / (1 + slowdownMax) ? "faster" : "same";
};

const compareFigure = (base: Figure | undefined, now: Figure | undefined): Comparison => {
  const figure = now ?? base;
  const name = figure?.name ?? "";
  const better = figure?.better ?? "lower";
  const valueOf = (of: Figure | undefined): number | null =>
    of === undefined ? null : statistic(of.runs.flat(), better);
  const line = { name, base: valueOf(base), now: valueOf(now), slowdown: null, interval: null };
  if (base === undefined) return { ...line, verdict: "new" };
  if (now === undefined) return { ...line, verdict: "not measured" };
  if (Math.min(base.runs.flat().length, now.runs.flat().length) < samplesMin)
    return { ...line, verdict: "too few samples" };
  const interval = intervalOf(base, now);
  const slowdown = slowdownOf(line.base ?? 0, line.now ?? 0, better);
  return { ...line, slowdown, interval, verdict: verdictOf(...interval) };
};

/**
 * Compares the figures of `now` with those of `base`, in the order of `now`, then those that only
 * the base has of the benchmarks named in `benches`. Both are of the same size, smoke or not.
 */
export const compareFigures = (
  base: FigureDocument,
  now: FigureDocument,
  benches: readonly string[],
): readonly Comparison[] => {
  const baseByName = new Map(base.figures.map((figure) => [figure.name, figure]));
  const nowNames = new Set(now.figures.map(({ name }) => name));
  const gone = base.figures.filter(
    ({ name }) => !nowNames.has(name) && benches.some((bench) => name.startsWith(`${bench}: `)),
  );
  return [
    ...now.figures.map((figure) => compareFigure(baseByName.get(figure.name), figure)),
    ...gone.map((figure) => compareFigure(figure, undefined)),
  ];
};

/** Whether a comparison must fail the command. */
export const isRegression = ({ verdict }: Comparison): boolean => verdict === "slower";
