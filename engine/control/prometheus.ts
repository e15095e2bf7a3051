// The engine's metrics in Prometheus' text format: prom-client holds the registry and the format,
// the numbers are read from shared memory when somebody asks.
import { Counter, Gauge, Registry } from "prom-client";

import { type MetricsPage, stageMetricsText } from "../metrics/stage-metrics-page.ts";
import type { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import { metrics, histograms, metricKeys, histogramKeys } from "../metrics/table.ts";
import type { Metric } from "../metrics/table.ts";
import type { WorkerStatus } from "../supervise/worker.ts";
import type { Snapshot } from "./snapshot.ts";
import { registerSniffer } from "./sniffer-metrics.ts";
import { registerWorkers } from "./worker-metrics.ts";

/** The engine's own metrics and those of its workers, then those of its further stages. */
export const prometheusPage = (
  snapshot: () => Snapshot,
  stages: StageMetricsSet,
  workers: () => readonly WorkerStatus[] = () => [],
): MetricsPage => {
  const registry = new Registry();
  let now = snapshot();
  for (const name of new Set(metricKeys.map((key) => metrics[key].name))) {
    registerMetric(registry, name, () => now);
  }
  registerRings(registry, () => now);
  registerGauges(registry, () => now);
  registerSniffer(registry, () => now);
  registerWorkers(registry, workers);
  return {
    contentType: registry.contentType,
    render: async () => {
      now = snapshot();
      return [await registry.metrics(), await stageMetricsText(stages)].join("\n").trimEnd() + "\n";
    },
  };
};

const registerMetric = (registry: Registry, name: string, now: () => Snapshot): void => {
  const keys = metricKeys.filter((key) => metrics[key].name === name);
  const first: Metric | undefined = keys[0] === undefined ? undefined : metrics[keys[0]];
  if (first === undefined) return;
  const options = {
    name,
    help: first.help,
    labelNames: Object.keys(first.labels),
    registers: [registry],
    collect() {
      // The cells count from the start; prom-client only knows increments.
      metric.reset();
      for (const key of keys) metric.inc({ ...metrics[key].labels }, now().counts[key]);
    },
  };
  const metric = first.kind === "gauge" ? new Gauge(options) : new Counter(options);
};

const registerRings = (registry: Registry, now: () => Snapshot): void => {
  const gauges = [
    ["weir_ring_used_bytes", "Bytes waiting in a ring", "usedBytes"],
    ["weir_ring_capacity_bytes", "Bytes that a ring has room for", "capacityBytes"],
  ] as const;
  for (const [name, help, figure] of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ["ring"],
      registers: [registry],
      collect() {
        for (const [ring, stats] of Object.entries(now().rings)) gauge.set({ ring }, stats[figure]);
        for (const { worker, input, output } of now().lanes) {
          gauge.set({ ring: `${worker} input` }, input[figure]);
          gauge.set({ ring: `${worker} output` }, output[figure]);
        }
      },
    });
  }
};

const registerGauges = (registry: Registry, now: () => Snapshot): void => {
  const registers = [registry];
  const levels = new Gauge({
    name: "weir_book_levels",
    help: "Levels of an order book",
    labelNames: ["venue", "symbol", "side"],
    registers,
    collect() {
      // A book may be with another thread since, or nowhere yet.
      this.reset();
      for (const { venue, symbol, bidLevels, askLevels } of now().tops) {
        levels.set({ venue, symbol, side: "bid" }, bidLevels);
        levels.set({ venue, symbol, side: "ask" }, askLevels);
      }
    },
  });
  const latency = new Gauge({
    name: "weir_latency_seconds",
    help: "Sojourn in rings and whole ways, percentiles since the start",
    labelNames: ["way", "quantile"],
    registers,
    collect() {
      for (const key of histogramKeys) {
        const { p50, p99 } = now().latencyUs[key];
        const way = histograms[key].ring;
        if (p50 !== null) latency.set({ way, quantile: "0.5" }, p50 / 1e6);
        if (p99 !== null) latency.set({ way, quantile: "0.99" }, p99 / 1e6);
      }
    },
  });
  const behind = new Gauge({
    name: "weir_stage_position",
    help: "Offset of the next record that a stage has not finished",
    labelNames: ["topic", "partition", "stage"],
    registers,
    collect() {
      for (const { topic, partition, read, handled, done } of now().positions) {
        behind.set({ topic, partition, stage: "read" }, read);
        behind.set({ topic, partition, stage: "handled" }, handled);
        behind.set({ topic, partition, stage: "done" }, done);
      }
    },
  });
};
