// The ingest thread: the log's consumer, writing into the rings of market and stream.
import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort, workerData } from "node:worker_threads";

import { Committer } from "../consume/committer.ts";
import { Ingest } from "../consume/ingest.ts";
import { InputRings } from "../consume/input-rings.ts";
import type { IngestData } from "../host/thread-data.ts";
import { consumedTopics, Positions } from "../ledger/positions.ts";
import type { Position } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { TraceClaims } from "../trace/trace-claims.ts";
import { isTracingOn } from "../trace/trace-layout.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as IngestData;
const { memory } = data;
const metrics = new MetricCells(memory.metrics);
const positions = new Positions(memory.positions);
const inputs = new InputRings(data.inputs);

startHeartbeat(data);
try {
  const log = await openLog(data.log);
  const ingest = new Ingest({
    rings: {
      market: inputs.writers("market", data.inputs.market),
      stream: inputs.writers("stream", data.inputs.stream),
    },
    positions,
    metrics,
    runId: data.runId,
    traces: isTracingOn(memory.traces) ? new TraceClaims(memory.traces) : null,
    read: (from, recordsMax) => log.read(from, recordsMax),
    onFailed: sayFailed,
    onNote: (message) => say({ is: "note", message }),
  });
  const { group, rejoin } = data;
  const consumer = await log.consume(
    { group, topics: consumedTopics, ...(rejoin !== null && { rejoin }) },
    ingest,
  );
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
    if (order.do !== "rewind") throw new Error(`ingest takes no order ${order.do}`);
    return ingest.rewind(order.role, {
      writers: inputs.writers(order.role, order.inputs),
      standIns: inputs.standIns(order.role, order.dead),
      lanes: order.dead,
    });
  });
  say({ is: "ready" });
} catch (error) {
  sayFailed(error);
}
