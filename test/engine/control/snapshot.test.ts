import { describe, expect, it } from "vitest";

import { resetBookMemory } from "../../../engine/book/book-layout.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { prometheusPage } from "../../../engine/control/prometheus.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { reason } from "../../../engine/events/event-layout.ts";
import { HandoffCells } from "../../../engine/handoff/handoff-diagnostics.ts";
import { Lanes } from "../../../engine/host/lanes.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { MetricCells } from "../../../engine/metrics/cells.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";
import { type HistogramKey, histogramKeys, histograms } from "../../../engine/metrics/table.ts";
import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { venueCodes } from "../../../schemas/market/venues.ts";

/** Three threads of each role, of which the first is quick, the others slow. */
const threads = () => {
  const memory = createEngineMemory();
  const lanes = new Lanes(memory);
  lanes.resize("market", 3);
  lanes.resize("stream", 3);
  const record = (key: HistogramKey, lane: number, value: number): void => {
    const role = key === "ingestMarket" || key === "marketEgress" ? "market" : "stream";
    const at = lanes.active(role)[lane]?.memory ?? memory;
    new MetricCells(at.metrics).histogram(key).recordMany(value, 10);
  };
  for (const key of histogramKeys) {
    for (const [lane, value] of [5, 50, 100].entries()) record(key, lane, value);
  }
  return { memory, lanes };
};

describe("a snapshot", () => {
  it("has percentiles of all threads of a role, not of the first alone", () => {
    const { memory, lanes } = threads();
    const { latencyUs, latencyBuckets } = takeSnapshot(memory, lanes.all);
    for (const key of histogramKeys) {
      expect(latencyUs[key]).toEqual({ count: 30, p50: 50, p99: 100, max: 100 });
      expect(latencyBuckets[key].count).toBe(30);
      expect(latencyBuckets[key].upTo.slice(0, 4)).toEqual([0, 10, 20, 30]);
    }
    // Threads that were given up are not forgotten.
    lanes.resize("market", 1);
    expect(takeSnapshot(memory, lanes.all).latencyUs.ingestMarket.count).toBe(30);
    expect(takeSnapshot(memory).latencyUs.ingestMarket.p99).toBe(5);
  });

  it("recommends by the names of the configuration", () => {
    const memory = createEngineMemory();
    const cells = new HandoffCells(memory.sniff.handoff);
    const advice = (): string | null => takeSnapshot(memory).sniffer.handoff.recommendation;
    expect(advice()).toBeNull();
    cells.offered(0);
    cells.sent(0, 2000);
    cells.policy("drop-newest", 2000, 1);
    expect(advice()).toContain("sniffer.batch_timeout_ms or sniffer.batch_size");
    cells.dropped(0, reason.full);
    expect(advice()).toContain(
      "raise sniffer.channel_capacity or sniffer.batch_size, or raise sniffer.initial_threshold",
    );
    cells.dropped(1, reason.full);
    expect(advice()).toContain("sniffer.channel_capacity");
    cells.dropped(1, reason.retries);
    expect(advice()).toContain("sniffer.send_max_retries");
  });

  it("gives /metrics the same percentiles", async () => {
    const { memory, lanes } = threads();
    const page = prometheusPage(() => takeSnapshot(memory, lanes.all), new StageMetricsSet());
    const text = await page.render();
    for (const key of histogramKeys) {
      const way = histograms[key].ring;
      expect(text).toContain(`weir_latency_seconds{way="${way}",quantile="0.5"} 0.00005\n`);
      expect(text).toContain(`weir_latency_seconds{way="${way}",quantile="0.99"} 0.0001\n`);
      expect(text).toContain(`weir_sojourn_seconds_count{way="${way}"} 30\n`);
    }
  });

  it("gives /metrics the room of rings, those of further threads too, and the levels of books", async () => {
    const { memory, lanes } = threads();
    const further = lanes.active("market")[1]?.memory.books ?? memory.books;
    const message = new DepthMessage();
    message.kind = depthKind.snapshot;
    message.venue = venueCodes.kraken;
    message.symbol = "BTC/USD";
    message.addBid(99, 1);
    message.addBid(7, 1);
    message.addAsk(101, 1);
    const item = depthItemOf(message);
    if (typeof item === "number") throw new Error(`no depth item: ${item}`);
    new MarketBooks({ memory: further }).apply(new DataView(item.buffer), 0, item.length);
    const page = prometheusPage(() => takeSnapshot(memory, lanes.all), new StageMetricsSet());
    const text = await page.render();
    const { capacityBytes } = takeSnapshot(memory).rings.ingestMarket;
    expect(text).toContain(`weir_ring_capacity_bytes{ring="ingestMarket"} ${capacityBytes}\n`);
    expect(text).toContain(`weir_ring_capacity_bytes{ring="market-2 input"} ${capacityBytes}\n`);
    expect(text).toContain('weir_book_levels{venue="kraken",symbol="BTC/USD",side="bid"} 2\n');
    expect(text).toContain('weir_book_levels{venue="kraken",symbol="BTC/USD",side="ask"} 1\n');
    // Its thread is replaced: who follows the symbol next tells of it.
    resetBookMemory(further);
    expect(await page.render()).not.toContain("BTC/USD");
  });
});
