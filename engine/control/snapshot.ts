// What the engine looks like at one moment, read from shared memory: for /status, for the live
// table, for the ledger. Any thread could make one; control does.
import type { TopOfBook } from "../book/top-reader.ts";
import { readTops } from "../book/top-reader.ts";
import { type ReasonName, reasonNames } from "../events/event-layout.ts";
import type { Lane } from "../host/lanes.ts";
import { inputOf, outputOf } from "../host/lanes.ts";
import type { EngineMemory } from "../host/memory.ts";
import { ringNames } from "../host/memory.ts";
import { ItemCounts } from "../ledger/item-counts.ts";
import { Positions, topicPartitions } from "../ledger/positions.ts";
import { MetricCells } from "../metrics/cells.ts";
import { histogramOf, type HistogramSummary } from "../metrics/histogram.ts";
import { type LatencyBuckets, latencyBuckets } from "../metrics/latency-buckets.ts";
import type { HistogramKey, MetricKey } from "../metrics/table.ts";
import { histogramKeys, metricKeys } from "../metrics/table.ts";
import type { RingStats } from "../ring/ring-stats.ts";
import { readRingStats } from "../ring/ring-stats.ts";
import { refusedMetrics } from "../sniff/refused-metrics.ts";
import { readSniffer, type SnifferStatus } from "./sniffer-status.ts";

type PartitionPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly read: number;
  readonly handled: number;
  readonly done: number;
};

type LaneView = {
  readonly worker: string;
  readonly input: RingStats;
  readonly output: RingStats;
};

/** A top of book as JSON can say it. */
type TopView = Omit<TopOfBook, "receiveNs"> & { readonly receiveNs: string };

export type Snapshot = {
  readonly counts: { readonly [key in MetricKey]: number };
  readonly latencyUs: { readonly [key in HistogramKey]: HistogramSummary };
  readonly rings: { readonly [name in (typeof ringNames)[number]]: RingStats };
  readonly positions: readonly PartitionPosition[];
  readonly tops: readonly TopView[];
  readonly latencyBuckets: { readonly [key in HistogramKey]: LatencyBuckets };
  readonly sniffer: SnifferStatus;
  /** Rings of the threads beside the first of their role. */
  readonly lanes: readonly LaneView[];
};

const fromKeys = <K extends string, V>(keys: readonly K[], value: (key: K) => V) =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as { readonly [key in K]: V };

// oxlint-disable-next-line oxc/no-map-spread -- a handful of books, a few times a second
const topView = (top: TopOfBook): TopView => ({ ...top, receiveNs: top.receiveNs.toString() });

const itemCounts = (memory: SharedArrayBuffer): Partial<Snapshot["counts"]> => {
  const items = new ItemCounts(memory);
  // First, so that no more is refused than was handled.
  const refused = items.refused();
  const totals = items.totals();
  const names = Object.entries({ ...refusedMetrics.rejected, ...refusedMetrics.dropped });
  return {
    ...Object.fromEntries(
      names.map(([name, key]) => [key, refused[reasonNames.indexOf(name as ReasonName)] ?? 0]),
    ),
    handledSpans: totals.otlp_spans.own,
    handledMetrics: totals.otlp_metrics.own,
    handledLogs: totals.otlp_logs.own,
    handledTransactions: totals["weir-transactions"].own,
    handledDepth: totals["weir-depth"].own,
    foreignSpans: totals.otlp_spans.foreign,
    foreignMetrics: totals.otlp_metrics.foreign,
    foreignLogs: totals.otlp_logs.foreign,
    foreignTransactions: totals["weir-transactions"].foreign,
    foreignDepth: totals["weir-depth"].foreign,
  };
};

const laneView = (lane: Lane): LaneView => ({
  worker: lane.name,
  input: readRingStats(inputOf(lane)),
  output: readRingStats(outputOf(lane)),
});

/**
 * Torn between the figures by microseconds; each figure is whole. Counts, latencies, books and the
 * sniffer's figures are those of all lanes together; rings those of the engine's own memory. Any thread.
 */
export const takeSnapshot = (memory: EngineMemory, lanes: readonly Lane[] = []): Snapshot => {
  const further = lanes.filter((lane) => lane.memory !== memory);
  const all = [memory, ...further.map((lane) => lane.memory)].map(
    ({ metrics }) => new MetricCells(metrics),
  );
  const count = (key: MetricKey): number => all.reduce((sum, one) => sum + one.read(key), 0);
  const latencies = fromKeys(histogramKeys, (key) =>
    histogramOf(all.map((cells) => cells.histogram(key))),
  );
  const markets = further.filter(({ role }) => role === "market");
  const positions = new Positions(memory.positions);
  return {
    counts: { ...fromKeys(metricKeys, count), ...itemCounts(memory.items) },
    latencyUs: fromKeys(histogramKeys, (key) => latencies[key].summary()),
    rings: fromKeys(ringNames, (name) => readRingStats(memory[name])),
    positions: topicPartitions.map(({ topic, partition }, id) => ({
      topic,
      partition,
      read: positions.get("read", id),
      handled: positions.get("handled", id),
      done: positions.get("done", id),
    })),
    tops: [memory, ...further.map((lane) => lane.memory)]
      .flatMap(({ books }) => readTops(books))
      .map(topView),
    lanes: further.map(laneView),
    latencyBuckets: fromKeys(histogramKeys, (key) => latencyBuckets(latencies[key])),
    sniffer: readSniffer([memory, ...markets.map((lane) => lane.memory)], {
      reconnects: Math.max(0, count("consumeAssignments") - 1),
      waits: count("marketBlocked"),
      unresolved: count("needsResolve"),
    }),
  };
};
