// The log thread: the embedded log's writer with its REST v3 produce endpoint.
import { workerData } from "node:worker_threads";

import type { LogThreadData } from "../host/thread-data.ts";
import { openLog } from "../log/open-log.ts";
import { startRestServer } from "../log/rest-server.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as LogThreadData;

startHeartbeat(data);
try {
  const log = await openLog({ directory: data.directory, wake: data.wake });
  await log.createTopics();
  const server = await startRestServer({ log, port: data.port });
  takeOrders(async (order) => {
    if (order.do !== "stop") throw new Error(`the log takes no order ${order.do}`);
    await server.close();
    await log.close();
  });
  say({ is: "ready", port: server.port });
} catch (error) {
  sayFailed(error);
}
