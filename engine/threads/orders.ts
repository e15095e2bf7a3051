// How an event-loop thread is told what to do and shows that it lives; the answer goes back when
// the order is carried out, and an order that cannot be carried out fails the thread.
import { parentPort } from "node:worker_threads";

import type { Order, ToThread, WorkerPlace } from "../host/thread-data.ts";
import { beatMs, WorkerCells } from "../supervise/worker-cells.ts";
import { say, sayFailed } from "./say.ts";

/** Bumps the thread's heartbeat from its event loop, until the thread ends. */
export const startHeartbeat = ({ workers, worker }: WorkerPlace): void => {
  const cells = new WorkerCells(workers, worker);
  setInterval(() => cells.beat(), beatMs).unref();
};

/** After `stop` is carried out the thread takes no more orders, and ends when its loop is empty. */
export const takeOrders = (carryOut: (order: Order) => Promise<void> | void): void => {
  const take = async ({ id, order }: ToThread): Promise<void> => {
    await carryOut(order);
    say({ is: "did", id });
    if (order.do === "stop") parentPort?.close();
  };
  parentPort?.on("message", (message: ToThread) => {
    take(message).catch(sayFailed);
  });
};
