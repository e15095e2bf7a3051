// The cells of one stage's own metrics, in shared memory that says itself what is in it: whoever
// has the memory can read it, in any thread, without the code that declared it.
//
//    0  u32  kind, so that other memory is refused
//    4  u32  bytes of the declaration
//    8  ...  declaration: JSON of { thread, table }, padded to a line
//       f64  a cell for each counter, gauge, and sum of a histogram, padded to a line
//       ...  histograms (histogram.ts)
//
// Cells are doubles with one writer, the stage's thread: an aligned 8-byte store does not tear.
import {
  Histogram,
  histogramBytes,
  type HistogramSummary,
  histogramValueMax,
} from "./histogram.ts";
import { checkLabel, checkStageTable, metricKinds, type StageMetricsTable } from "./stage-table.ts";

const memoryKind = 0x574d_5453;
const headerBytes = 8;
const lineBytes = 128;

/** A number that only grows. Owner thread only. */
export class CounterCell {
  readonly #cells: Float64Array;
  readonly #at: number;
  readonly #key: string;

  constructor(cells: Float64Array, at: number, key: string) {
    this.#cells = cells;
    this.#at = at;
    this.#key = key;
  }

  /**
   * `amount` is 0 or more, of the declared unit. Allocates nothing.
   * @throws RangeError for another amount: the counter would fall, or be no number from then on.
   */
  add(amount: number): void {
    if (!(amount >= 0 && amount < Infinity)) refuseAmount(this.#key, amount);
    this.#cells[this.#at] = (this.#cells[this.#at] as number) + amount;
  }
}

// By itself, so that what runs per record stays small.
const refuseAmount = (key: string, amount: number): never => {
  throw new RangeError(`counters.${key}: amount=${amount}, a finite number of 0 or more`);
};

/** A number that is what it was last set to. Owner thread only. */
export class GaugeCell {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  /** Any number of the declared unit; allocates nothing. */
  set(value: number): void {
    this.#cells[this.#at] = value;
  }
}

/** How often which values came, and their sum. Owner thread only. */
export class HistogramCell {
  readonly #histogram: Histogram;
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(histogram: Histogram, cells: Float64Array, at: number) {
    this.#histogram = histogram;
    this.#cells = cells;
    this.#at = at;
  }

  /** Adds one integer of the declared unit, 0 to 2^32 - 1; as `Histogram.record` otherwise. */
  record(value: number): void {
    // One that is no number would make the sum none for ever.
    const above = value > 0 ? value : 0;
    const counted = above < histogramValueMax ? above : histogramValueMax;
    this.#histogram.record(counted);
    this.#cells[this.#at] = (this.#cells[this.#at] as number) + counted;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / lineBytes) * lineBytes;

const keysOf = (table: StageMetricsTable): readonly string[] =>
  metricKinds.flatMap((kind) => Object.keys(table[kind] ?? {}).map((key) => `${kind}.${key}`));

/**
 * Memory for the metrics of one stage on one thread; `thread` tells stages of one name apart:
 * lower-case words joined by hyphens, 48 characters at most.
 * @throws RangeError naming the metric or label, what was found and what is expected.
 */
export const createStageMetrics = (table: StageMetricsTable, thread = ""): SharedArrayBuffer => {
  checkStageTable(table);
  if (thread !== "") checkLabel("thread", thread);
  const text = new TextEncoder().encode(JSON.stringify({ thread, table }));
  const cellsAt = aligned(headerBytes + text.length);
  const histogramsAt = cellsAt + aligned(keysOf(table).length * 8);
  const histograms = Object.keys(table.histograms ?? {}).length;
  const memory = new SharedArrayBuffer(histogramsAt + histograms * histogramBytes);
  const view = new DataView(memory);
  view.setUint32(0, memoryKind, true);
  view.setUint32(4, text.length, true);
  new Uint8Array(memory).set(text, headerBytes);
  return memory;
};

type Layout = {
  readonly thread: string;
  readonly table: StageMetricsTable;
  readonly cells: Float64Array;
  readonly at: (kind: string, key: string) => number;
  readonly histogram: (key: string) => Histogram;
};

const layoutOf = (memory: SharedArrayBuffer): Layout => {
  const view = new DataView(memory);
  if (memory.byteLength < lineBytes || view.getUint32(0, true) !== memoryKind)
    throw new TypeError("memory holds no stage metrics: make it with createStageMetrics");
  const length = view.getUint32(4, true);
  // A decoder does not take shared memory: slice copies.
  const text = new TextDecoder().decode(
    new Uint8Array(memory).slice(headerBytes, headerBytes + length),
  );
  const { thread, table } = JSON.parse(text) as Pick<Layout, "thread" | "table">;
  const keys = keysOf(table);
  const cellsAt = aligned(headerBytes + length);
  const histogramsAt = cellsAt + aligned(keys.length * 8);
  const histograms = Object.keys(table.histograms ?? {});
  return {
    thread,
    table,
    cells: new Float64Array(memory, cellsAt, keys.length),
    at: (kind, key) => {
      const at = keys.indexOf(`${kind}.${key}`);
      if (at >= 0) return at;
      throw new RangeError(`${kind}.${key} is not declared by stage=${table.stage}`);
    },
    histogram: (key) =>
      new Histogram(memory, histogramsAt + histograms.indexOf(key) * histogramBytes),
  };
};

type KeyOf<Table extends StageMetricsTable, Kind extends keyof StageMetricsTable> = string &
  keyof NonNullable<Table[Kind]>;

/**
 * The writing side. `Table` is the type of the declaration, so that only declared keys compile:
 * `new StageMetrics<typeof table>(memory)`. Cells are looked up once, at construction of the stage.
 */
export class StageMetrics<Table extends StageMetricsTable = StageMetricsTable> {
  readonly #layout: Layout;

  /** @throws TypeError for other memory than that of `createStageMetrics`. */
  constructor(memory: SharedArrayBuffer) {
    this.#layout = layoutOf(memory);
  }

  /** @throws RangeError for a key that is not declared, as do the others. */
  counter(key: KeyOf<Table, "counters">): CounterCell {
    return new CounterCell(this.#layout.cells, this.#layout.at("counters", key), key);
  }

  gauge(key: KeyOf<Table, "gauges">): GaugeCell {
    return new GaugeCell(this.#layout.cells, this.#layout.at("gauges", key));
  }

  histogram(key: KeyOf<Table, "histograms">): HistogramCell {
    const at = this.#layout.at("histograms", key);
    return new HistogramCell(this.#layout.histogram(key), this.#layout.cells, at);
  }
}

type Values = { readonly [key: string]: number };

/** A histogram's summary, in its declared unit. */
export type HistogramReading = HistogramSummary & { readonly sum: number };

/** What a stage counted so far, in the declared units. */
export type StageMetricsReading = {
  readonly stage: string;
  /** "" for a stage that is there once. */
  readonly thread: string;
  readonly counters: Values;
  readonly gauges: Values;
  readonly histograms: { readonly [key: string]: HistogramReading };
};

/** The reading side; any thread, any time; numbers may be a moment apart. */
export class StageMetricsReader {
  readonly table: StageMetricsTable;
  readonly thread: string;
  readonly #layout: Layout;

  /** @throws TypeError for other memory than that of `createStageMetrics`. */
  constructor(memory: SharedArrayBuffer) {
    this.#layout = layoutOf(memory);
    this.table = this.#layout.table;
    this.thread = this.#layout.thread;
  }

  /**
   * The value of a counter or gauge, or the sum of a histogram.
   * @throws RangeError for a key that is not declared, as does `histogram`.
   */
  value(kind: "counters" | "gauges" | "histograms", key: string): number {
    return this.#layout.cells[this.#layout.at(kind, key)] ?? 0;
  }

  histogram(key: string): Histogram {
    this.#layout.at("histograms", key);
    return this.#layout.histogram(key);
  }

  read(): StageMetricsReading {
    const { table, thread } = this;
    const values = (kind: "counters" | "gauges"): Values =>
      Object.fromEntries(Object.keys(table[kind] ?? {}).map((key) => [key, this.value(kind, key)]));
    return {
      stage: table.stage,
      thread,
      counters: values("counters"),
      gauges: values("gauges"),
      histograms: Object.fromEntries(
        Object.keys(table.histograms ?? {}).map((key) => [
          key,
          { ...this.histogram(key).summary(), sum: this.value("histograms", key) },
        ]),
      ),
    };
  }
}
