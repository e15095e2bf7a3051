// How a thread talks to control.
import { parentPort } from "node:worker_threads";

import type { FromThread } from "../host/thread-data.ts";

export const say = (message: FromThread): void => parentPort?.postMessage(message);

/** The thread cannot go on: its supervisor ends it and starts another. */
export const sayFailed = (error: unknown): void =>
  say({ is: "failed", message: error instanceof Error ? error.message : String(error) });
