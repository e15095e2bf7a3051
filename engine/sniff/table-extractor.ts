// Extracts a transaction again with what is known of its lookup tables: a copy of the wire bytes with
// the keys of loaded accounts behind it, so that the matches are those of a transaction that had all
// its keys itself. Order of loaded accounts at run time: all writable ones in table order, then all
// readonly ones.
import { TransactionView, accountLoaded } from "../../schemas/market/transaction.ts";
import {
  accountsMax,
  keyBytes,
  lookupField,
  transactionBytesMax,
  transactionCode,
} from "../../schemas/market/transaction-layout.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import { Extractor } from "./extractor.ts";
import type { PrefilterOptions } from "./prefilter.ts";
import { verdict } from "./verdict.ts";

/** Where keys of lookup tables come from. */
export type AccountTables = {
  /** The table whose name stands at `at`, for `copyKey`; negative: not known. */
  find(view: DataView, at: number): number;
  /** Copies address `entry` of the table that `find` returned last; false: not known. */
  copyKey(table: number, entry: number, to: DataView, toAt: number): boolean;
};

/** Runs on one thread; allocates nothing after construction. */
export class TableExtractor {
  /** The copy, which the matches' offsets count in. */
  readonly view = new DataView(new ArrayBuffer(transactionBytesMax + accountsMax * keyBytes));
  readonly extractor: Extractor;
  /** Of the copy. */
  readonly transaction = new TransactionView();
  readonly #target = new CopyTarget(this.view);
  readonly #tables: AccountTables;

  constructor(tables: AccountTables, options: PrefilterOptions) {
    this.#tables = tables;
    this.extractor = new Extractor(options);
  }

  /**
   * Extracts [start, end) of `from`; the matches are in `extractor.table`. False, and no matches, for
   * what is malformed or refers to no lookup table.
   */
  extract(from: DataView, start: number, end: number): boolean {
    const { view, transaction, extractor } = this;
    const bytes = end - start;
    if (bytes > transactionBytesMax) return false;
    this.#target.copy(from, start, bytes, 0);
    if (transaction.parse(view, 0, bytes) !== transactionCode.ok) return false;
    if (transaction.lookupCount === 0) return false;
    const { writableAt, writableCount, readonlyAt, readonlyCount } = lookupField;
    const next = this.#load(writableAt, writableCount, 0);
    this.#load(readonlyAt, readonlyCount, next);
    return extractor.extract(view, 0, bytes) <= verdict.needsResolve;
  }

  // Loads one kind of account of all tables; returns the index behind the last.
  #load(atField: number, countField: number, first: number): number {
    const { view, transaction } = this;
    const { loaded } = this.extractor.table;
    const tables = this.#tables;
    let index = first;
    for (let i = 0; i < transaction.lookupCount; i += 1) {
      const count = transaction.lookup(i, countField);
      const entriesAt = transaction.lookup(i, atField);
      const table =
        count === 0 ? -1 : tables.find(view, transaction.lookup(i, lookupField.tableAt));
      for (let entry = 0; entry < count; entry += 1, index += 1) {
        const keyAt = transactionBytesMax + index * keyBytes;
        const isKnown =
          table >= 0 && tables.copyKey(table, view.getUint8(entriesAt + entry), view, keyAt);
        loaded[index] = isKnown ? keyAt : accountLoaded;
      }
    }
    return index;
  }
}
