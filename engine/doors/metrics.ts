// The door `weir/metrics`: a stage's own counters, gauges and histograms. It declares them in a
// table (name, help, unit), its thread writes cells in shared memory (3 ns each), and any other
// thread reads them: as a snapshot, or as a page for Prometheus. The memory describes itself.
export { Histogram, histogramBytes, type HistogramSummary } from "../metrics/histogram.ts";
export {
  type CounterCell,
  createStageMetrics,
  type GaugeCell,
  type HistogramCell,
  type HistogramReading,
  StageMetrics,
  type StageMetricsReading,
  StageMetricsReader,
} from "../metrics/stage-metrics.ts";
export { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
export { type MetricsPage, stageMetricsPage } from "../metrics/stage-metrics-page.ts";
export type { MetricDeclaration, MetricUnit, StageMetricsTable } from "../metrics/stage-table.ts";
