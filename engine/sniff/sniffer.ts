// The sniffer as the market thread runs it: wire bytes in, a verdict code out, matches readable
// until the next transaction. Parses instead of searching for substrings; allocates nothing. It
// sees outer instructions only; what `meta` adds (inner instructions, events, resolved tables) is
// added by `weir sniff` in rpc-*.ts.
//
// Behind lookup tables: the runtime demands that an instruction's program is a static key, so a
// watched outer instruction is always visible. Its accounts may be loaded ones, unknown here. A
// match whose mint is loaded is unresolved; when all are, the verdict is needs-resolve, and
// otherwise candidate, with the unresolved ones among the matches. Other loaded accounts are absent
// fields. An instruction that lists no mint at all cannot run and is no match.
import { accountAbsent, accountLoaded, TransactionView } from "../../schemas/market/transaction.ts";
import {
  accountsMax,
  instructionField as field,
  keyBytes,
  transactionBytesMax,
  transactionBytesMaxV1,
  transactionCode,
  type TransactionCode,
} from "../../schemas/market/transaction-layout.ts";
import { verdict, type Verdict } from "./verdict.ts";
import { notWatched, voteProgram, type WatchList } from "./watch-list.ts";

/** Below this nothing is even looked at: a signature alone has as many bytes. */
const transactionBytesMin = 64;

/** Matches kept of one transaction, more than the runtime lets it run; further ones are counted. */
const matchesMax = 64;

const discriminatorBytes = 8;
const u64Bytes = 8;

/** Cells of `Sniffer.counters`: verdict codes first, then these. */
export const snifferCounter = {
  transactions: 7,
  matches: 8,
  unresolvedMatches: 9,
  matchesDropped: 10,
  cells: 11,
} as const;

/** Words of one match in `Sniffer.matches`. Offsets count in the view given to `inspect`. */
export const matchField = {
  rule: 0,
  instruction: 1,
  mintAt: 2,
  quoteMintAt: 3,
  userAt: 4,
  poolAt: 5,
  /** Offset of the argument, or -1 when the instruction has none. */
  baseAt: 6,
  quoteAt: 7,
  words: 8,
} as const;

/** `quoteMintAt` of a match that is priced in SOL; other absences as in transaction.ts. */
export const quoteIsSol = -3;

export type SnifferOptions = {
  readonly watch: WatchList;
  /** Accept v1 transactions too. */
  readonly v1?: boolean;
  /**
   * "all" checks the whole format of every transaction. "watched" looks at the keys first and
   * leaves a transaction without a watched or vote program at that: not-watched even when it is
   * malformed further on. For input that was parsed before, as the edge does.
   */
  readonly validate?: "all" | "watched";
};

export class Sniffer {
  readonly watch: WatchList;
  /** The transaction last inspected; meaningless after `size` and `malformed`. */
  readonly transaction: TransactionView;
  /** Why it is malformed: `transactionCode`. */
  code: TransactionCode = transactionCode.ok;
  matchCount = 0;
  readonly matches = new Int32Array(matchesMax * matchField.words);
  /** By verdict code and `snifferCounter`; one writer, the thread that calls `inspect`. */
  readonly counters = new Float64Array(snifferCounter.cells);
  readonly #bytesMax: number;
  readonly #keysFirst: boolean;
  // Argument places of the rules, flat: objects would be cache misses.
  readonly #places: Int32Array;
  // Static keys that are watched programs, and which; the hits are reset one by one.
  readonly #programOfKey = new Int32Array(accountsMax).fill(notWatched);
  readonly #hits = new Int32Array(accountsMax);

  constructor({ watch, v1 = false, validate = "all" }: SnifferOptions) {
    this.watch = watch;
    this.transaction = new TransactionView({ v1 });
    this.#bytesMax = v1 ? transactionBytesMaxV1 : transactionBytesMax;
    this.#keysFirst = validate === "watched";
    this.#places = flatten(watch);
  }

  /** Inspects the transaction [start, end) of `view`, which must lie within it. */
  inspect(view: DataView, start: number, end: number): Verdict {
    const code = this.#judge(view, start, end);
    this.counters[code] = (this.counters[code] as number) + 1;
    this.#count(snifferCounter.transactions, 1);
    return code;
  }

  /** One word of match `index`: `matchField`. */
  match(index: number, word: number): number {
    return this.matches[index * matchField.words + word] as number;
  }

  #judge(view: DataView, start: number, end: number): Verdict {
    const { transaction } = this;
    this.matchCount = 0;
    this.code = transactionCode.ok;
    const bytes = end - start;
    if (bytes < transactionBytesMin || bytes > this.#bytesMax) return verdict.size;
    if (this.#keysFirst && !this.hasWatchedKey(view, start, end)) return verdict.notWatched;
    const code = transaction.parse(view, start, end);
    if (code !== transactionCode.ok) return this.#refuse(code);
    const { keyCount, keysAt } = transaction;
    const keysEnd = keysAt + keyCount * keyBytes;
    let at = this.watch.firstWatched(view, keysAt, keysEnd);
    if (at < 0) return verdict.notWatched;
    let isVote = false;
    let hits = 0;
    for (; at >= 0; at = this.watch.firstWatched(view, at + keyBytes, keysEnd)) {
      const program = this.watch.programOf(view, at);
      const key = (at - keysAt) / keyBytes;
      this.#programOfKey[key] = program;
      this.#hits[hits] = key;
      hits += 1;
      if (program === voteProgram) isVote = true;
    }
    const outcome = this.#walk(view, isVote);
    for (let i = 0; i < hits; i += 1) this.#programOfKey[this.#hits[i] as number] = notWatched;
    return outcome;
  }

  /**
   * The prefilter by itself: whether one of the static keys of a legacy, v0 or v1 transaction is
   * a watched program or the vote program. True also for bytes whose keys cannot be located, so
   * that the parser names what is wrong.
   */
  hasWatchedKey(view: DataView, start: number, end: number): boolean {
    if (view.getUint8(start) >= 0x80) return true;
    // Envelope, version byte and header; a transaction has no room for 128 keys.
    let at = start + 1 + view.getUint8(start) * 64;
    if (at + 5 > end) return true;
    const version = view.getUint8(at);
    if (version > 0x80) return true;
    if (version === 0x80) at += 1;
    const keyCount = view.getUint8(at + 3);
    at += 4;
    const keysEnd = at + keyCount * keyBytes;
    if (keysEnd > end) return true;
    return this.watch.firstWatched(view, at, keysEnd) >= 0;
  }

  #refuse(code: TransactionCode): Verdict {
    this.code = code;
    if (code === transactionCode.size) return verdict.size;
    return code === transactionCode.duplicateKey ? verdict.duplicateKey : verdict.malformed;
  }

  // At least one static key is watched or the vote program: look for it among the instructions.
  #walk(view: DataView, hasVoteKey: boolean): Verdict {
    const { transaction, watch } = this;
    let isVote = false;
    let unresolved = 0;
    for (let i = 0; i < transaction.instructionCount; i += 1) {
      const key = transaction.instruction(i, field.program);
      const program = this.#programOfKey[key] as number;
      if (program === notWatched) continue;
      if (hasVoteKey && program === voteProgram) isVote = true;
      if (transaction.instruction(i, field.dataBytes) < discriminatorBytes) continue;
      const dataAt = transaction.instruction(i, field.dataAt);
      const low = view.getInt32(dataAt, true);
      const rule = watch.ruleOf(program, low, view.getInt32(dataAt + 4, true));
      if (rule >= 0 && this.#addMatch(view, i, rule)) unresolved += 1;
    }
    if (this.matchCount === 0) return isVote ? verdict.vote : verdict.notWatched;
    this.#count(snifferCounter.matches, this.matchCount);
    this.#count(snifferCounter.unresolvedMatches, unresolved);
    return unresolved === this.matchCount ? verdict.needsResolve : verdict.candidate;
  }

  // Returns whether a match was added whose mint is not resolved.
  #addMatch(view: DataView, instruction: number, rule: number): boolean {
    const { transaction, matches } = this;
    const place = rule * placeWords;
    const mintAt = transaction.accountKeyAt(view, instruction, this.#place(place));
    if (mintAt === accountAbsent) return false;
    if (this.matchCount >= matchesMax) {
      this.#count(snifferCounter.matchesDropped, 1);
      return false;
    }
    const word = this.matchCount * matchField.words;
    this.matchCount += 1;
    matches[word + matchField.rule] = rule;
    matches[word + matchField.instruction] = instruction;
    matches[word + matchField.mintAt] = mintAt;
    matches[word + matchField.quoteMintAt] = this.#quoteMintAt(view, instruction, place);
    const user = this.#place(place + 1);
    matches[word + matchField.userAt] = transaction.accountKeyAt(view, instruction, user);
    const pool = this.#place(place + 2);
    matches[word + matchField.poolAt] = transaction.accountKeyAt(view, instruction, pool);
    matches[word + matchField.baseAt] = this.#argumentAt(instruction, this.#place(place + 5));
    matches[word + matchField.quoteAt] = this.#argumentAt(instruction, this.#place(place + 6));
    return mintAt === accountLoaded;
  }

  #quoteMintAt(view: DataView, instruction: number, place: number): number {
    const position = this.#place(place + 3);
    if (position < 0) return quoteIsSol;
    const at = this.transaction.accountKeyAt(view, instruction, position);
    return at === accountAbsent && this.#place(place + 4) === 1 ? quoteIsSol : at;
  }

  #argumentAt(instruction: number, offset: number): number {
    const { transaction } = this;
    if (offset < 0 || transaction.instruction(instruction, field.dataBytes) < offset + u64Bytes) {
      return -1;
    }
    return transaction.instruction(instruction, field.dataAt) + offset;
  }

  #place(index: number): number {
    return this.#places[index] as number;
  }

  #count(cell: number, by: number): void {
    this.counters[cell] = (this.counters[cell] as number) + by;
  }
}

const placeWords = 8;

// mint, user, pool, quote mint (-1: SOL), SOL when not listed, base and quote argument (-1: none).
const flatten = (watch: WatchList): Int32Array => {
  const places = new Int32Array(watch.rules.length * placeWords);
  watch.rules.forEach((rule, index) => {
    const quoteMint = rule.quoteMint === "sol" ? -1 : rule.quoteMint;
    places.set(
      [
        rule.mint,
        rule.user,
        rule.pool,
        quoteMint,
        rule.quoteMintOrSol ? 1 : 0,
        rule.base?.at ?? -1,
        rule.quote?.at ?? -1,
      ],
      index * placeWords,
    );
  });
  return places;
};
