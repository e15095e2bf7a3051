// What volume-priority.ts knows, in shared memory: averages, threshold, and candidates by priority.
// One writer, the extract stage's thread; any thread reads, each figure whole.
import type { VolumePriority } from "./volume-priority.ts";

const at = {
  shortEma: 0,
  longEma: 1,
  acceleration: 2,
  threshold: 3,
  updates: 4,
  high: 5,
  low: 6,
  cells: 7,
} as const;

/** Memory of one sniffer's averages. */
export const createPriorityMemory = (): SharedArrayBuffer => new SharedArrayBuffer(at.cells * 8);

/** Averages are lamports a transaction. */
export type PriorityReading = {
  readonly shortEma: number;
  readonly longEma: number;
  /** Short by long average, 1 before there are any. */
  readonly acceleration: number;
  /** HIGH is a volume above long average x threshold. */
  readonly threshold: number;
  /** Intervals that changed the averages. */
  readonly updates: number;
  /** Transactions given each priority, also by threads that are gone. */
  readonly high: number;
  readonly low: number;
};

export class PriorityCells {
  readonly #cells: Float64Array;
  /** What earlier lives of the thread gave. */
  readonly #highBefore: number;
  readonly #lowBefore: number;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
    this.#highBefore = this.#cells[at.high] as number;
    this.#lowBefore = this.#cells[at.low] as number;
  }

  /** Writer only; once for each turn of work. */
  publish({ averages, high, low }: VolumePriority): void {
    const cells = this.#cells;
    cells[at.shortEma] = averages.shortEma;
    cells[at.longEma] = averages.longEma;
    cells[at.acceleration] = averages.acceleration();
    cells[at.threshold] = averages.threshold;
    cells[at.updates] = averages.updates;
    cells[at.high] = this.#highBefore + high;
    cells[at.low] = this.#lowBefore + low;
  }
}

/** Averages of the first memory, priorities given in all of them. Any thread. */
export const readPriority = (...memories: readonly SharedArrayBuffer[]): PriorityReading => {
  const all = memories.map((memory) => new Float64Array(memory));
  const cell = (index: number): number => all[0]?.[index] ?? 0;
  const total = (index: number): number => all.reduce((sum, cells) => sum + (cells[index] ?? 0), 0);
  return {
    shortEma: cell(at.shortEma),
    longEma: cell(at.longEma),
    acceleration: cell(at.acceleration),
    threshold: cell(at.threshold),
    updates: cell(at.updates),
    high: total(at.high),
    low: total(at.low),
  };
};
