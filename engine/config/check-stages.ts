// Whether the custom stages that a configuration names can be loaded and take their options. It
// imports their modules, which is running them: only where the user asked for a check or a start.
import { dirname } from "node:path";

import { transactionRecordBytes } from "../bundle/bundle-layout.ts";
import { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import { type LoadedStage, loadMsMaxDefault } from "../threads/load-stage.ts";
import { type StageTrial, tryStage } from "../threads/try-stage.ts";
import type { ConfigProblem } from "./problem.ts";
import type { EffectiveConfig } from "./resolve-config.ts";

/** Of a configuration. Paths of modules are relative to the file that names them, else to the process's folder. */
export const stageFolderOf = (origins: EffectiveConfig["origins"], file: string | null): string =>
  origins["stages"]?.source === "file" && file !== null ? dirname(file) : process.cwd();

/**
 * One problem for each stage that cannot be loaded, or whose metrics are another's. `file` is the one
 * that was read; a module that awaits at its top level has `loadMsMax` for it.
 */
export const stageProblems = async (
  { config, origins }: EffectiveConfig,
  file: string | null,
  loadMsMax: number = loadMsMaxDefault,
): Promise<readonly ConfigProblem[]> => {
  const folder = stageFolderOf(origins, file);
  const problems: ConfigProblem[] = [];
  const { place = "", parts = [] } = origins["stages"] ?? {};
  const shown = new StageMetricsSet();
  for (const [i, { module: specifier, options }] of config.stages.entries()) {
    const label = `place-${i}`;
    const trial = await tryStage({ specifier, options, folder, label, loadMsMax });
    const message = trial.ok ? (sizeProblem(trial) ?? metricsProblem(shown, trial)) : trial.message;
    if (message !== null)
      problems.push({ place: parts[i] ?? place, field: `stages[${i}]`, message });
  }
  return problems;
};

type GoodTrial = Extract<StageTrial, { ok: true }>;

const metricsProblem = (shown: StageMetricsSet, { metrics }: GoodTrial): string | null => {
  try {
    shown.add(metrics);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Stages of a configuration stand between candidates and bundles: both are transaction records. */
export const sizeProblem = ({
  name,
  inputBytes,
  outputBytes,
}: Pick<LoadedStage, "name" | "inputBytes" | "outputBytes">): string | null =>
  inputBytes === transactionRecordBytes && outputBytes === transactionRecordBytes
    ? null
    : `stage=${name}: inputBytes=${inputBytes} outputBytes=${outputBytes}, expected ${transactionRecordBytes} for both`;
