// Loads a stage that a configuration names: imports its module, checks what it exports, gives it its
// options. Nothing runs yet: the same call checks a configuration and, on the stage's own thread,
// makes the stage. A module is code: whoever may write the configuration may run anything.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { orLate } from "../../schemas/or-late.ts";
import { createStageMetrics } from "../metrics/stage-metrics.ts";
import { checkStageTable, type StageMetricsTable } from "../metrics/stage-table.ts";
import { timerMsMax } from "../timer-ms-max.ts";
import { packageEntry } from "./package-entry.ts";
import type { StageFactory, StageModule, StageOptions } from "./stage-module.ts";

/** Why a stage could not be loaded. */
export type StageLoadCode =
  /** There is no such module. */
  | "not-found"
  /** The module threw when it was imported, or its top-level await did not settle in time. */
  | "failed"
  /** Its export `stage` is missing or no StageModule. */
  | "shape"
  /** It refused its options. */
  | "options";

/** For a module that awaits at its top level. */
export const loadMsMaxDefault = 10_000;

/** `message` names the stage as the configuration does, and what is wrong. */
export class StageLoadError extends Error {
  override name = "StageLoadError";
  readonly code: StageLoadCode;

  constructor(code: StageLoadCode, specifier: string, message: string) {
    super(`stage=${specifier}: ${message}`);
    this.code = code;
  }
}

/** A stage whose options are good. */
export type LoadedStage = {
  readonly name: string;
  /** URL of its module: loads the same from anywhere. */
  readonly url: string;
  /** As given; plain data, since they travel to the stage's thread. */
  readonly options: StageOptions;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Memory of its metrics, for one thread; `thread` tells several of one stage apart. */
  readonly createMetrics: (thread?: string) => SharedArrayBuffer;
  readonly create: StageFactory;
};

/**
 * `specifier` is a path, relative to the folder `from` (the process's own when left out), a file
 * URL, or the name of a package that is installed there. A module that awaits at its top level has
 * `loadMsMax` for it, 10 s when left out, none for Infinity. Any thread.
 * @throws StageLoadError with one of the codes above.
 * @throws RangeError for a `loadMsMax` that is no number of 0 or more.
 */
export const loadStage = async (
  specifier: string,
  options: StageOptions = {},
  from: string = process.cwd(),
  loadMsMax: number = loadMsMaxDefault,
): Promise<LoadedStage> => {
  if (!(loadMsMax >= 0)) throw new RangeError(`loadMsMax=${loadMsMax}, 0 at least`);
  const url = urlOf(specifier, from);
  const stage = checked(specifier, await imported(specifier, url, loadMsMax));
  const table: StageMetricsTable = { ...stage.metrics, stage: stage.name };
  const create = configured(specifier, stage, options);
  return {
    name: stage.name,
    url,
    options,
    inputBytes: stage.inputBytes,
    outputBytes: stage.outputBytes,
    createMetrics: (thread = "") => createStageMetrics(table, thread),
    create,
  };
};

const urlOf = (specifier: string, from: string): string => {
  if (specifier.startsWith("file:")) return specifier;
  if (/^\.{0,2}\//.test(specifier)) return pathToFileURL(resolve(from, specifier)).href;
  try {
    return pathToFileURL(packageEntry(specifier, from)).href;
  } catch (error) {
    throw new StageLoadError(
      "not-found",
      specifier,
      `no such package from ${from}: ${text(error)}`,
    );
  }
};

const imported = async (specifier: string, url: string, loadMsMax: number): Promise<unknown> => {
  if (!existsSync(new URL(url)))
    throw new StageLoadError("not-found", specifier, `no such module: ${url}`);
  const late = `its top-level await has not settled within loadMsMax=${loadMsMax}`;
  const loading = import(url) as Promise<{ readonly stage?: unknown }>;
  try {
    const module = await orLate(loading, Math.min(loadMsMax, timerMsMax), () =>
      Promise.reject(new Error(late)),
    );
    return module.stage;
  } catch (error) {
    throw new StageLoadError("failed", specifier, `its module failed: ${text(error)}`);
  }
};

const checked = (specifier: string, found: unknown): StageModule => {
  const bad = (what: string): StageLoadError => new StageLoadError("shape", specifier, what);
  if (typeof found !== "object" || found === null)
    throw bad(`export "stage" is ${found === null ? "null" : typeof found}, expected an object`);
  const { name, inputBytes, outputBytes, configure, metrics } = found as Record<string, unknown>;
  if (typeof name !== "string") throw bad(`name is ${typeof name}, expected a string`);
  if (typeof configure !== "function")
    throw bad(`configure is ${typeof configure}, expected a function`);
  for (const [field, bytes] of Object.entries({ inputBytes, outputBytes })) {
    if (isSlotBytes(bytes)) continue;
    throw bad(`${field}=${String(bytes)}, expected a multiple of 8 from 8 to 65536`);
  }
  try {
    checkStageTable({ ...(metrics as StageModule["metrics"]), stage: name });
  } catch (error) {
    throw bad(`metrics: ${text(error)}`);
  }
  return found as StageModule;
};

const isSlotBytes = (bytes: unknown): boolean =>
  Number.isInteger(bytes) &&
  Number(bytes) >= 8 &&
  Number(bytes) <= 65_536 &&
  Number(bytes) % 8 === 0;

const configured = (specifier: string, stage: StageModule, options: StageOptions): StageFactory => {
  let create: unknown;
  try {
    create = stage.configure(options);
  } catch (error) {
    throw new StageLoadError("options", specifier, `options: ${text(error)}`);
  }
  if (typeof create === "function") return create as StageFactory;
  throw new StageLoadError("shape", specifier, `configure returned ${typeof create}`);
};

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
