// A log-linear histogram in shared memory: values up to 2^32 - 1, seven significant bits (error
// below 0.8 %), 2 ns to record. One writer; any thread reads. The idea is HdrHistogram's (Gil
// Tene, public domain). Counts are doubles, exact to 2^53: integers of 32 bits would be full in hours.

const linearBits = 7;
const linear = 1 << linearBits;
const half = linear >> 1;
const groups = 32 - linearBits;
// A name of this module's own: an exported one is loaded at each use, as long as all of `record`.
const valueMax = 2 ** 32 - 1;
/** What is larger counts as this. */
export const histogramValueMax = valueMax;
const buckets = linear + groups * half;

/** Bytes that one histogram takes. */
export const histogramBytes = buckets * 8;

const linearMask = linear - 1;
const halfBits = linearBits - 1;

// A value below `linear` is its own bucket: the mask keeps its shift at 0 without a branch.
const bucketOf = (value: number): number => {
  const shift = 32 - linearBits - Math.clz32(value | linearMask);
  return (shift << halfBits) + (value >>> shift);
};

// Stamps of two threads' clocks can differ by a microsecond the wrong way.
const clamped = (value: number): number => {
  const above = value > 0 ? value : 0;
  return above < valueMax ? above : valueMax;
};

// By itself, so that what runs per record stays small.
const refuseTimes = (times: number): never => {
  throw new RangeError(`times=${times}, integers from 0 to ${Number.MAX_SAFE_INTEGER}`);
};

/** The largest value that falls into the bucket. */
const upperOf = (bucket: number): number => {
  if (bucket < linear) return bucket;
  const shift = Math.floor((bucket - linear) / half) + 1;
  const mantissa = ((bucket - linear) % half) + half;
  return (mantissa + 1) * 2 ** shift - 1;
};

/** A histogram in four numbers, in the unit that was recorded. */
export type HistogramSummary = {
  readonly count: number;
  /** Upper ends of the buckets that hold the percentile; null when nothing was recorded. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
};

/** Counts integers by size. One thread records, any thread reads. */
export class Histogram {
  readonly #counts: Float64Array;

  /**
   * `at` is a byte offset, a multiple of 8; `histogramBytes` from there belong to it.
   * @throws RangeError when they do not lie within the memory.
   */
  constructor(memory: SharedArrayBuffer, at = 0) {
    // Without a memory, an array would be made of nothing, and take every value.
    const bytes = memory?.byteLength ?? 0;
    if (!(Number.isInteger(at / 8) && at >= 0 && at + histogramBytes <= bytes))
      throw new RangeError(
        `at=${at}, a multiple of 8 with ${histogramBytes} bytes of the memory's ${bytes} behind it`,
      );
    this.#counts = new Float64Array(memory, at, buckets);
  }

  /**
   * Adds one integer; what is outside [0, 2^32) counts as the nearest end, NaN as 0, a fraction as
   * the integer below. Writer only.
   */
  record(value: number): void {
    const bucket = bucketOf(clamped(value));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /**
   * Adds a value `times` times. Writer only.
   * @throws RangeError for a `times` that is no integer from 0 to 2^53 - 1: the counts would be none
   * from then on.
   */
  recordMany(value: number, times: number): void {
    if (!(Number.isSafeInteger(times) && times >= 0)) refuseTimes(times);
    const bucket = bucketOf(clamped(value));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
  }

  /** Adds all that `other` holds now; a thread may be recording there. Writer only. */
  merge(other: Histogram): void {
    for (const [bucket, count] of other.#counts.entries()) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    }
  }

  /**
   * Upper end of the bucket that holds the share of the values, 0 to 1; null without any.
   * @throws RangeError for another share: 99 % is 0.99.
   */
  percentile(share: number): number | null {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`share=${share}, limits 0 to 1`);
    const count = this.#total();
    return count === 0 ? null : this.#percentile(count, share);
  }

  /** Any thread. */
  summary(): HistogramSummary {
    const count = this.#total();
    if (count === 0) return { count, p50: null, p99: null, max: null };
    return {
      count,
      p50: this.#percentile(count, 0.5),
      p99: this.#percentile(count, 0.99),
      max: this.#percentile(count, 1),
    };
  }

  /** How many values are at or below each end, for ends in rising order. Any thread. */
  countsUpTo(ends: readonly number[]): readonly number[] {
    let count = 0;
    let bucket = 0;
    return ends.map((end) => {
      for (; bucket < buckets && upperOf(bucket) <= end; bucket += 1) {
        count += this.#counts[bucket] ?? 0;
      }
      return count;
    });
  }

  /** All values together, each as the upper end of its bucket. Any thread. */
  sum(): number {
    let sum = 0;
    for (const [bucket, count] of this.#counts.entries()) sum += upperOf(bucket) * count;
    return sum;
  }

  #total(): number {
    let count = 0;
    for (const bucket of this.#counts) count += bucket;
    return count;
  }

  #percentile(count: number, share: number): number {
    const rank = Math.max(1, Math.ceil(count * share));
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return upperOf(bucket);
    }
    return upperOf(buckets - 1);
  }
}

/**
 * One histogram of what several threads have recorded up to now: percentiles of parts do not add up
 * to a percentile of the whole, counts do. Any thread; none of the parts is changed.
 */
export const histogramOf = (parts: readonly Histogram[]): Histogram => {
  const all = new Histogram(new SharedArrayBuffer(histogramBytes));
  for (const part of parts) all.merge(part);
  return all;
};
