// The sniffer as one call: wire bytes in, a verdict code out, matches readable until the next
// transaction. It joins the light extraction (extractor.ts) with the whole parse, whose invariants
// decide in the end. Allocates nothing. It sees outer instructions only; what `meta` adds (inner
// instructions, events, resolved tables) is added by `weir sniff` in rpc-*.ts.
//
// Behind lookup tables: the runtime demands that an instruction's program is a static key, so a
// watched outer instruction is always visible. Its accounts may be loaded ones, unknown here. A
// match whose mint is loaded is unresolved; when all are, the verdict is needs-resolve, and
// otherwise candidate, with the unresolved ones among the matches. Other loaded accounts are absent
// fields. An instruction that lists no mint at all cannot run and is no match.
import { TransactionView } from "../../schemas/market/transaction.ts";
import { transactionCode, type TransactionCode } from "../../schemas/market/transaction-layout.ts";
import { Extractor } from "./extractor.ts";
import type { MatchTable } from "./match-table.ts";
import type { PrefilterOptions } from "./prefilter.ts";
import { verdict, type Verdict } from "./verdict.ts";
import type { WatchList } from "./watch-list.ts";

/** Cells of `Sniffer.counters`: verdict codes first, then these. */
export const snifferCounter = {
  transactions: 7,
  matches: 8,
  unresolvedMatches: 9,
  matchesDropped: 10,
  cells: 11,
} as const;

/** What is watched, and how much of a transaction is checked. */
export type SnifferOptions = PrefilterOptions & {
  /**
   * "all" checks the whole format of every transaction. "watched" checks only those that match,
   * and leaves others at vote or not-watched even when they are malformed further on. For input
   * that was parsed before, as the edge does.
   */
  readonly validate?: "all" | "watched";
};

/** One thread; `inspect` allocates nothing and throws nothing. */
export class Sniffer {
  readonly watch: WatchList;
  /** The transaction last parsed; meaningless after `size` and `malformed`. */
  readonly transaction: TransactionView;
  readonly table: MatchTable;
  /** Why it is malformed: `transactionCode`. */
  code: TransactionCode = transactionCode.ok;
  /** By verdict code and `snifferCounter`; one writer, the thread that calls `inspect`. */
  readonly counters = new Float64Array(snifferCounter.cells);
  readonly #extractor: Extractor;
  readonly #checksAll: boolean;

  /** @throws RangeError for size limits out of order. */
  constructor(options: SnifferOptions) {
    this.watch = options.watch;
    this.transaction = new TransactionView({ v1: options.v1 ?? false });
    this.#extractor = new Extractor(options);
    this.table = this.#extractor.table;
    this.#checksAll = options.validate !== "watched";
  }

  /** Inspects the transaction [start, end) of `view`, which must lie within it. */
  inspect(view: DataView, start: number, end: number): Verdict {
    const code = this.#judge(view, start, end);
    this.#count(code, 1);
    this.#count(snifferCounter.transactions, 1);
    if (code > verdict.needsResolve) return code;
    this.#count(snifferCounter.matches, this.table.count);
    this.#count(snifferCounter.unresolvedMatches, this.#extractor.unresolved);
    this.counters[snifferCounter.matchesDropped] = this.#extractor.matchesDropped;
    return code;
  }

  /** Matches of the transaction last inspected. */
  get matchCount(): number {
    return this.table.count;
  }

  /** One word of match `index`, 0 to `matchCount` - 1; `word` is one of `matchField`. Unchecked. */
  match(index: number, word: number): number {
    return this.table.match(index, word);
  }

  #judge(view: DataView, start: number, end: number): Verdict {
    this.code = transactionCode.ok;
    const found = this.#extractor.extract(view, start, end);
    if (found === verdict.size) return found;
    const isDecided = found === verdict.vote || found === verdict.notWatched;
    if (isDecided && !this.#checksAll) return found;
    const code = this.transaction.parse(view, start, end);
    if (code === transactionCode.ok) return found;
    this.table.count = 0;
    this.code = code;
    if (code === transactionCode.size) return verdict.size;
    return code === transactionCode.duplicateKey ? verdict.duplicateKey : verdict.malformed;
  }

  #count(cell: number, by: number): void {
    this.counters[cell] = (this.counters[cell] as number) + by;
  }
}
