// The market threads' end of the table cache: never waits, allocates nothing, writes nothing. A table
// that is being replaced while it is read is one that is not known.
import { copyKey, isSameKey } from "../../schemas/market/key-words.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";
import { cacheAt, setOf, setSlots, slotAt, slotBytes } from "./table-cache-layout.ts";

/** One object for each reading thread. */
export class TableCacheReader {
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #sets: number;
  readonly #fence = new Int32Array(1);
  /** Of the slot that `find` returned last. */
  #version = 0;

  /** @throws RangeError for memory that createTableCache did not make. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#sets = this.#words[cacheAt.sets >> 2] ?? 0;
    const bytes = cacheAt.slots + this.#sets * setSlots * slotBytes;
    if (this.#sets < 1 || bytes !== memory.byteLength) throw new RangeError("no table cache");
  }

  /** Grows, and wraps, with each answer of the node. */
  changes(): number {
    return Atomics.load(this.#words, cacheAt.changes >> 2);
  }

  /** The table whose name stands at `at` of `view`, for the calls below; -1: not known. */
  find(view: DataView, at: number): number {
    let slot = cacheAt.slots + setOf(view, at, this.#sets) * setSlots * slotBytes;
    for (let i = 0; i < setSlots; i += 1, slot += slotBytes) {
      const version = Atomics.load(this.#words, (slot + slotAt.version) >> 2);
      if (version === 0 || (version & 1) !== 0) continue;
      if (!isSameKey(this.#view, slot + slotAt.name, view, at)) continue;
      this.#version = version;
      return slot;
    }
    return -1;
  }

  /** Addresses of the table that `find` returned. */
  countOf(table: number): number {
    return Atomics.load(this.#words, (table + slotAt.count) >> 2);
  }

  /** When the node was asked for it last, monotonic us. */
  checkedUs(table: number): number {
    return this.#view.getFloat64(table + slotAt.checked, true);
  }

  /** Copies address `entry` of the table that `find` returned last; false: it is not known. */
  copyKey(table: number, entry: number, to: DataView, toAt: number): boolean {
    if (entry >= this.countOf(table)) return false;
    copyKey(this.#view, table + slotAt.keys + entry * keyBytes, to, toAt);
    // Any store and then a load: the plain loads of the copy are done before the next load.
    Atomics.store(this.#fence, 0, 0);
    return Atomics.load(this.#words, (table + slotAt.version) >> 2) === this.#version;
  }
}
