// What a worker can be, and where it can go from there. A worker here is what the supervisor keeps
// alive: in the engine, one thread.

export const workerStates = [
  "Stopped",
  "Starting",
  "Running",
  "Paused",
  "Stopping",
  "Error",
] as const;

export type WorkerState = (typeof workerStates)[number];

const next: { readonly [state in WorkerState]: readonly WorkerState[] } = {
  Stopped: ["Starting"],
  Starting: ["Running", "Stopping", "Error"],
  Running: ["Paused", "Stopping", "Error"],
  Paused: ["Running", "Stopping", "Error"],
  Stopping: ["Stopped", "Error"],
  Error: ["Starting", "Stopped"],
};

export const canBecome = (from: WorkerState, to: WorkerState): boolean => next[from].includes(to);
