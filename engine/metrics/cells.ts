// The shared memory behind metrics/table.ts. Cells are doubles, written plainly by their owner and
// read by any thread: an aligned 8-byte store does not tear on the 64-bit machines this runs on,
// and a reading may be a moment old.
import { Histogram, histogramBytes } from "./histogram.ts";
import type { HistogramKey, Metric, MetricKey, Owner } from "./table.ts";
import { histogramKeys, metricKeys, metrics } from "./table.ts";

const cellsPerLine = 16;
const owners: readonly Owner[] = ["ingest", "market", "stream", "egress", "submit", "control"];

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
// Behind the cells, as many: what threads that are gone had counted.
const histogramsAt = 2 * cells * 8;

export const createMetricsMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(histogramsAt + histogramKeys.length * histogramBytes);

/** The cell of a metric, resolved once at construction: `cells.add(cell, n)` is the hot call. */
export const cellOf = (key: MetricKey): number => index.get(key) ?? 0;

export class MetricCells {
  readonly #values: Float64Array;
  readonly #retired: Float64Array;
  readonly #memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#values = new Float64Array(memory, 0, cells);
    this.#retired = new Float64Array(memory, cells * 8, cells);
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
    const cell = cellOf(key);
    return (this.#values[cell] ?? 0) + (this.#retired[cell] ?? 0);
  }

  /**
   * Keeps what the owner's thread counted and lets its successor begin at 0: counters go on,
   * gauges begin anew. Control only, while no such thread lives.
   */
  retire(owner: Owner): void {
    for (const key of metricKeys) {
      const { owner: keyOwner, kind }: Metric = metrics[key];
      if (keyOwner !== owner) continue;
      const cell = cellOf(key);
      if (kind === "counter") this.#retired[cell] = this.read(key);
      this.#values[cell] = 0;
    }
  }

  /** A view of the histogram: its one writer calls record, any thread calls summary. */
  histogram(key: HistogramKey): Histogram {
    return new Histogram(this.#memory, histogramsAt + histogramKeys.indexOf(key) * histogramBytes);
  }
}
