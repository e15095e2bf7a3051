// The egress thread: outputs of market and stream to the log, acknowledged positions to ingest.
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { Egress } from "../egress/egress.ts";
import { OutputBatch } from "../egress/output-batch.ts";
import type { PortData, ToThread } from "../host/thread-data.ts";
import { Positions } from "../ledger/positions.ts";
import { openLog } from "../log/open-log.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { say, sayFailed } from "./say.ts";

const { memory, log: target, runId, port } = workerData as PortData;
const metrics = new MetricCells(memory.metrics);

try {
  const log = await openLog(target);
  const egress = new Egress({
    sources: [
      {
        reader: new MessageRingReader(memory.marketEgress),
        sojourn: metrics.histogram("marketEgress"),
      },
      {
        reader: new MessageRingReader(memory.streamEgress),
        sojourn: metrics.histogram("streamEgress"),
      },
    ],
    batch: new OutputBatch({ runId, latency: metrics.histogram("edgeToCandidate") }),
    log,
    positions: new Positions(memory.positions),
    metrics,
    onDone: (positions) => port.postMessage(positions),
    sleep,
  });
  parentPort?.on("message", (order: ToThread) => {
    if (order.do === "stop") egress.stop();
  });
  say({ is: "ready" });
  await egress.run();
  await log.close();
  port.close();
  say({ is: "stopped" });
  parentPort?.close();
} catch (error) {
  sayFailed(error);
}
