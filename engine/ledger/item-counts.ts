// How many items of each partition the engine finished, and refused of them, each counted once,
// however often its record is read: a stage that is restarted reads records again, and the ledger
// must not see them twice. The position and the counts change together, by one store, so that a
// thread may be killed between any two instructions. Not the metrics of a stage, which count work,
// repeats included.
//
// Per partition, in whole cache lines, written by the thread that handles the partition:
//   0  i32   which of the two entries holds: 0 or 1
//   8  f64s  entry 0: offset of the next record to count, own items, foreign items, and for each
//            reason (event-layout.ts) own items that were refused or dropped for it
//      f64s  entry 1, the same
import { reasonNames } from "../events/event-layout.ts";
import type { ConsumedTopic } from "./positions.ts";
import { consumedTopics, topicPartitions } from "./positions.ts";

const reasons = reasonNames.length;
const refusedAt = 3;
const entryWords = refusedAt + reasons;
const entryAt = [1, 1 + entryWords] as const;
const partitionBytes = Math.ceil(((1 + 2 * entryWords) * 8) / 64) * 64;

export const createItemCountsMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(topicPartitions.length * partitionBytes);

/** Items by whose they are: of the run's own edge, or of another run or client. */
export type ItemTotals = { readonly own: number; readonly foreign: number };

/** A log record that is through. */
export type FinishedRecord = {
  readonly id: number;
  readonly offset: number;
  readonly items: number;
  readonly ownRun: boolean;
  /** Of the items, those refused or dropped, by reason; read during the call only. */
  readonly refused: Uint32Array;
};

/** For records of which nothing is refused. */
export const noneRefused: Uint32Array = new Uint32Array(reasons);

export class ItemCounts {
  readonly #selectors: Int32Array;
  readonly #numbers: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#selectors = new Int32Array(memory);
    this.#numbers = new Float64Array(memory);
  }

  /**
   * Counts the items of a record. False, and nothing is counted, for a record that was counted
   * before. The partition's thread only, offsets ascending but for repeats.
   */
  add({ id, offset, items, ownRun, refused }: FinishedRecord): boolean {
    const selectorAt = (id * partitionBytes) / 4;
    const held = Atomics.load(this.#selectors, selectorAt) & 1;
    const base = (id * partitionBytes) / 8;
    const from = base + entryAt[held as 0 | 1];
    const numbers = this.#numbers;
    if (offset < (numbers[from] ?? 0)) return false;
    const to = base + entryAt[held === 0 ? 1 : 0];
    numbers[to] = offset + 1;
    numbers[to + 1] = (numbers[from + 1] ?? 0) + (ownRun ? items : 0);
    numbers[to + 2] = (numbers[from + 2] ?? 0) + (ownRun ? 0 : items);
    for (let why = 0; why < reasons; why += 1) {
      const before = numbers[from + refusedAt + why] ?? 0;
      numbers[to + refusedAt + why] = before + (ownRun ? (refused[why] ?? 0) : 0);
    }
    Atomics.store(this.#selectors, selectorAt, held ^ 1);
    return true;
  }

  /** The partition was made anew: its next record is the one at `offset`. Its thread only. */
  restart(id: number, offset: number): void {
    const selectorAt = (id * partitionBytes) / 4;
    const from = this.#entryAt(id);
    const held = Atomics.load(this.#selectors, selectorAt) & 1;
    const to = (id * partitionBytes) / 8 + entryAt[held === 0 ? 1 : 0];
    this.#numbers.copyWithin(to, from, from + entryWords);
    this.#numbers[to] = offset;
    Atomics.store(this.#selectors, selectorAt, held ^ 1);
  }

  /** Totals of each topic. Any thread. */
  totals(): { readonly [topic in ConsumedTopic]: ItemTotals } {
    const sums = Object.fromEntries(
      consumedTopics.map((topic) => [topic, { own: 0, foreign: 0 }]),
    ) as { [topic in ConsumedTopic]: { own: number; foreign: number } };
    for (const [id, { topic }] of topicPartitions.entries()) {
      const at = this.#entryAt(id);
      sums[topic].own += this.#numbers[at + 1] ?? 0;
      sums[topic].foreign += this.#numbers[at + 2] ?? 0;
    }
    return sums;
  }

  /** Own items of all topics that were refused or dropped, by reason. Any thread. */
  refused(): readonly number[] {
    const sums = reasonNames.map(() => 0);
    for (const id of topicPartitions.keys()) {
      const at = this.#entryAt(id) + refusedAt;
      for (let why = 0; why < reasons; why += 1)
        sums[why] = (sums[why] ?? 0) + (this.#numbers[at + why] ?? 0);
    }
    return sums;
  }

  /** Where the entry of a partition that holds begins. */
  #entryAt(id: number): number {
    const held = Atomics.load(this.#selectors, (id * partitionBytes) / 4) & 1;
    return (id * partitionBytes) / 8 + entryAt[held === 0 ? 0 : 1];
  }
}
