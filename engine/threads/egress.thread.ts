// The egress thread: outputs of market and stream to the log, acknowledged positions to ingest.
import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";

import { Egress } from "../egress/egress.ts";
import { OutputBatch } from "../egress/output-batch.ts";
import type { PortData } from "../host/thread-data.ts";
import { Positions } from "../ledger/positions.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { startHeartbeat, takeOrders } from "./orders.ts";
import { say, sayFailed } from "./say.ts";

const data = workerData as PortData;
const { memory, port } = data;
const metrics = new MetricCells(memory.metrics);

startHeartbeat(data);
try {
  const log = await openLog(data.log);
  const egress = new Egress({
    sources: (["marketEgress", "streamEgress"] as const).map((ring) => ({
      reader: new MessageRingReader(memory[ring]),
      sojourn: metrics.histogram(ring),
    })),
    batch: new OutputBatch({ runId: data.runId, latency: metrics.histogram("edgeToCandidate") }),
    log,
    positions: new Positions(memory.positions),
    metrics,
    onDone: (positions) => port.postMessage(positions),
    sleep,
  });
  const running = egress.run();
  takeOrders(async (order) => {
    if (order.do === "pause") return egress.pause();
    if (order.do === "resume") return egress.resume();
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
