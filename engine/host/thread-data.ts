// What each thread gets at its start, and what threads and control say to each other. Stop order
// is data order: ingest holds, market and stream empty their rings, egress has everything
// acknowledged, ingest commits and leaves. Threads in a duty cycle take no messages: they have
// their orders in shared memory (supervise/worker-cells.ts).
import type { MessagePort } from "node:worker_threads";

import type { LogPlace } from "../log/open-log.ts";
import type { SniffSettings } from "../sniff/sniff-settings.ts";
import type { VerifyThreadData } from "../sniff/verify-pool.ts";
import type { EngineMemory } from "./memory.ts";

/** Every thread has a place in the workers' memory: its heartbeat and its orders. */
export type WorkerPlace = { readonly workers: SharedArrayBuffer; readonly worker: number };

export type ThreadData = WorkerPlace & {
  readonly memory: EngineMemory;
  readonly log: LogPlace;
  readonly group: string;
  readonly runId: string;
  readonly sniff: SniffSettings;
};

/** Positions go from egress to ingest over a channel of their own. */
export type PortData = ThreadData & { readonly port: MessagePort };

/** A verifier under the supervisor; without a place it is stopped by the flag in its memory. */
export type SignatureThreadData = VerifyThreadData & Partial<WorkerPlace>;

export type LogThreadData = WorkerPlace & {
  readonly directory: string;
  readonly wake: SharedArrayBuffer;
  readonly port: number;
};

/** Orders of an event-loop thread; each is answered by `did` when it is done. */
export type Order =
  /** Ingest, egress: takes nothing new until `resume`. Does not wait for what is in hand. */
  | { readonly do: "pause" }
  | { readonly do: "resume" }
  /** Ingest: `pause`, and done when no record is on its way into a ring. */
  | { readonly do: "hold" }
  /** Ingest: the reader of a ring is dead. Done when the ring is empty; what follows in it is what
   * a successor needs, from the last acknowledged positions on. */
  | { readonly do: "rewind"; readonly ring: "market" | "stream" }
  /** Ingest: positions come over this channel from now on. */
  | { readonly do: "listen"; readonly port: MessagePort }
  | { readonly do: "stop" };

export type ToThread = { readonly id: number; readonly order: Order };

export type FromThread =
  | { readonly is: "ready"; readonly port?: number | undefined }
  | { readonly is: "did"; readonly id: number }
  | { readonly is: "failed"; readonly message: string; readonly unreachable: boolean };
