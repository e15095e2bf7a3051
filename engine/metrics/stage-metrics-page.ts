// Stage metrics in Prometheus' text format. prom-client has the format; it gets the values as they
// stand in shared memory instead of increments, through the interface of its own metrics.
import { type Metric, Registry } from "prom-client";

import type { StageMetricsReader } from "./stage-metrics.ts";
import { StageMetricsSet } from "./stage-metrics-set.ts";
import { type MetricDeclaration, type MetricKind, metricKinds, unitForms } from "./stage-table.ts";

/** What an endpoint for Prometheus answers. */
export type MetricsPage = {
  readonly contentType: string;
  readonly render: () => Promise<string>;
};

type Value = {
  readonly metricName?: string;
  readonly labels: { readonly [label: string]: string | number };
  readonly value: number;
};

const types = { counters: "counter", gauges: "gauge", histograms: "histogram" } as const;

/** Ends of Prometheus' buckets: 4^n - 1, at which our finer buckets end too, so counts are exact. */
const bucketEnds: readonly number[] = Array.from({ length: 17 }, (_, n) => 4 ** n - 1);

/** A page of its own for the metrics of some stages. @throws as StageMetricsSet.add does. */
export const stageMetricsPage = (memories: readonly SharedArrayBuffer[]): MetricsPage => {
  const stages = new StageMetricsSet(memories);
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    render: () => stageMetricsText(stages),
  };
};

/** The stages' part of a page; "" without stages. */
export const stageMetricsText = async (stages: StageMetricsSet): Promise<string> => {
  const families = new Map<string, { readonly row: Row; readonly values: Value[] }>();
  for (const row of stages.readers.flatMap(rowsOf)) {
    const family = families.get(row.metric.name) ?? { row, values: [] };
    families.set(row.metric.name, family);
    family.values.push(...valuesOf(row));
  }
  if (families.size === 0) return "";
  const registry = new Registry();
  for (const { row, values } of families.values()) {
    const { name, help } = row.metric;
    const shown = { name, help, type: types[row.kind], aggregator: "sum", values };
    // What a registry asks of a metric; its type is the list of prom-client's own classes.
    registry.registerMetric({ ...shown, get: async () => shown } as unknown as Metric);
  }
  return registry.metrics();
};

/** One metric of one stage. */
type Row = {
  readonly reader: StageMetricsReader;
  readonly kind: MetricKind;
  readonly key: string;
  readonly metric: MetricDeclaration;
};

const rowsOf = (reader: StageMetricsReader): readonly Row[] =>
  metricKinds.flatMap((kind) =>
    Object.entries(reader.table[kind] ?? {}).map(([key, metric]) => ({
      reader,
      kind,
      key,
      metric,
    })),
  );

const valuesOf = ({ reader, kind, key, metric }: Row): readonly Value[] => {
  const { divisor } = unitForms[metric.unit ?? "1"];
  const { thread, table } = reader;
  const labels = { stage: table.stage, ...(thread !== "" && { thread }) };
  const value = reader.value(kind, key) / divisor;
  if (kind !== "histograms") return [{ labels, value }];
  const { name } = metric;
  const bucket = (le: number | "+Inf", count: number): Value => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: count,
  });
  const counts = reader.histogram(key).countsUpTo(bucketEnds);
  // The last end is the largest value that there is, so one pass has the count too.
  const count = counts.at(-1) ?? 0;
  return [
    ...bucketEnds.map((end, i) => bucket(end / divisor, counts[i] ?? 0)),
    bucket("+Inf", count),
    { metricName: `${name}_sum`, labels, value },
    { metricName: `${name}_count`, labels, value: count },
  ];
};
