// What each thread gets at its start, and what threads and control say to each other. Stop order
// is data order: ingest holds, market and stream empty their rings, egress has everything
// acknowledged, ingest commits and leaves. Threads in a duty cycle take no messages: they have
// their orders in shared memory (supervise/worker-cells.ts).
import type { MessagePort } from "node:worker_threads";

import type { LiveSettings } from "../config/live-control.ts";
import type { InputMemories, InputRole } from "../consume/input-rings.ts";
import type { RejoinOptions } from "../log/event-log.ts";
import type { LogPlace } from "../log/open-log.ts";
import type { SniffSettings } from "../sniff/sniff-settings.ts";
import type { VerifyThreadData } from "../sniff/verify-pool.ts";
import type { Submission } from "../submit/outlet.ts";
import type { SubmitSettings } from "../submit/submit-settings.ts";
import type { TapMemory } from "../submit/tap.ts";
import type { WindowOptions } from "../stream/window-options.ts";
import type { EngineMemory } from "./memory.ts";
import type { SubmitThreadParts } from "./submit-worker.ts";

/** Every thread has a place in the workers' memory: its heartbeat and its orders. */
export type WorkerPlace = {
  readonly name: string;
  readonly workers: SharedArrayBuffer;
  readonly worker: number;
};

export type ThreadData = WorkerPlace & {
  readonly memory: EngineMemory;
  readonly log: LogPlace;
  readonly group: string;
  readonly runId: string;
  readonly sniff: SniffSettings;
  readonly windows: WindowOptions;
  /** Null: what it was given holds until its end. */
  readonly live: LiveSettings | null;
};

/** Positions go from egress to ingest over a channel of their own. */
type PortData = ThreadData & { readonly port: MessagePort };

export type IngestData = PortData & {
  readonly inputs: InputMemories;
  /** Null: as the log's client has it. */
  readonly rejoin: RejoinOptions | null;
};

/** A ring that a stage thread writes. */
export type Output = { readonly role: InputRole; readonly ring: SharedArrayBuffer };

export type EgressData = PortData & { readonly outputs: readonly Output[] };

/** The submit thread: taps of all market lanes, and the rings around the custom stages. */
export type SubmitData = WorkerPlace &
  SubmitThreadParts & {
    readonly memory: EngineMemory;
    readonly taps: readonly TapMemory[];
    readonly settings: SubmitSettings;
    /** createEventMemory. */
    readonly events: SharedArrayBuffer;
    readonly live: LiveSettings | null;
  };

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
  /** Ingest: threads of the lanes in `dead` are dead, `inputs` are the role's lanes from now on.
   * Done when the rings of the dead are empty; what follows in them is what successors need, from
   * the last acknowledged positions on. */
  | {
      readonly do: "rewind";
      readonly role: InputRole;
      readonly inputs: readonly SharedArrayBuffer[];
      readonly dead: readonly number[];
    }
  /** Egress: the rings of all stage threads that there ever were, in the order of their making. */
  | { readonly do: "read"; readonly outputs: readonly Output[] }
  /** Submit: the taps of all market lanes that there ever were, in the order of their making. */
  | { readonly do: "tap"; readonly taps: readonly TapMemory[] }
  /** Submit: reads until the taps are empty, for so long at most, then no more. */
  | { readonly do: "drain"; readonly waitMs: number }
  /** Ingest: positions come over this channel from now on. */
  | { readonly do: "listen"; readonly port: MessagePort }
  | { readonly do: "stop" };

export type ToThread = { readonly id: number; readonly order: Order };

export type FromThread =
  | { readonly is: "ready"; readonly port?: number | undefined }
  | { readonly is: "did"; readonly id: number }
  | { readonly is: "submitted"; readonly submission: Submission }
  /** For people. */
  | { readonly is: "note"; readonly message: string }
  | { readonly is: "failed"; readonly message: string };
