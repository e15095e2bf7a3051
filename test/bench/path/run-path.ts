// Runs the path of the plan in a process of its own, and what it is compared with: the prototype in
// JavaScript and in C++ where they are at hand, and a plain twin over postMessage.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { compileControl } from "../compile-control.ts";
import type { PathPlan, PathResult } from "./path-plan.ts";
import { pathTransactions, poolText } from "./path-transactions.ts";

const entry = fileURLToPath(new URL("path-run.thread.ts", import.meta.url));
const prototypes = fileURLToPath(new URL("../../../../shared/prototypes/", import.meta.url));
const graceMs = 30_000;
// V8's helper threads would need a third processor where both are pinned.
const pinnedFlags = ["--single-threaded"];

const runMs = ({ windows, windowSeconds, warmupSeconds }: PathPlan): number =>
  (windows * windowSeconds + warmupSeconds) * 1_000 + graceMs;

/** @throws Error when the process failed, or when transactions were lost. */
export const runPath = (plan: PathPlan): PathResult => {
  const flags = plan.isPinned && plan.rate > 0 ? pinnedFlags : [];
  const said = execFileSync(process.execPath, [...flags, entry, JSON.stringify(plan)], {
    encoding: "utf8",
    timeout: runMs(plan),
    input: JSON.stringify(poolText(pathTransactions(plan.seed, plan.share))),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const result = JSON.parse(said) as PathResult;
  if (result.lost !== 0) throw new Error(`${result.lost} of ${result.sent} transactions are lost`);
  return result;
};

export type Rival = {
  /** One run at the rate, 0 for saturation; null when it cannot. */
  readonly run: (rate: number, seconds: number) => unknown;
  readonly remove: () => void;
};

// What the prototype needs of hdr-histogram-js: the same log-linear buckets, 10 bits a power of two.
const histogramShim = `
const counts = new Uint32Array(64 << 10);
const bucket = (v) => { const e = Math.max(0, Math.floor(Math.log2(v)) - 10); return (e << 10) + Math.floor(v / 2 ** e); };
const upper = (b) => { const e = Math.max(0, (b >> 10) - 1); return (b - (e << 10)) * 2 ** e; };
exports.build = () => ({ totalCount: 0, maxValue: 0,
  recordValue(v) { counts[bucket(v)] += 1; this.totalCount += 1; if (v > this.maxValue) this.maxValue = v; },
  getValueAtPercentile(p) { let left = Math.max(1, Math.ceil(this.totalCount * p / 100));
    for (let b = 0; b < counts.length; b += 1) { left -= counts[b]; if (left <= 0) return upper(b); } return 0; } });
`;

/** The prototype in a folder as it expects to lie in; null where it is not at hand. */
export const prototypePath = (): Rival | null => {
  if (!existsSync(join(prototypes, "path/e2e.cjs"))) return null;
  const folder = mkdtempSync(join(tmpdir(), "weir-path-"));
  const shim = join(folder, "peers/node_modules/hdr-histogram-js");
  mkdirSync(shim, { recursive: true });
  writeFileSync(join(shim, "index.js"), histogramShim);
  copyFileSync(join(prototypes, "path/e2e.cjs"), join(folder, "e2e.cjs"));
  copyFileSync(join(prototypes, "book/book.cjs"), join(folder, "book.cjs"));
  return {
    run: (rate, seconds) => {
      const flags = rate > 0 ? pinnedFlags : [];
      const words = [...flags, "e2e.cjs", "tx", String(rate), String(seconds), "spin", "1"];
      const said = execFileSync(process.execPath, words, {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, PIN: "1" },
        stdio: ["ignore", "pipe", "ignore"],
        timeout: graceMs,
      });
      // Pinning prints on the same output.
      return JSON.parse(said.slice(said.indexOf('{"node"'))) as unknown;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
};

/** The prototype's C++ control: records of 64 bytes and a book, no transactions. */
export const nativePath = (): Rival | null => {
  const source = join(prototypes, "path/e2e.cpp");
  if (!existsSync(source)) return null;
  const folder = mkdtempSync(join(tmpdir(), "weir-path-"));
  const binary = join(folder, "e2e");
  const remove = (): void => rmSync(folder, { recursive: true });
  if (compileControl(source, binary) !== null) {
    remove();
    return null;
  }
  return {
    run: (rate, seconds) =>
      rate === 0
        ? null
        : (JSON.parse(
            execFileSync(binary, [String(rate), String(seconds)], {
              encoding: "utf8",
              timeout: graceMs,
            }),
          ) as unknown),
    remove,
  };
};
