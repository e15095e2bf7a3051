// The ingest thread: the log's consumer, writing into the rings of market and stream.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

import { Committer } from "../consume/committer.ts";
import { Ingest } from "../consume/ingest.ts";
import type { FromThread, PortData, ToThread } from "../host/thread-data.ts";
import { consumedTopics, Positions } from "../ledger/positions.ts";
import type { Position } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { say, sayFailed } from "./say.ts";

const { memory, log: target, group, runId, port } = workerData as PortData;
const metrics = new MetricCells(memory.metrics);
const positions = new Positions(memory.positions);
const rings = {
  market: new MessageRingWriter(memory.ingestMarket),
  stream: new MessageRingWriter(memory.ingestStream),
};
const ingest = new Ingest({ rings, positions, metrics, runId, onFailed: sayFailed });

try {
  const log = await openLog(target);
  const consumer = await log.consume({ group, topics: consumedTopics }, ingest);
  const committer = new Committer({ consumer, positions, metrics });
  port.on("message", (done: readonly Position[]) => committer.offer(done));

  const finish = async (): Promise<void> => {
    for (let last = receiveMessageOnPort(port); last; last = receiveMessageOnPort(port)) {
      committer.offer(last.message as readonly Position[]);
    }
    await committer.flush();
    ingest.release();
    await consumer.stop();
    await log.close();
    port.close();
    say({ is: "stopped" } satisfies FromThread);
    parentPort?.close();
  };
  parentPort?.on("message", (order: ToThread) => {
    if (order.do === "hold") ingest.hold().then(() => say({ is: "held" }), sayFailed);
    else finish().catch(sayFailed);
  });
  say({ is: "ready" });
} catch (error) {
  sayFailed(error);
}
