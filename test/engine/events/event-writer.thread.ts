// Writes events whose parts all follow from one number, as fast as it can.
import { workerData } from "node:worker_threads";

import { EventCollector } from "../../../engine/events/event-collector.ts";
import { eventType } from "../../../engine/events/event-layout.ts";

const collector = new EventCollector(workerData as SharedArrayBuffer);
for (let i = 0; i < 300_000; i += 1) {
  collector.stamp(i * 2);
  collector.detail.value = i % 1000;
  collector.record(eventType.bytesReceived, i);
}
