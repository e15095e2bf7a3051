import { describe, expect, it } from "vitest";

import { Outbox } from "../../../engine/egress/outbox.ts";
import { topicPartitionId } from "../../../engine/ledger/positions.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { TelemetryHandler } from "../../../engine/stream/telemetry-handler.ts";
import { windowDefaults } from "../../../engine/stream/window-options.ts";
import { type SpanShape, traces } from "./otlp-messages.ts";

const t0 = 1_700_000_000_000;

describe("the telemetry handler", () => {
  it("counts items that are in no window of their own by why: late, ahead of their time, no room", () => {
    const span = (name: string, atMs: number): SpanShape => {
      const ns = BigInt(atMs) * 1_000_000n;
      return { name, startNs: ns, endNs: ns };
    };
    const { sizeMs, latenessMs, futureMsMax } = windowDefaults;
    const spans = [
      ...["a", "b", "c"].map((name) => span(name, t0)),
      ...[1, 2, 3].map((n) => span("a", t0 + futureMsMax + n)),
      span("a", t0 - latenessMs - sizeMs),
    ];
    const request = traces(new Map([["shop", spans]]));
    const metrics = new MetricCells(createMetricsMemory());
    const ring = createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
    const handler = new TelemetryHandler({
      bytes: request,
      outbox: new Outbox({ ring: new MessageRingWriter(ring), onBlocked: () => undefined }),
      metrics,
      windows: { ...windowDefaults, keysMax: 1 },
    });
    const id = topicPartitionId("otlp_spans", 0);
    handler.onAssign(id, 0, "");
    const place = { id, ownRun: true, offset: 0, timestampMs: t0, trace: 0 };
    expect(handler.onRecord({ ...place, start: 0, end: request.length })).toBe(7);
    expect(metrics.read("futureItems")).toBe(3);
    expect(metrics.read("lateItems")).toBe(1);
    expect(metrics.read("overflowItems")).toBe(2);
  });
});
