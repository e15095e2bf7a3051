// Whether the custom stages that a configuration names can be loaded and take their options. It
// imports their modules, which is running them: only where the user asked for a check or a start.
import { dirname } from "node:path";

import { transactionRecordBytes } from "../bundle/bundle-layout.ts";
import { type LoadedStage, loadStage, StageLoadError } from "../threads/load-stage.ts";
import type { ConfigProblem } from "./problem.ts";
import type { EffectiveConfig } from "./resolve-config.ts";

/** Of a configuration. Paths of modules are relative to the file that names them, else to the process's folder. */
export const stageFolderOf = (origins: EffectiveConfig["origins"], file: string | null): string =>
  origins["stages"]?.source === "file" && file !== null ? dirname(file) : process.cwd();

/** One problem for each stage that cannot be loaded; `file` is the one that was read. */
export const stageProblems = async (
  { config, origins }: EffectiveConfig,
  file: string | null,
): Promise<readonly ConfigProblem[]> => {
  const folder = stageFolderOf(origins, file);
  const problems: ConfigProblem[] = [];
  const place = origins["stages"]?.place ?? "";
  for (const [i, { module, options }] of config.stages.entries()) {
    try {
      const message = sizeProblem(await loadStage(module, options, folder));
      if (message !== null) problems.push({ place, field: `stages[${i}]`, message });
    } catch (error) {
      if (!(error instanceof StageLoadError)) throw error;
      problems.push({ place, field: `stages[${i}]`, message: error.message });
    }
  }
  return problems;
};

/** Stages of a configuration stand between candidates and bundles: both are transaction records. */
export const sizeProblem = ({ name, inputBytes, outputBytes }: LoadedStage): string | null =>
  inputBytes === transactionRecordBytes && outputBytes === transactionRecordBytes
    ? null
    : `stage=${name}: inputBytes=${inputBytes} outputBytes=${outputBytes}, expected ${transactionRecordBytes} for both`;
