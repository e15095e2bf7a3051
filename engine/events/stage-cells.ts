// What one stage counts, in shared memory: taken in, passed on, refused by reason, dropped by
// reason, and its latencies. One writer, the stage's thread; any thread reads. The conservation law
// is received = passed + rejected + dropped + in flight, at every moment between two calls of work.
import { Histogram, histogramBytes } from "../metrics/histogram.ts";
import type { HistogramSummary } from "../metrics/histogram.ts";
import { type LatencyBuckets, latencyBuckets } from "../metrics/latency-buckets.ts";
import { type Reason, type ReasonName, reasonNames } from "./event-layout.ts";

const receivedCell = 0;
const passedCell = 1;
const rejectedCell = 2;
const droppedCell = rejectedCell + reasonNames.length;
const cells = droppedCell + reasonNames.length;
const histogramAt = cells * 8;
const memoryBytes = histogramAt + histogramBytes;

/** Memory of one stage's numbers. */
export const createStageMemory = (): SharedArrayBuffer => new SharedArrayBuffer(memoryBytes);

const checkMemory = (memory: SharedArrayBuffer): void => {
  if (memory.byteLength !== memoryBytes)
    throw new TypeError("memory holds no stage counts: make it with createStageMemory");
};

type ByReason = { readonly [name in ReasonName]?: number };

/** Reasons that never occurred are absent keys. */
export type StageCounts = {
  readonly received: number;
  readonly passed: number;
  readonly rejected: ByReason;
  readonly dropped: ByReason;
  /** received - passed - rejected - dropped. */
  readonly inFlight: number;
  /** From the receipt of the transaction to the turn of work that handled it here. */
  readonly latencyUs: HistogramSummary;
  readonly latencyBuckets: LatencyBuckets;
};

/** Writer side; one for each stage. */
export class StageCells {
  readonly latency: Histogram;
  readonly #cells: Float64Array;

  /** @throws TypeError for other memory than that of `createStageMemory`. */
  constructor(memory: SharedArrayBuffer) {
    checkMemory(memory);
    this.#cells = new Float64Array(memory, 0, cells);
    this.latency = new Histogram(memory, histogramAt);
  }

  received(): void {
    this.#add(receivedCell);
  }

  passed(): void {
    this.#add(passedCell);
  }

  rejected(why: Reason): void {
    this.#add(rejectedCell + why);
  }

  dropped(why: Reason): void {
    this.#add(droppedCell + why);
  }

  /**
   * Counts what is in flight as dropped: for a thread that takes the place of one that died, before
   * it counts anything itself.
   */
  dropInFlight(why: Reason): void {
    const cells = this.#cells;
    let inFlight = (cells[receivedCell] as number) - (cells[passedCell] as number);
    for (let cell = rejectedCell; cell < cells.length; cell += 1) inFlight -= cells[cell] as number;
    cells[droppedCell + why] = (cells[droppedCell + why] as number) + inFlight;
  }

  /** What was counted so far, for its own thread. */
  passedCount(): number {
    return this.#cells[passedCell] as number;
  }

  rejectedCount(why: Reason): number {
    return this.#cells[rejectedCell + why] as number;
  }

  #add(cell: number): void {
    this.#cells[cell] = (this.#cells[cell] as number) + 1;
  }
}

/**
 * What a stage counted so far, in all threads that have it: one memory for each. Any thread.
 * @throws TypeError for other memory than that of `createStageMemory`.
 */
export const readStageCounts = (...memories: readonly SharedArrayBuffer[]): StageCounts => {
  for (const one of memories) checkMemory(one);
  const memory = memories.length === 1 && memories[0] !== undefined ? memories[0] : sum(memories);
  const values = new Float64Array(memory, 0, cells);
  const received = values[receivedCell] ?? 0;
  const passed = values[passedCell] ?? 0;
  const rejected = byReason(values, rejectedCell);
  const dropped = byReason(values, droppedCell);
  const latency = new Histogram(memory, histogramAt);
  const gone = [...Object.values(rejected), ...Object.values(dropped)];
  return {
    received,
    passed,
    rejected,
    dropped,
    inFlight: gone.reduce((rest, count) => rest - count, received - passed),
    latencyUs: latency.summary(),
    latencyBuckets: latencyBuckets(latency),
  };
};

const sum = (memories: readonly SharedArrayBuffer[]): SharedArrayBuffer => {
  const total = createStageMemory();
  const counts = new Float64Array(total, 0, cells);
  const latency = new Histogram(total, histogramAt);
  for (const memory of memories) {
    for (const [i, count] of new Float64Array(memory, 0, cells).entries()) {
      counts[i] = (counts[i] ?? 0) + count;
    }
    latency.merge(new Histogram(memory, histogramAt));
  }
  return total;
};

const byReason = (values: Float64Array, first: number): ByReason =>
  Object.fromEntries(
    reasonNames
      .map((name, code) => [name, values[first + code] ?? 0] as const)
      .filter(([, count]) => count > 0),
  );
