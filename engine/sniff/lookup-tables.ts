// A cache of address lookup tables, so that accounts behind them can be named: filled from outside
// (an account subscription, an RPC call), asked by the extract stage. Flat and bounded: when it is
// full, the table that was set first makes room.
//
// Order of loaded accounts at run time: all writable ones in table order, then all readonly ones.
import { copyKey, hashOfKey, isSameKey } from "../../schemas/market/key-words.ts";
import type { TransactionView } from "../../schemas/market/transaction.ts";
import { keyBytes, lookupField } from "../../schemas/market/transaction-layout.ts";

/** Tables kept by default. */
const lookupTablesMax = 1024;
/** Addresses of one table: an index is one byte. */
const tableKeysMax = 256;

const empty = -1;

/** One thread. `keyAt` allocates nothing. */
export class LookupTables {
  /** All addresses: what `keyAt` returns is an offset in this view. */
  readonly keys: DataView;
  /** Tables, or addresses of them, that were asked for and are not here. */
  missing = 0;
  readonly #tablesMax: number;
  readonly #names: DataView;
  readonly #counts: Int32Array;
  readonly #index: Int32Array;
  readonly #shift: number;
  #used = 0;
  #next = 0;

  /** @throws RangeError when `tablesMax` is not 1 to 65,536. */
  constructor(tablesMax = lookupTablesMax) {
    if (!Number.isInteger(tablesMax) || tablesMax < 1 || tablesMax > 65_536) {
      throw new RangeError(`tablesMax=${tablesMax}, limits 1 to 65536`);
    }
    const bits = Math.ceil(Math.log2(tablesMax)) + 1;
    this.#tablesMax = tablesMax;
    this.#names = new DataView(new ArrayBuffer(tablesMax * keyBytes));
    this.#counts = new Int32Array(tablesMax);
    this.#index = new Int32Array(2 ** bits).fill(empty);
    this.#shift = 32 - bits;
    this.keys = new DataView(new ArrayBuffer(tablesMax * tableKeysMax * keyBytes));
  }

  /**
   * Sets the addresses of a table; again when it grew.
   * @throws RangeError unless `name` has 32 bytes and `keys` 32 for each of at most 256 addresses.
   */
  set(name: Uint8Array, keys: Uint8Array): void {
    const count = keys.length / keyBytes;
    if (name.length !== keyBytes || !Number.isInteger(count) || count > tableKeysMax) {
      throw new RangeError(`lookup table: name of ${name.length} bytes, ${count} addresses`);
    }
    const view = new DataView(name.buffer, name.byteOffset, keyBytes);
    let table = this.#find(view, 0);
    if (table < 0) table = this.#take(name);
    this.#counts[table] = count;
    new Uint8Array(this.keys.buffer, table * tableKeysMax * keyBytes).set(keys);
  }

  /**
   * Offset in `keys` of loaded account `index` (counted behind the static keys) of the transaction
   * parsed from `view`; -1 and counted when its table, or that entry of it, is not known.
   */
  keyAt(view: DataView, transaction: TransactionView, index: number): number {
    const isReadonly = index >= transaction.loadedWritable;
    let rest = isReadonly ? index - transaction.loadedWritable : index;
    const countField = isReadonly ? lookupField.readonlyCount : lookupField.writableCount;
    const atField = isReadonly ? lookupField.readonlyAt : lookupField.writableAt;
    for (let i = 0; i < transaction.lookupCount; i += 1) {
      const count = transaction.lookup(i, countField);
      if (rest < count) {
        const entry = view.getUint8(transaction.lookup(i, atField) + rest);
        const table = this.#find(view, transaction.lookup(i, lookupField.tableAt));
        if (table < 0 || entry >= (this.#counts[table] as number)) break;
        return (table * tableKeysMax + entry) * keyBytes;
      }
      rest -= count;
    }
    this.missing += 1;
    return -1;
  }

  /** The table whose name stands at `at` of `view`, for `copyKey`; negative and counted: not known. */
  find(view: DataView, at: number): number {
    const table = this.#find(view, at);
    if (table < 0) this.missing += 1;
    return table;
  }

  /** Copies address `entry` of a table that `find` returned; false and counted: not known. */
  copyKey(table: number, entry: number, to: DataView, toAt: number): boolean {
    if (entry >= (this.#counts[table] as number)) {
      this.missing += 1;
      return false;
    }
    copyKey(this.keys, (table * tableKeysMax + entry) * keyBytes, to, toAt);
    return true;
  }

  #find(view: DataView, at: number): number {
    const mask = this.#index.length - 1;
    let slot = this.#slotOf(view, at);
    for (;;) {
      const table = this.#index[slot] as number;
      // At most half of the slots are taken: an empty one ends every probe.
      if (table === empty || this.#isName(table, view, at)) return table;
      slot = (slot + 1) & mask;
    }
  }

  #take(name: Uint8Array): number {
    const table = this.#next;
    this.#next = (table + 1) % this.#tablesMax;
    this.#used = Math.min(this.#used + 1, this.#tablesMax);
    new Uint8Array(this.#names.buffer).set(name, table * keyBytes);
    this.#index.fill(empty);
    for (let i = 0; i < this.#used; i += 1) this.#enter(i);
    return table;
  }

  #enter(table: number): void {
    const mask = this.#index.length - 1;
    let slot = this.#slotOf(this.#names, table * keyBytes);
    while (this.#index[slot] !== empty) slot = (slot + 1) & mask;
    this.#index[slot] = table;
  }

  #slotOf(view: DataView, at: number): number {
    return hashOfKey(view, at) >>> this.#shift;
  }

  #isName(table: number, view: DataView, at: number): boolean {
    return isSameKey(this.#names, table * keyBytes, view, at);
  }
}
