// The egress thread: outputs of market and stream to the log, acknowledged positions to ingest.
import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";

import type { Source } from "../egress/egress.ts";
import { Egress } from "../egress/egress.ts";
import { OutputBatch } from "../egress/output-batch.ts";
import type { EgressData, Output } from "../host/thread-data.ts";
import { Positions } from "../ledger/positions.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { TraceEgress } from "../trace/trace-egress.ts";
import { isTracingOn } from "../trace/trace-layout.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as EgressData;
const { memory, port } = data;
const metrics = new MetricCells(memory.metrics);

const sojourns = {
  market: metrics.histogram("marketEgress"),
  stream: metrics.histogram("streamEgress"),
};
const sourceOf = ({ role, ring }: Output): Source => ({
  reader: new MessageRingReader(ring),
  sojourn: sojourns[role],
});

startHeartbeat(data);
try {
  const log = await openLog(data.log);
  const egress = new Egress({
    sources: data.outputs.map(sourceOf),
    batch: new OutputBatch({
      runId: data.runId,
      configVersion: () => metrics.read("configVersion"),
      latency: metrics.histogram("edgeToCandidate"),
    }),
    log,
    positions: new Positions(memory.positions),
    metrics,
    traces: isTracingOn(memory.traces) ? new TraceEgress(memory.traces) : null,
    onDone: (positions) => port.postMessage(positions),
    onFault: (message) => say({ is: "note", message: `append failed, tried again: ${message}` }),
    onDropped: (message) =>
      say({
        is: "note",
        message: `outputs are dropped, counted in weir_egress_dropped_total: ${message}`,
      }),
    sleep,
  });
  const running = egress.run();
  let known = data.outputs.length;
  const read = (outputs: readonly Output[]): void => {
    egress.add(outputs.slice(known).map(sourceOf));
    known = Math.max(known, outputs.length);
  };
  takeOrders(async (order) => {
    if (order.do === "pause") return egress.pause();
    if (order.do === "resume") return egress.resume();
    if (order.do === "read") return read(order.outputs);
    if (order.do !== "stop") throw new Error(`egress takes no order ${order.do}`);
    egress.stop();
    await running;
    await log.close();
    port.close();
  });
  say({ is: "ready" });
  await running;
} catch (error) {
  sayFailed(error);
}
