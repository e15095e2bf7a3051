// A thread that appends to the embedded log what the main thread tells it; "forever" makes it
// append without end.
import { parentPort, workerData } from "node:worker_threads";

import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EmbeddedLogOptions } from "../../../engine/log/embedded-log.ts";
import type { NewRecord } from "../../../engine/log/event-log.ts";

const log = openEmbeddedLog(workerData as EmbeddedLogOptions);

type Told = { readonly records: readonly NewRecord[]; readonly forever?: boolean } | null;

const append = async (told: Told): Promise<void> => {
  if (told === null) {
    await log.close();
    parentPort?.close();
    return;
  }
  do parentPort?.postMessage(await log.append(told.records), []);
  while (told.forever === true);
};

parentPort?.on("message", (told: Told) => {
  void append(told);
});
