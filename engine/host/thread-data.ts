// What each thread gets at its start, and what threads and control say to each other. Stop order
// is data order: ingest holds, market and stream empty their rings, egress has everything
// acknowledged, ingest commits and leaves.
import type { MessagePort } from "node:worker_threads";

import type { LogPlace } from "../log/open-log.ts";
import type { EngineMemory } from "./memory.ts";

export type ThreadData = {
  readonly memory: EngineMemory;
  readonly log: LogPlace;
  readonly group: string;
  readonly runId: string;
};

/** Positions go from egress to ingest over a channel of their own. */
export type PortData = ThreadData & { readonly port: MessagePort };

export type LogThreadData = {
  readonly directory: string;
  readonly wake: SharedArrayBuffer;
  readonly port: number;
};

export type ToThread = { readonly do: "hold" | "finish" | "stop" };

export type FromThread =
  | { readonly is: "ready"; readonly port?: number | undefined }
  | { readonly is: "held" }
  | { readonly is: "stopped" }
  | { readonly is: "failed"; readonly message: string; readonly unreachable: boolean };
