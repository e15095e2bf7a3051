// How an event-loop thread talks to control.
import { parentPort } from "node:worker_threads";

import type { FromThread } from "../host/thread-data.ts";
import { LogError } from "../log/event-log.ts";

export const say = (message: FromThread): void => parentPort?.postMessage(message);

/** Ends the engine: control stops every thread and reports the message. */
export const sayFailed = (error: unknown): void =>
  say({
    is: "failed",
    message: error instanceof Error ? error.message : String(error),
    unreachable: error instanceof LogError && error.code === "unreachable",
  });
