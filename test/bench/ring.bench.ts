// The rings between two threads: millions of 64-byte records a second and one-way latency, against a
// C++ control of the same algorithm, ringbuf.js, postMessage and the prototype. The distance of the
// two cores changes every few minutes and scales every figure about fourfold, so each round measures
// all rows and the probe, and ratios are taken within a round. Figures only.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { compileControl } from "./compile-control.ts";
import { type BenchOptions, figure, report, spread } from "./harness.ts";
import { rows } from "./ring/ring-lanes.ts";
import { echo, latencyPair, pingPong, probe, probeMemory } from "./ring/ring-latency.ts";
import { expectedSum, recordBytes } from "./ring/ring-loops.ts";
import { RingPeer } from "./ring/ring-peer.ts";
import { hasPrototype } from "./ring/ring-rivals.ts";

const rounds = 11;
const warmups = 3;
const trips = 40_000;
const posts = 40_000;
const controlRecords = 3_000_000;
const smokeShare = 100;
/** A probe below this says that both cores share a cache. */
const nearNsMax = 100;

/** The figures of one round by name: M records/s, or ns. */
type Figures = Map<string, number>;

const compiled = (): { readonly file: string; readonly folder: string } | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "weir-ring-"));
  const file = join(folder, "ring-control");
  const source = fileURLToPath(new URL("ring-control.cpp", import.meta.url));
  const reason = compileControl(source, file);
  if (reason === null) return { file, folder };
  rmSync(folder, { recursive: true });
  report({ skipped: "C++ control", reason });
  return undefined;
};

const measureControl = (file: string, records: number, figures: Figures): void => {
  const printed = execFileSync(file, [String(records)], { encoding: "utf8" });
  const control = JSON.parse(printed) as { [name: string]: number };
  figures.set("probe, C++ (ns)", control["probeNs"] ?? Number.NaN);
  figures.set("C++ control, batch 128", control["batch128"] ?? Number.NaN);
  figures.set("C++ control, batch 32", control["batch32"] ?? Number.NaN);
  figures.set("C++ control, each record", control["each"] ?? Number.NaN);
};

const measureRows = (peer: RingPeer, share: number, figures: Figures): void => {
  for (const [row, { lane, records }] of Object.entries(rows)) {
    const count = Math.ceil(records / share / 128) * 128;
    const memory = lane.memory();
    const { ms, sum } = peer.run({ kind: "consume", row, memory }, count, () =>
      lane.produce(memory, count),
    );
    if (sum !== expectedSum(count)) throw new Error(`${row}: sum=${sum} of ${count} records`);
    figures.set(row, count / ms / 1e3);
  }
};

const probeBefore = "probe, Atomics (ns)";
const probeAfter = "probe, Atomics, after the rows (ns)";

const measureProbe = (peer: RingPeer, name: string, share: number, figures: Figures): void => {
  const memory = probeMemory();
  peer.run({ kind: "probe", memory }, trips / share, () => {
    figures.set(name, probe(memory, trips / share));
  });
};

const measureLatency = (peer: RingPeer, share: number, figures: Figures): void => {
  const count = trips / share;
  const pair = latencyPair();
  const { sum } = peer.run({ kind: "echo", pair }, count, () => {
    const { p50, p99 } = pingPong(pair, count);
    figures.set("slot ring, one way p50 (ns)", p50);
    figures.set("slot ring, one way p99 (ns)", p99);
  });
  if (sum !== expectedSum(count)) throw new Error(`${echo.name}: sum=${sum} of ${count} trips`);
};

const ratios: readonly (readonly [of: string, to: string, goal: string])[] = [
  ["slot ring, batch 128", "C++ control, batch 128", ">= 0.90"],
  ["slot ring, batch 32", "C++ control, batch 32", "-"],
  ["slot ring, each record", "C++ control, each record", "-"],
  ["slot ring, batch 128", "ringbuf.js, each record", ">= 8"],
  ["slot ring, batch 128", "ringbuf.js, batch 128", "-"],
  ["slot ring, batch 128", "postMessage", "-"],
  ["slot ring, batch 32", "prototype, batch 32", "-"],
  ["slot ring, each record", "prototype, each record", "-"],
  ["message ring, batch 128", "ringbuf.js, each record", "-"],
  ["slot ring, one way p50 (ns)", "probe, C++ (ns)", "<= 2.0"],
  ["slot ring, one way p50 (ns)", probeBefore, "-"],
];
const ours = ["slot ring", "message ring"];
const goals: { readonly [name: string]: string } = {
  "slot ring, each record": ">= 17 near",
  "message ring, batch 128": ">= 40 near",
};

const printRounds = (all: readonly Figures[], state: string): void => {
  for (const row of all[0]?.keys() ?? []) {
    const figures = spread(all.map((round) => round.get(row) ?? Number.NaN));
    // The state is in the name: the far one is four times as slow, and no regression.
    if (ours.some((name) => row.startsWith(name)))
      figure(`${state}, ${row}`, figures, row.endsWith("(ns)") ? "lower" : "higher");
    const goal = goals[row];
    report({ state, row, ...figures, ...(goal === undefined ? {} : { goal }) });
  }
  for (const [of, to, goal] of ratios) {
    if (!all.every((round) => round.has(of) && round.has(to))) continue;
    const within = all.map((round) => (round.get(of) ?? 0) / (round.get(to) ?? 0));
    report({ state, ratio: `${of} / ${to}`, ...spread(within), goal });
  }
};

/** "mixed": the state changed, or somebody else used the processors, during the round. */
const stateOf = (round: Figures): string => {
  const probes = [round.get(probeBefore) ?? Infinity, round.get(probeAfter) ?? Infinity];
  if (probes.every((ns) => ns <= nearNsMax)) return "near";
  return probes.every((ns) => ns > nearNsMax) ? "far" : "mixed";
};

export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const share = smoke ? smokeShare : 1;
  const control = compiled();
  if (!hasPrototype) report({ skipped: "prototype", reason: "../shared/prototypes is not there" });
  const peer = new RingPeer();
  const measured: Figures[] = [];
  for (let round = smoke ? 0 : -warmups; round < (smoke ? 1 : rounds); round += 1) {
    const figures: Figures = new Map();
    if (control !== undefined) measureControl(control.file, controlRecords / share, figures);
    measureProbe(peer, probeBefore, share, figures);
    measureRows(peer, share, figures);
    measureLatency(peer, share, figures);
    measureProbe(peer, probeAfter, share, figures);
    figures.set("postMessage", posts / share / (await peer.post(posts / share, recordBytes)) / 1e3);
    if (round >= 0) measured.push(figures);
  }
  await peer.stop();
  if (control !== undefined) rmSync(control.folder, { recursive: true });
  const states = Map.groupBy(measured, stateOf);
  const counts = Object.fromEntries([...states].map(([state, of]) => [state, of.length]));
  report({ rounds: counts, units: "M records/s, ns where named" });
  for (const [state, of] of states) if (state !== "mixed") printRounds(of, state);
};
