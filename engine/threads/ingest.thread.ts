// The ingest thread: the log's consumer, writing into the rings of market and stream.
import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort, workerData } from "node:worker_threads";

import { Committer } from "../consume/committer.ts";
import { Ingest } from "../consume/ingest.ts";
import type { PortData } from "../host/thread-data.ts";
import { consumedTopics, Positions } from "../ledger/positions.ts";
import type { Position } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as PortData;
const { memory } = data;
const metrics = new MetricCells(memory.metrics);
const positions = new Positions(memory.positions);
const inputs = { market: memory.ingestMarket, stream: memory.ingestStream };
const rings = {
  market: new MessageRingWriter(inputs.market),
  stream: new MessageRingWriter(inputs.stream),
};

startHeartbeat(data);
try {
  const log = await openLog(data.log);
  const ingest = new Ingest({
    rings,
    positions,
    metrics,
    runId: data.runId,
    read: (from, recordsMax) => log.read(from, recordsMax),
    onFailed: sayFailed,
  });
  const consumer = await log.consume({ group: data.group, topics: consumedTopics }, ingest);
  const committer = new Committer({ consumer, positions, metrics });
  const take = (done: readonly Position[]): void => {
    ingest.acknowledged(done);
    committer.offer(done);
  };
  let port = data.port;
  const listen = (to: MessagePort): void => {
    port = to;
    port.on("message", take);
  };
  listen(port);

  const stop = async (): Promise<void> => {
    for (let last = receiveMessageOnPort(port); last; last = receiveMessageOnPort(port)) {
      take(last.message as readonly Position[]);
    }
    await committer.flush();
    ingest.release();
    await consumer.stop();
    await log.close();
    port.close();
  };
  takeOrders(async (order) => {
    if (order.do === "pause") return ingest.pause();
    if (order.do === "hold") return ingest.hold();
    if (order.do === "resume") return ingest.resume();
    if (order.do === "listen") return listen(order.port);
    if (order.do === "stop") return stop();
    return ingest.rewind(order.ring, new MessageRingReader(inputs[order.ring]));
  });
  say({ is: "ready" });
} catch (error) {
  sayFailed(error);
}
