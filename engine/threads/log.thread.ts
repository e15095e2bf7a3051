// The log thread: the embedded log's writer with its REST v3 produce endpoint.
import { parentPort, workerData } from "node:worker_threads";

import type { LogThreadData, ToThread } from "../host/thread-data.ts";
import { openLog } from "../log/open-log.ts";
import { startRestServer } from "../log/rest-server.ts";
import { say, sayFailed } from "./say.ts";

const { directory, wake, port } = workerData as LogThreadData;

try {
  const log = await openLog({ directory, wake });
  await log.createTopics();
  const server = await startRestServer({ log, port });
  parentPort?.on("message", (order: ToThread) => {
    if (order.do !== "stop") return;
    const close = async (): Promise<void> => {
      await server.close();
      await log.close();
      say({ is: "stopped" });
      parentPort?.close();
    };
    close().catch(sayFailed);
  });
  say({ is: "ready", port: server.port });
} catch (error) {
  sayFailed(error);
}
