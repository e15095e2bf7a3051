// Tries whether a stage can be loaded, on a thread of its own that is ended afterwards: a module that
// loops when it is imported holds up nobody for longer than the limit.
import { Worker } from "node:worker_threads";

import { moduleUrl } from "../package-root.ts";
import type { LoadedStage } from "./load-stage.ts";
import type { StageOptions } from "./stage-module.ts";

/** What the thread gets. */
export type TryStageData = {
  /** As for `loadStage`, like options, folder and loadMsMax. */
  readonly specifier: string;
  readonly options: StageOptions;
  readonly folder: string;
  /** Thread in its metrics. */
  readonly label: string;
  /** For what the module awaits; the thread has twice as long in all, for what loops as well. */
  readonly loadMsMax: number;
};

/** What came of it: what a configuration's stages are held against, or what is wrong. */
export type StageTrial =
  | ({ readonly ok: true; readonly metrics: SharedArrayBuffer } & Pick<
      LoadedStage,
      "name" | "inputBytes" | "outputBytes"
    >)
  | { readonly ok: false; readonly message: string };

/** Never rejects. */
export const tryStage = async (workerData: TryStageData): Promise<StageTrial> => {
  const { specifier, loadMsMax } = workerData;
  const { promise, resolve } = Promise.withResolvers<StageTrial>();
  const refuse = (what: string): void =>
    resolve({ ok: false, message: `stage=${specifier}: ${what}` });
  const limitMs = 2 * loadMsMax;
  const timer = setTimeout(
    () => refuse(`its module or configure has not ended within ${limitMs} ms: it loops`),
    limitMs,
  );
  const worker = new Worker(moduleUrl("engine/threads/try-stage.thread"), { workerData });
  worker.on("message", resolve);
  worker.on("error", (error) => refuse(`its module failed: ${String(error)}`));
  worker.on("exit", (code) => refuse(`its module ended its thread, exit code=${code}`));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
};
