// How many items of each partition the engine finished, each counted once, however often its
// record is read: a stage that is restarted reads records again, and the ledger must not see them
// twice. The position and the counts change together, by one store, so that a thread may be killed
// between any two instructions. Not the metrics of a stage, which count work, repeats included.
//
// Per partition 64 bytes, written by the thread that handles the partition:
//   0   i32  which of the two entries holds: 0 or 1
//   8   3 f64  entry 0: offset of the next record to count, own items, foreign items
//   32  3 f64  entry 1
import type { ConsumedTopic } from "./positions.ts";
import { consumedTopics, topicPartitions } from "./positions.ts";

const partitionBytes = 64;
const entryAt = [1, 4] as const;

export const createItemCountsMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(topicPartitions.length * partitionBytes);

/** Items by whose they are: of the run's own edge, or of another run or client. */
export type ItemTotals = { readonly own: number; readonly foreign: number };

export class ItemCounts {
  readonly #selectors: Int32Array;
  readonly #numbers: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#selectors = new Int32Array(memory);
    this.#numbers = new Float64Array(memory);
  }

  /**
   * Counts the items of the record at `offset`. False, and nothing is counted, for a record that
   * was counted before. The partition's thread only, offsets ascending but for repeats.
   */
  add(id: number, offset: number, items: number, isOwn: boolean): boolean {
    const selectorAt = (id * partitionBytes) / 4;
    const held = Atomics.load(this.#selectors, selectorAt) & 1;
    const base = (id * partitionBytes) / 8;
    const from = base + entryAt[held as 0 | 1];
    const numbers = this.#numbers;
    if (offset < (numbers[from] ?? 0)) return false;
    const to = base + entryAt[held === 0 ? 1 : 0];
    numbers[to] = offset + 1;
    numbers[to + 1] = (numbers[from + 1] ?? 0) + (isOwn ? items : 0);
    numbers[to + 2] = (numbers[from + 2] ?? 0) + (isOwn ? 0 : items);
    Atomics.store(this.#selectors, selectorAt, held ^ 1);
    return true;
  }

  /** Totals of each topic. Any thread. */
  totals(): { readonly [topic in ConsumedTopic]: ItemTotals } {
    const sums = Object.fromEntries(
      consumedTopics.map((topic) => [topic, { own: 0, foreign: 0 }]),
    ) as { [topic in ConsumedTopic]: { own: number; foreign: number } };
    for (const [id, { topic }] of topicPartitions.entries()) {
      const held = Atomics.load(this.#selectors, (id * partitionBytes) / 4) & 1;
      const at = (id * partitionBytes) / 8 + entryAt[held as 0 | 1];
      sums[topic].own += this.#numbers[at + 1] ?? 0;
      sums[topic].foreign += this.#numbers[at + 2] ?? 0;
    }
    return sums;
  }
}
