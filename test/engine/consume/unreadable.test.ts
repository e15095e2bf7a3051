// Records that the log could not read: their positions pass, they are counted, and told of once.
import { expect, it } from "vitest";

import { Ingest } from "../../../engine/consume/ingest.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { unreadableHeader } from "../../../engine/log/event-log.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";

it("passes records that cannot be read, counts them, and tells of them once a partition", async () => {
  const writer = new MessageRingWriter(
    createMessageRing({ capacityBytes: 1 << 14, policy: "block" }),
  );
  const metrics = new MetricCells(createMetricsMemory());
  const positions = new Positions(createPositionsMemory());
  const notes: string[] = [];
  const ingest = new Ingest({
    rings: { market: [writer], stream: [writer] },
    positions,
    metrics,
    runId: "r",
    traces: null,
    read: async () => [],
    onNote: (message) => notes.push(message),
    onFailed: (error) => {
      throw error;
    },
  });
  const place = { topic: "otlp_spans", partition: 0 };
  await ingest.onAssigned([{ ...place, offset: 5, metadata: "" }]);
  for (const offset of [5, 8]) {
    const empty = { timestampMs: 0, key: null, value: new Uint8Array(0) };
    const headers = { [unreadableHeader]: Buffer.from("it is damaged") };
    await ingest.onBatch({
      ...place,
      records: [
        { ...empty, offset, headers },
        { ...empty, offset: offset + 1, headers },
        { ...empty, offset: offset + 2, headers: {} },
      ],
      endOffset: 11,
    });
  }
  expect(positions.get("read", 0)).toBe(11);
  expect(metrics.read("consumeUnreadable")).toBe(4);
  expect(notes).toEqual([
    "records that cannot be read are passed over and counted: otlp_spans/0 from offset 5 on: it is damaged",
  ]);
});
