// The stream thread: telemetry counted in event-time windows. It never returns to the event loop;
// control stops it through shared memory.
import { workerData } from "node:worker_threads";

import type { ThreadData } from "../host/thread-data.ts";
import { TelemetryHandler } from "../stream/telemetry-handler.ts";
import { recordStage } from "./record-stage-of.ts";

const data = workerData as ThreadData;
const { reader, outbox, metrics, build, run } = recordStage(data, {
  name: "stream",
  input: "ingestStream",
  output: "streamEgress",
  blocked: "streamBlocked",
  repeated: "streamRepeated",
});
const telemetry = new TelemetryHandler({
  bytes: reader.bytes,
  outbox,
  metrics,
  windows: data.windows,
});
const stage = build({ otlp_spans: telemetry, otlp_metrics: telemetry, otlp_logs: telemetry });
run(stage);
