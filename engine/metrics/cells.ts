// The shared memory behind metrics/table.ts. Cells are doubles, written plainly by their owner and
// read by any thread: an aligned 8-byte store does not tear on the 64-bit machines this runs on,
// and a reading may be a moment old.
import { Histogram, histogramBytes } from "./histogram.ts";
import type { HistogramKey, MetricKey, Owner } from "./table.ts";
import { histogramKeys, metricKeys, metrics } from "./table.ts";

const cellsPerLine = 16;
const owners: readonly Owner[] = ["ingest", "market", "stream", "egress"];

const layout = (): { index: ReadonlyMap<MetricKey, number>; cells: number } => {
  const index = new Map<MetricKey, number>();
  let next = 0;
  for (const owner of owners) {
    for (const key of metricKeys.filter((name) => metrics[name].owner === owner)) {
      index.set(key, next);
      next += 1;
    }
    next = Math.ceil(next / cellsPerLine) * cellsPerLine;
  }
  return { index, cells: next };
};

const { index, cells } = layout();
const histogramsAt = cells * 8;

export const createMetricsMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(histogramsAt + histogramKeys.length * histogramBytes);

/** The cell of a metric, resolved once at construction: `cells.add(cell, n)` is the hot call. */
export const cellOf = (key: MetricKey): number => index.get(key) ?? 0;

export class MetricCells {
  readonly #values: Float64Array;
  readonly #memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#values = new Float64Array(memory, 0, cells);
  }

  /** Owner thread only. */
  add(cell: number, amount: number): void {
    this.#values[cell] = (this.#values[cell] ?? 0) + amount;
  }

  /** Owner thread only. */
  set(cell: number, value: number): void {
    this.#values[cell] = value;
  }

  /** Any thread. */
  read(key: MetricKey): number {
    return this.#values[cellOf(key)] ?? 0;
  }

  /** A view of the histogram: its one writer calls record, any thread calls summary. */
  histogram(key: HistogramKey): Histogram {
    return new Histogram(this.#memory, histogramsAt + histogramKeys.indexOf(key) * histogramBytes);
  }
}
