// What every benchmark shares: the machine's header, repeated timing, the line format, and the
// figures that `--json` keeps and `--compare` judges. Nothing here fails on time.
import { cpus, loadavg, totalmem } from "node:os";

import { type Better, FigureList } from "./figures.ts";

export type BenchOptions = {
  /** A size that only proves the benchmark still runs. */
  readonly smoke: boolean;
};

/** Facts about the machine and its load now. */
export const machineFacts = (): { readonly [name: string]: string | number } => {
  const processors = cpus();
  return {
    machine: `${processors.length} x ${processors[0]?.model ?? "unknown"}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load1m: loadavg()[0] ?? 0,
    date: new Date().toISOString(),
  };
};

export type Spread = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** As measured, in order; not printed. */
  readonly samples: readonly number[];
};

export const spread = (samples: readonly number[]): Spread => {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1), samples };
};

export type Timing = {
  /** Calls of `body` that are not counted. */
  readonly warmups: number;
  readonly rounds: number;
  /** Operations done by one call of `body`. */
  readonly operations: number;
};

/** Nanoseconds per operation. `body` returns something that the caller checks, so it must run. */
export const timeNs = ({ warmups, rounds, operations }: Timing, body: () => void): Spread => {
  for (let i = 0; i < warmups; i += 1) body();
  const samples: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const start = process.hrtime.bigint();
    body();
    samples.push(Number(process.hrtime.bigint() - start) / operations);
  }
  return spread(samples);
};

export type Rounds = {
  /** Of whole rounds. */
  readonly spread: Spread;
  /** Mean over the parts of each part's fastest round: what a round costs that nothing disturbs. */
  readonly quiet: number;
};

/** Summary of what each part of each round took. */
export const roundsOf = (rounds: readonly (readonly number[])[]): Rounds => {
  const mean = (parts: readonly number[]): number =>
    parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const fastest = (rounds[0] ?? []).map((_, part) =>
    Math.min(...rounds.map((parts) => parts[part] ?? Number.NaN)),
  );
  return { spread: spread(rounds.map(mean)), quiet: mean(fastest) };
};

/**
 * Nanoseconds per operation of a round cut into `parts`, short enough to fall between what else the
 * machine does. `operations` are those of one part.
 */
export const timePartsNs = (
  { warmups, rounds, operations }: Timing,
  parts: number,
  body: (part: number) => void,
): Rounds => {
  const samples: number[][] = [];
  for (let i = -warmups; i < rounds; i += 1) {
    const round: number[] = [];
    for (let part = 0; part < parts; part += 1) {
      const start = process.hrtime.bigint();
      body(part);
      round.push(Number(process.hrtime.bigint() - start) / operations);
    }
    if (i >= 0) samples.push(round);
  }
  return roundsOf(samples);
};

/** The figures of this process, in order. */
export const figures: FigureList = new FigureList();

/**
 * Names what `--json` keeps and `--compare` judges: a figure of ours, never a rival's. `name` ends
 * in its unit and is unique within the benchmark.
 */
export const figure = (name: string, { samples }: Spread, better: Better = "lower"): void => {
  figures.add({ name, better, samples });
};

const round = (value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

/** One JSON line; numbers to four digits, samples left out. */
export const report = (line: { readonly [key: string]: unknown }): void => {
  console.log(
    JSON.stringify(line, (key, value: unknown) => (key === "samples" ? undefined : round(value))),
  );
};
