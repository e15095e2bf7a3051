// The supervisor's view of its workers as Prometheus metrics: one series for each state, so that
// an alert can ask for a state by name.
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

import type { WorkerStatus } from "../supervise/worker.ts";
import { workerStates } from "../supervise/worker-state.ts";

export const registerWorkers = (
  registry: Registry,
  workers: () => readonly WorkerStatus[],
): void => {
  const registers = [registry];
  const state = new Gauge({
    name: "weir_worker_state",
    help: "1 for the state that a worker is in, 0 for the others",
    labelNames: ["worker", "state"],
    registers,
    collect() {
      // A worker may be gone since.
      this.reset();
      for (const { name: worker, state: now } of workers()) {
        for (const one of workerStates) state.set({ worker, state: one }, one === now ? 1 : 0);
      }
    },
  });
  const restarts = new Counter({
    name: "weir_worker_restarts_total",
    help: "Starts of a worker after its first",
    labelNames: ["worker"],
    registers,
    collect() {
      this.reset();
      for (const one of workers()) restarts.inc({ worker: one.name }, one.restarts);
    },
  });
  const age = new Gauge({
    name: "weir_worker_heartbeat_age_seconds",
    help: "Time since a worker's heartbeat was last seen to change",
    labelNames: ["worker"],
    registers,
    collect() {
      this.reset();
      for (const one of workers()) age.set({ worker: one.name }, one.heartbeatAgeMs / 1_000);
    },
  });
};
