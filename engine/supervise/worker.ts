// One worker as the supervisor keeps it: what it can be told, and what is known of it. What a
// worker is (a thread, a child process, an object in a test) is not the supervisor's concern.
import type { RestartLimits } from "./restart-budget.ts";
import { RestartBudget } from "./restart-budget.ts";
import type { WorkerState } from "./worker-state.ts";
import { canBecome } from "./worker-state.ts";

export type SupervisorClock = {
  /** Milliseconds, never going back. */
  readonly nowMs: () => number;
  /** Rejects when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** Which others are ended and started again with a worker: none, or all that start after it. */
export type RestartStrategy = "one_for_one" | "rest_for_one";

export type Worker = {
  readonly name: string;
  /** The system fails with it once its restarts are used up; another one stays in Error alone. */
  readonly critical: boolean;
  readonly strategy: RestartStrategy;
  /** No start needs it: those are started after all others, side by side. */
  readonly sideBySide?: boolean;
  /** Resolves when it serves; rejects when it cannot, or died meanwhile. */
  readonly start: () => Promise<void>;
  /** Empties what it is fed from and ends it; rejects when it died instead. */
  readonly stop: () => Promise<void>;
  /** Ends it at once, wherever it is; resolves when it is gone, also when it was before. */
  readonly kill: () => Promise<void>;
  /** Null for a worker that cannot rest. */
  readonly rest: {
    readonly pause: () => Promise<void>;
    readonly resume: () => Promise<void>;
  } | null;
  /** Changes while it lives. */
  readonly heartbeat: () => number;
  /** Of a worker of several threads: those whose heartbeats stand still. */
  readonly standing?: () => readonly string[];
};

export type WorkerStatus = {
  readonly name: string;
  readonly state: WorkerState;
  readonly critical: boolean;
  readonly strategy: RestartStrategy;
  /** Starts after the first. */
  readonly restarts: number;
  readonly lastError: string | null;
  readonly heartbeatAgeMs: number;
};

/** The supervisor's record of a worker. */
export class KeptWorker {
  readonly worker: Worker;
  readonly budget: RestartBudget;
  state: WorkerState = "Stopped";
  starts = 0;
  lastError: string | null = null;
  /** Stays when it is restarted. */
  isPaused = false;
  /** Milliseconds that it was up, in all lives that have ended. */
  upMs = 0;
  #upSinceMs = 0;

  constructor(worker: Worker, limits: RestartLimits) {
    this.worker = worker;
    this.budget = new RestartBudget(limits);
  }

  get isUp(): boolean {
    return this.state === "Running" || this.state === "Paused";
  }

  /** At `nowMs`. False, and nothing changes, where the table of states has no such way. */
  become(state: WorkerState, nowMs: number): boolean {
    if (!canBecome(this.state, state)) return false;
    const wasUp = this.isUp;
    this.state = state;
    if (this.isUp && !wasUp) this.#upSinceMs = nowMs;
    if (wasUp && !this.isUp) this.upMs += Math.max(0, nowMs - this.#upSinceMs);
    return true;
  }

  status(heartbeatAgeMs: number): WorkerStatus {
    const { name, critical, strategy } = this.worker;
    const { state, lastError } = this;
    const restarts = Math.max(0, this.starts - 1);
    const ageMs = Math.round(heartbeatAgeMs);
    return { name, state, critical, strategy, restarts, lastError, heartbeatAgeMs: ageMs };
  }
}
