// Runs sniff-cost.thread.ts, and the prototype's loops where they are at hand: each in isolation.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import type { Spread } from "./harness.ts";

export type SniffCostOrder = {
  /** `check` is the prefilter; `extract` finds instructions too, `write` fills a candidate. */
  readonly use: "check" | "extract" | "write";
  readonly programs: number;
  /** Transactions in a slab. */
  readonly count: number;
  readonly rounds: number;
};

/** ns a transaction, for those that are not watched, those that are, and one in twenty that is. */
export type SniffCost = {
  readonly refused: Spread;
  readonly watched: Spread;
  readonly mixed: Spread;
};

export const sniffCost = async (order: SniffCostOrder): Promise<SniffCost> => {
  const worker = new Worker(new URL("sniff-cost.thread.ts", import.meta.url), {
    workerData: order,
  });
  const [cost] = (await once(worker, "message")) as [SniffCost];
  return cost;
};

type PrototypeSpread = { readonly med: number; readonly min: number };
type PrototypeLine = {
  readonly method: string;
  readonly reject: PrototypeSpread;
  readonly accept: PrototypeSpread;
};

/** ns of the prototype's loop, by transactions refused and watched. */
type PrototypeCost = { readonly refused: PrototypeSpread; readonly watched: PrototypeSpread };

/** The prototype's `method`; `extract` runs after all others there. Null where it is not at hand. */
export const prototypeSniff = (
  method: "dvI32" | "hash64" | "extract",
  count: number,
): PrototypeCost | null => {
  const script = new URL("../../../shared/prototypes/sniff/sniff.cjs", import.meta.url);
  if (!existsSync(script)) return null;
  const words = [fileURLToPath(script), String(count), ...(method === "extract" ? [] : [method])];
  const said = execFileSync(process.execPath, words, { encoding: "utf8" });
  const lines = said
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PrototypeLine);
  const found = lines.find((line) => line.method === method);
  return found === undefined ? null : { refused: found.reject, watched: found.accept };
};
