// A thread that appends to the embedded log what the main thread tells it.
import { parentPort, workerData } from "node:worker_threads";

import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EmbeddedLogOptions } from "../../../engine/log/embedded-log.ts";
import type { NewRecord } from "../../../engine/log/event-log.ts";

const log = openEmbeddedLog(workerData as EmbeddedLogOptions);

const append = async (records: readonly NewRecord[] | null): Promise<void> => {
  if (records === null) {
    await log.close();
    parentPort?.close();
  } else parentPort?.postMessage(await log.append(records), []);
};

parentPort?.on("message", (records: readonly NewRecord[] | null) => {
  void append(records);
});
