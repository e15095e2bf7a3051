// A partition that was deleted and made anew while the engine runs: its offsets begin again.
import { expect, it } from "vitest";

import { Ingest } from "../../../engine/consume/ingest.ts";
import { type RecordHandler, RecordStage } from "../../../engine/consume/record-stage.ts";
import { Outbox } from "../../../engine/egress/outbox.ts";
import { createItemCountsMemory, ItemCounts } from "../../../engine/ledger/item-counts.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { MemoryLog } from "../log/memory-log.ts";

const handler: RecordHandler = {
  onAssign: () => undefined,
  onRevoke: () => undefined,
  onRecord: () => 1,
  onTick: () => false,
  commitPoint: (_id, next) => ({ offset: next, metadata: "" }),
};

const place = { topic: "otlp_spans", partition: 0, metadata: "" };

/** Ingest and a stage, called by hand. */
const build = () => {
  const ring = () => createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
  const input = ring();
  const writer = new MessageRingWriter(input);
  const metrics = new MetricCells(createMetricsMemory());
  const positions = new Positions(createPositionsMemory());
  const items = new ItemCounts(createItemCountsMemory());
  const log = new MemoryLog();
  const ingest = new Ingest({
    rings: { market: [writer], stream: [writer] },
    positions,
    metrics,
    runId: "r",
    traces: null,
    read: (from, recordsMax) => log.read(from, recordsMax),
    onNote: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  const stage = new RecordStage({
    name: "stream",
    reader: new MessageRingReader(input),
    outbox: new Outbox({ ring: new MessageRingWriter(ring()), onBlocked: () => undefined }),
    handlers: { otlp_spans: handler },
    positions,
    items,
    onRepeated: () => undefined,
    sojourn: metrics.histogram("ingestStream"),
    nowMs: Date.now,
  });
  /** Records from an offset on, with these sequences of one producer. */
  const deliver = async (offset: number, sequences: readonly number[]): Promise<void> => {
    const records = sequences.map((sequence, i) => {
      const ids = {
        "weir-producer": Buffer.from("p"),
        "weir-sequence": Buffer.from(`${sequence}`),
      };
      const value = new Uint8Array(1);
      return { offset: offset + i, timestampMs: 0, key: null, value, headers: ids };
    });
    await ingest.onBatch({ ...place, records, endOffset: offset + sequences.length });
    stage.work();
  };
  return { ingest, items, metrics, deliver };
};

it("has its items and its repeats counted like those of any other", async () => {
  const { ingest, items, metrics, deliver } = build();
  await ingest.onAssigned([{ ...place, offset: 100 }]);
  await deliver(100, [1, 2, 3]);
  await ingest.onAssigned([{ ...place, offset: 0, isAnew: true }]);
  await deliver(0, [4, 4]);
  expect(items.totals().otlp_spans.foreign).toBe(5);
  expect(metrics.read("consumeRepeats")).toBe(1);
  // The same place again is no new one.
  await ingest.onAssigned([{ ...place, offset: 0 }]);
  await deliver(0, [4, 4]);
  expect(items.totals().otlp_spans.foreign).toBe(5);
  expect(metrics.read("consumeRepeats")).toBe(1);
});
