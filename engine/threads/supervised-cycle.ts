// The duty cycle of a thread of the engine, which never returns to its event loop: it shows that it
// lives by a heartbeat a cycle and takes its orders (run, pause, stop) from shared memory.
import type { WorkerCells } from "../supervise/worker-cells.ts";
import { workerOrder } from "../supervise/worker-cells.ts";
import type { Idle, Stage } from "./stage.ts";

const parkMs = 20;

/** Runs a stage on the calling thread until it is told to stop and nothing is left to do. */
export const runSupervised = (stage: Stage, idle: Idle, cells: WorkerCells): void => {
  stage.start();
  for (;;) {
    cells.beat();
    const order = cells.order();
    if (order === workerOrder.pause) cells.waitForOrder(order, parkMs);
    else if (stage.work() > 0) continue;
    // Looked again after the order was seen: what was published before it must not stay behind.
    else if (order === workerOrder.stop && stage.work() === 0) break;
    else idle(Math.min(parkMs, stage.idleMs?.() ?? parkMs));
  }
  stage.stop();
};
