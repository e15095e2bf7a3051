import { expect, test } from "vitest";

import {
  aggregateBytes,
  encodeAggregate,
  writeAggregate,
} from "../../../engine/egress/aggregate-message.ts";
import { Egress } from "../../../engine/egress/egress.ts";
import { Outbox, outputType } from "../../../engine/egress/outbox.ts";
import { OutputBatch } from "../../../engine/egress/output-batch.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { MemoryLog } from "../log/memory-log.ts";

test("why the log takes no outputs is said once, however often it is tried", async () => {
  const log = new MemoryLog();
  log.isAway = true;
  const metrics = new MetricCells(createMetricsMemory());
  const ring = createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
  const outbox = new Outbox({ ring: new MessageRingWriter(ring), onBlocked: () => undefined });
  const message = encodeAggregate("service", { id: "1" });
  const at = outbox.claim(outputType.aggregate, aggregateBytes(message));
  writeAggregate(outbox.bytes, outbox.view, at, message);
  outbox.commit(at);
  outbox.publish();
  const faults: string[] = [];
  const latency = metrics.histogram("edgeToCandidate");
  const egress = new Egress({
    sources: [{ reader: new MessageRingReader(ring), sojourn: metrics.histogram("streamEgress") }],
    batch: new OutputBatch({ runId: "run", configVersion: () => 1, latency }),
    log,
    positions: new Positions(createPositionsMemory()),
    metrics,
    traces: null,
    onDone: () => undefined,
    onFault: (fault) => faults.push(fault),
    sleep: async () => {
      log.isAway = metrics.read("egressFailures") < 3;
    },
  });
  egress.stop();
  await egress.run();
  expect(metrics.read("egressFailures")).toBe(3);
  expect(metrics.read("egressRecords")).toBe(1);
  expect(faults).toEqual(["unreachable: away"]);
});
