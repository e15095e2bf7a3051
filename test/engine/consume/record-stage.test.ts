// The stage's own time: how often it lets handlers do what no record asks for.
import { expect, it } from "vitest";

import { type RecordHandler, RecordStage } from "../../../engine/consume/record-stage.ts";
import { Outbox } from "../../../engine/egress/outbox.ts";
import { createItemCountsMemory, ItemCounts } from "../../../engine/ledger/item-counts.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { Histogram, histogramBytes } from "../../../engine/metrics/histogram.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";

/** A stage whose handler notes its ticks, on a clock that the test sets. */
const ticking = () => {
  const ring = () => createMessageRing({ capacityBytes: 1 << 12, policy: "block" });
  const ticks: number[] = [];
  const handler: RecordHandler = {
    onAssign: () => undefined,
    onRevoke: () => undefined,
    onRecord: () => 1,
    onTick: (nowMs) => {
      ticks.push(nowMs);
      return false;
    },
    commitPoint: (_id, next) => ({ offset: next, metadata: "" }),
  };
  const clock = { nowMs: 1_700_000_000_000 };
  const stage = new RecordStage({
    name: "stream",
    reader: new MessageRingReader(ring()),
    outbox: new Outbox({ ring: new MessageRingWriter(ring()), onBlocked: () => undefined }),
    handlers: { otlp_spans: handler },
    positions: new Positions(createPositionsMemory()),
    items: new ItemCounts(createItemCountsMemory()),
    onRepeated: () => undefined,
    sojourn: new Histogram(new SharedArrayBuffer(histogramBytes)),
    nowMs: () => clock.nowMs,
  });
  stage.start();
  return { stage, clock, ticks };
};

it("lets its handlers tick every 100 ms, also from a clock that was set back on", () => {
  const { stage, clock, ticks } = ticking();
  const run = (ms: number): void => {
    for (let i = 0; i < ms; i += 10) {
      clock.nowMs += 10;
      stage.work();
    }
  };
  run(1_000);
  expect(ticks).toHaveLength(10);
  clock.nowMs -= 3_600_000;
  run(1_000);
  expect(ticks.length).toBeGreaterThanOrEqual(20);
  expect(ticks.at(-1)).toBeGreaterThan(clock.nowMs - 100);
});
