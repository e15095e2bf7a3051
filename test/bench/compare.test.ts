import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { runSeed, seeded } from "../random.ts";
import { parseBenchArguments } from "./bench-arguments.ts";
import { compareFigures, isRegression } from "./compare.ts";
import {
  type Better,
  type Figure,
  type FigureDocument,
  FigureList,
  mergeRuns,
  parseFigures,
} from "./figures.ts";

const random = seeded(runSeed("compare"));
const folder = mkdtempSync(join(tmpdir(), "weir-compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Noise = { readonly centre: number; readonly share: number; readonly of?: number };

/** `of` samples around `centre`, at most `share` of it away. */
const samples = ({ centre, share, of = 9 }: Noise): number[] =>
  Array.from({ length: of }, () => centre * (1 + share * (2 * random.next() - 1)));

const documentOf = (name: string, runs: number[][], better: Better = "lower"): FigureDocument => ({
  version: 1,
  smoke: false,
  machine: { machine: "2 x test" },
  figures: [{ name: `book: ${name}`, better, runs }],
});

const runsOf = (noise: Noise, runs = 3): number[][] =>
  Array.from({ length: runs }, () => samples(noise));

const compareRuns = (base: number[][], now: number[][], better: Better = "lower") => {
  const [line] = compareFigures(
    documentOf("update (ns)", base, better),
    documentOf("update (ns)", now, better),
    ["book"],
  );
  return line;
};

describe("comparing figures with a base", () => {
  test("half as slow again is a regression", () => {
    const line = compareRuns(
      runsOf({ centre: 20, share: 0.03 }),
      runsOf({ centre: 30, share: 0.03 }),
    );
    expect(line).toMatchObject({ verdict: "slower" });
    expect(line?.slowdown).toBeCloseTo(1.5, 0);
    expect(line?.interval?.[0]).toBeGreaterThan(1.2);
  });

  test("a tenth slower is not", () => {
    const line = compareRuns(
      runsOf({ centre: 20, share: 0.02 }),
      runsOf({ centre: 22, share: 0.02 }),
    );
    expect(line).toMatchObject({ verdict: "same" });
  });

  test("a rate that falls is slower, a rate that rises is faster", () => {
    const base = runsOf({ centre: 4e6, share: 0.02 });
    const low = runsOf({ centre: 3e6, share: 0.02 });
    expect(compareRuns(base, low, "higher")).toMatchObject({ verdict: "slower" });
    expect(compareRuns(low, base, "higher")).toMatchObject({ verdict: "faster" });
  });

  test("interference that hits most samples of a run does not fail it", () => {
    const base = runsOf({ centre: 20, share: 0.02 });
    const now = runsOf({ centre: 20, share: 0.02 }).map((run) =>
      run.map((sample, i) => (i % 2 === 0 ? sample * 3 : sample)),
    );
    expect(compareRuns(base, now)).toMatchObject({ verdict: "same" });
  });

  test("one run of three that fell the wrong way is not yet a regression", () => {
    const base = runsOf({ centre: 20, share: 0.02 });
    const now = [...runsOf({ centre: 20, share: 0.02 }, 2), samples({ centre: 40, share: 0.02 })];
    expect(compareRuns(base, now)).toMatchObject({ verdict: "same" });
  });

  test("too few samples are said to be too few, never judged", () => {
    const line = compareRuns([[20, 20]], [[90, 90]]);
    expect(line).toMatchObject({ verdict: "too few samples", slowdown: null, interval: null });
  });

  test("figures that only one side has are listed, of the benchmarks that ran", () => {
    const runs = runsOf({ centre: 20, share: 0.02 });
    const base = documentOf("old (ns)", runs);
    const now = documentOf("fresh (ns)", runs);
    const verdicts = (benches: readonly string[]) =>
      compareFigures(base, now, benches).map(({ name, verdict }) => [name, verdict]);
    expect(verdicts(["book"])).toEqual([
      ["book: fresh (ns)", "new"],
      ["book: old (ns)", "not measured"],
    ]);
    expect(verdicts(["ring"])).toEqual([["book: fresh (ns)", "new"]]);
    expect(compareFigures(base, now, ["book"]).some(isRegression)).toBe(false);
  });

  test("the same samples give the same interval again", () => {
    const base = runsOf({ centre: 20, share: 0.2 });
    const now = runsOf({ centre: 24, share: 0.2 });
    expect(compareRuns(base, now)).toEqual(compareRuns(base, now));
  });
});

describe("documents of figures", () => {
  test("runs of one figure are merged side by side", () => {
    const merged = mergeRuns([documentOf("a (ns)", [[1, 2]]), documentOf("a (ns)", [[3]])]);
    expect(merged.figures).toEqual([
      { name: "book: a (ns)", better: "lower", runs: [[1, 2], [3]] },
    ]);
  });

  test("a name used twice in one benchmark is refused", () => {
    const list = new FigureList();
    list.begin("ring");
    list.add({ name: "a (ns)", better: "lower", samples: [1] });
    expect(() => list.add({ name: "a (ns)", better: "lower", samples: [2] })).toThrow(
      'figure "ring: a (ns)" is named twice',
    );
    list.begin("book");
    list.add({ name: "a (ns)", better: "lower", samples: [2] });
    expect(list.all().map(({ name }) => name)).toEqual(["ring: a (ns)", "book: a (ns)"]);
  });

  test.each([
    ["no json", "is no JSON"],
    ["{}", "holds no figures of version 1"],
    ['{"version":1,"figures":[{"name":"a","better":"lower","runs":[["x"]]}]}', "figures[0] has no"],
  ])("what is no document is refused: %s", (text, message) => {
    expect(() => parseFigures(text, "base.json")).toThrow(message);
  });
});

describe("words of npm run bench", () => {
  const known = ["book", "ring"];
  const parse = (line: string) => parseBenchArguments(line.split(" ").filter(Boolean), known);

  test("no words run everything once and keep nothing", () => {
    expect(parse("")).toEqual({ names: known, smoke: false, runs: 1, json: null, compare: null });
  });

  test("what is kept or judged is run three times, smoke once", () => {
    expect(parse("book --compare base.json")).toMatchObject({ names: ["book"], runs: 3 });
    expect(parse("--json ring")).toMatchObject({ names: ["ring"], runs: 3, json: "-" });
    expect(parse("--json out.json --smoke")).toMatchObject({ runs: 1, json: "out.json" });
    expect(parse("--json --runs 5")).toMatchObject({ runs: 5, json: "-" });
  });

  test.each([
    ["moon", "unknown benchmark moon; known: book, ring"],
    ["--fast", "unknown option --fast"],
    ["--compare book", "--compare needs a file that ends in .json"],
    ["--runs 0", "--runs=0 must be an integer, 1 to 50"],
  ])("bad words are refused: %s", (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });
});

describe("the command", () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const bench = (...words: string[]) =>
    spawnSync(process.execPath, [main, "analytics", "--smoke", ...words], { encoding: "utf8" });

  test("writes figures, compares with them, and exits 1 where they were better", () => {
    const file = join(folder, "base.json");
    expect(bench("--json", file, "--runs", "2")).toMatchObject({ status: 0 });
    const base = parseFigures(readFileSync(file, "utf8"), file);
    const scaled = (factor: number) => {
      const scaledRuns = (runs: Figure["runs"]) => runs.map((run) => run.map((x) => x * factor));
      const figures = base.figures.map(({ name, better, runs }) => ({
        name,
        better,
        runs: scaledRuns(runs),
      }));
      return { ...base, figures };
    };
    // A thousandfold is beyond any noise of the tiny smoke size.
    writeFileSync(file, JSON.stringify(scaled(0.001)));
    const slow = bench("--compare", file);
    expect(slow.stdout).toContain('"verdict":"slower"');
    expect(slow.status).toBe(1);
    writeFileSync(file, JSON.stringify(scaled(1000)));
    expect(bench("--compare", file)).toMatchObject({ status: 0 });
  });

  test("a base that is not there or of another size ends it at once with 2", () => {
    const gone = bench("--compare", join(folder, "none.json"));
    expect(gone).toMatchObject({ status: 2, stdout: "" });
    const file = join(folder, "full.json");
    writeFileSync(file, JSON.stringify(documentOf("a (ns)", [[1]])));
    expect(bench("--compare", file)).toMatchObject({ status: 2, stdout: "" });
  });
});
