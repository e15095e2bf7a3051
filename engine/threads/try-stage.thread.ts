// Loads one stage and says what came of it. Its module is foreign code: what it does when it is
// imported, as looping or ending the process, it does to this thread alone.
import { parentPort, workerData } from "node:worker_threads";

import { loadStage } from "./load-stage.ts";
import type { StageTrial, TryStageData } from "./try-stage.ts";

const { specifier, options, folder, label, loadMsMax } = workerData as TryStageData;

const trial = async (): Promise<StageTrial> => {
  try {
    const stage = await loadStage(specifier, options, folder, loadMsMax);
    const { name, inputBytes, outputBytes } = stage;
    return { ok: true, name, inputBytes, outputBytes, metrics: stage.createMetrics(label) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
};

parentPort?.postMessage(await trial());
