// The sniffer's numbers in Prometheus' form: the original's counters by its conventions, averages and
// threshold, what each stage took in and passed on, and histograms of latencies and sojourn times.
import { Counter, Gauge, type Metric, type Registry } from "prom-client";

import type { LaneDiagnostics } from "../handoff/handoff-diagnostics.ts";
import type { OriginalCounters } from "../handoff/original-counters.ts";
import { type LatencyBuckets, latencyEndsUs } from "../metrics/latency-buckets.ts";
import { histogramKeys, histograms } from "../metrics/table.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SnifferStatus } from "./sniffer-status.ts";

type Names = readonly (readonly [key: keyof OriginalCounters, name: string, help: string])[];

const originals: Names = [
  ["tx_seen", "weir_sniffer_tx_seen_total", "Transactions taken in"],
  ["tx_filtered", "weir_sniffer_tx_filtered_total", "Transactions refused by the prefilter"],
  ["candidates_sent", "weir_sniffer_candidates_sent_total", "Candidates handed off"],
  ["dropped_full_buffer", "weir_sniffer_dropped_full_buffer_total", "Dropped for want of room"],
  ["security_drop_count", "weir_sniffer_security_drops_total", "Refused by the secure stage"],
  [
    "backpressure_events",
    "weir_sniffer_backpressure_events_total",
    "Sends that the receiver refused or let wait",
  ],
  ["reconnect_count", "weir_sniffer_reconnects_total", "Times that the source was joined again"],
  ["high_priority_sent", "weir_sniffer_high_priority_sent_total", "HIGH candidates handed off"],
  ["low_priority_sent", "weir_sniffer_low_priority_sent_total", "LOW candidates handed off"],
  [
    "high_priority_dropped",
    "weir_sniffer_high_priority_dropped_total",
    "HIGH candidates dropped; what comes again after a restart is not",
  ],
  [
    "mint_extract_errors",
    "weir_sniffer_mint_extract_errors_total",
    "Transactions of which no mint is known",
  ],
  [
    "account_extract_errors",
    "weir_sniffer_account_extract_errors_total",
    "Refused, as instructions cannot be walked",
  ],
];

/** Registers all; `now` is what they show when the page is rendered. */
export const registerSniffer = (registry: Registry, now: () => Snapshot): void => {
  const registers = [registry];
  const sniffer = (): SnifferStatus => now().sniffer;
  for (const [key, name, help] of originals) {
    const counter = new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        counter.inc(sniffer().counters[key]);
      },
    });
  }
  registerGauges(registry, sniffer);
  registerStages(registry, sniffer);
  registerHistograms(registry, now);
};

const registerGauges = (registry: Registry, sniffer: () => SnifferStatus): void => {
  const gauges: readonly (readonly [string, string, (status: SnifferStatus) => number])[] = [
    [
      "weir_sniffer_stream_buffer_depth",
      "Candidates queued",
      (s) => s.counters.stream_buffer_depth,
    ],
    ["weir_sniffer_short_ema_lamports", "Short average of volumes", (s) => s.priority.shortEma],
    ["weir_sniffer_long_ema_lamports", "Long average of volumes", (s) => s.priority.longEma],
    ["weir_sniffer_acceleration", "Short by long average", (s) => s.priority.acceleration],
    ["weir_sniffer_threshold", "HIGH is above long average x this", (s) => s.priority.threshold],
  ];
  for (const [name, help, read] of gauges) {
    const gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        gauge.set(read(sniffer()));
      },
    });
  }
};

const registerStages = (registry: Registry, sniffer: () => SnifferStatus): void => {
  const counter = new Counter({
    name: "weir_sniffer_stage_transactions_total",
    help: "Transactions of each stage by what became of them",
    labelNames: ["stage", "outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [stage, counts] of Object.entries(sniffer().stages)) {
        counter.inc({ stage, outcome: "received" }, counts.received);
        counter.inc({ stage, outcome: "passed" }, counts.passed);
        counter.inc({ stage, outcome: "rejected" }, sum(counts.rejected));
        counter.inc({ stage, outcome: "dropped" }, sum(counts.dropped));
      }
    },
  });
  const dropped = new Counter({
    name: "weir_handoff_dropped_total",
    help: "Candidates dropped by the handoff",
    labelNames: ["priority", "reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [priority, lane] of lanes(sniffer())) {
        for (const [reason, count] of Object.entries(lane.dropped)) {
          dropped.inc({ priority, reason }, count);
        }
      }
    },
  });
};

const registerHistograms = (registry: Registry, now: () => Snapshot): void => {
  const ends = latencyEndsUs;
  addHistogram(registry, "weir_sniffer_stage_latency_seconds", {
    help: "From receipt of a transaction to the turn of work that handled it",
    read: () =>
      Object.entries(now().sniffer.stages).map(([stage, { latencyBuckets }]) => ({
        labels: { stage },
        ends,
        values: latencyBuckets,
      })),
  });
  addHistogram(registry, "weir_sojourn_seconds", {
    help: "Time in rings, and whole ways",
    read: () =>
      histogramKeys.map((key) => ({
        labels: { way: histograms[key].ring },
        ends,
        values: now().latencyBuckets[key],
      })),
  });
  addHistogram(registry, "weir_handoff_sojourn_seconds", {
    help: "From queueing of a candidate to the send that took it",
    read: () => lanes(now().sniffer).map(([priority, lane]) => sojournOf(priority, lane)),
  });
};

const lanes = ({ handoff }: SnifferStatus) =>
  [
    ["HIGH", handoff.high],
    ["LOW", handoff.low],
  ] as const;

// The handoff's buckets are half-open; a bucket of whole microseconds below 10 ends at 9.
const sojournEndsUs = [9, 99, 999];

const sojournOf = (priority: string, lane: LaneDiagnostics): Family => {
  let below = 0;
  const upTo = sojournEndsUs.map((_, i) => (below += lane.sojourn[i] ?? 0));
  const sumUs = (lane.meanSojournUs ?? 0) * lane.sent;
  return { labels: { priority }, ends: sojournEndsUs, values: { upTo, count: lane.sent, sumUs } };
};

type Family = {
  readonly labels: { readonly [label: string]: string };
  readonly ends: readonly number[];
  readonly values: LatencyBuckets;
};

type HistogramSource = { readonly help: string; readonly read: () => readonly Family[] };

// prom-client's own histogram takes observations only; a registry asks a metric for no more than this.
const addHistogram = (registry: Registry, name: string, source: HistogramSource): void => {
  const { help, read } = source;
  const get = async () => ({
    name,
    help,
    type: "histogram",
    aggregator: "sum",
    values: read().flatMap((family) => valuesOf(name, family)),
  });
  registry.registerMetric({ name, help, type: "histogram", get } as unknown as Metric);
};

const valuesOf = (name: string, { labels, ends, values }: Family) => {
  const { upTo, count, sumUs } = values;
  const bucket = (le: number | "+Inf", value: number) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  });
  return [
    ...ends.map((end, i) => bucket(end / 1e6, upTo[i] ?? 0)),
    bucket("+Inf", count),
    { metricName: `${name}_sum`, labels, value: sumUs / 1e6 },
    { metricName: `${name}_count`, labels, value: count },
  ];
};

const sum = (counts: { readonly [name: string]: number }): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);
