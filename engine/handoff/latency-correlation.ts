// Whether candidates that look better also leave sooner: the last samples of a handoff, each with how
// long the candidate waited, how sure it is of its priority, and whether it was dropped. The original
// kept as many and never filled them. One cell a sample, so that a reader never sees half of one.

/** Samples kept of one handoff; the oldest is overwritten. */
export const correlationSamplesMax = 1000;

/** Cells of them: how many were written, then the samples in turn. */
export const correlationCells = 1 + correlationSamplesMax;

// A sample is one integer below 2^53: its last bit says whether the candidate was dropped, 20 bits are
// the confidence, 32 the wait.
const confidenceSteps = 2 ** 20 - 1;
const waitUnit = 2 ** 21;
/** Longer waits, above 71 minutes, count as this. */
const waitUsMax = 2 ** 32 - 1;

/** Writer side, on the handoff's thread; `cells` has room for `correlationCells`. */
export class CorrelationCells {
  readonly #cells: Float64Array;
  #next: number;

  constructor(cells: Float64Array) {
    this.#cells = cells;
    this.#next = (cells[0] as number) % correlationSamplesMax;
  }

  /** `confidence` is 0 to 1; what is outside counts as the nearer of them. */
  record(latencyUs: number, confidence: number, isDropped: boolean): void {
    const wait = latencyUs > 0 ? Math.min(Math.floor(latencyUs), waitUsMax) : 0;
    const sure = confidence > 0 ? Math.round(Math.min(confidence, 1) * confidenceSteps) : 0;
    this.#cells[1 + this.#next] = wait * waitUnit + sure * 2 + (isDropped ? 1 : 0);
    this.#next = this.#next + 1 === correlationSamplesMax ? 0 : this.#next + 1;
    this.#cells[0] = (this.#cells[0] as number) + 1;
  }
}

/** One candidate that left: sent, or dropped after that wait. */
export type CorrelationSample = {
  /** Whole microseconds. */
  readonly latencyUs: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly wasDropped: boolean;
};

/** The samples of one handoff's cells, the oldest first. */
export const correlationSamplesOf = (cells: Float64Array): CorrelationSample[] => {
  const written = cells[0] ?? 0;
  const count = Math.min(written, correlationSamplesMax);
  return Array.from({ length: count }, (_, i) => {
    const sample = cells[1 + ((written - count + i) % correlationSamplesMax)] ?? 0;
    const rest = sample % waitUnit;
    return {
      latencyUs: (sample - rest) / waitUnit,
      confidence: Math.floor(rest / 2) / confidenceSteps,
      wasDropped: rest % 2 === 1,
    };
  });
};

/** Pearson's r of latency and confidence, -1 to 1; null where one of them does not vary. */
export const latencyConfidencePearson = (samples: readonly CorrelationSample[]): number | null => {
  const n = samples.length;
  const meanOf = (of: (sample: CorrelationSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / n;
  const meanUs = meanOf(({ latencyUs }) => latencyUs);
  const mean = meanOf(({ confidence }) => confidence);
  let [product, squareUs, square] = [0, 0, 0];
  for (const { latencyUs, confidence } of samples) {
    product += (latencyUs - meanUs) * (confidence - mean);
    squareUs += (latencyUs - meanUs) ** 2;
    square += (confidence - mean) ** 2;
  }
  const scale = Math.sqrt(squareUs * square);
  return scale > 0 ? Math.min(1, Math.max(-1, product / scale)) : null;
};

/** Mean latency of those with at least this confidence, us; null without any. */
export const meanLatencyUs = (
  samples: readonly CorrelationSample[],
  confidenceMin: number,
): number | null => {
  const sure = samples.filter(({ confidence }) => confidence >= confidenceMin);
  return sure.length === 0
    ? null
    : sure.reduce((sum, { latencyUs }) => sum + latencyUs, 0) / sure.length;
};

/** Share that was dropped of those that waited at least so long, 0 to 1; null without any. */
export const dropRate = (
  samples: readonly CorrelationSample[],
  latencyUsMin: number,
): number | null => {
  const slow = samples.filter(({ latencyUs }) => latencyUs >= latencyUsMin);
  return slow.length === 0
    ? null
    : slow.filter(({ wasDropped }) => wasDropped).length / slow.length;
};
