// Finds the watched instructions of a transaction in one light walk: bounds-checked, but without
// the invariants of the whole format (duplicate keys, account indexes, lookups, trailing bytes),
// which the secure stage checks for the few that match. Outer instructions only; what a meta
// adds is added by `weir sniff` (rpc-matches.ts).
//
// A match whose mint is behind a lookup table is unresolved; when all are, the verdict is
// needs-resolve, unless the resolver's cache knows the table.
import {
  compactLengthShift as compactLengthShiftShared,
  compactValueMask as compactValueMaskShared,
  readCompactU16,
} from "../../schemas/market/compact-u16.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import {
  accountsMax,
  blockhashBytes as blockhashBytesShared,
  instructionField as field,
  keyBytes as keyBytesShared,
  versionByteV0 as versionByteV0Shared,
} from "../../schemas/market/transaction-layout.ts";
import { added as addedShared, MatchTable } from "./match-table.ts";
import { Prefilter, type PrefilterOptions } from "./prefilter.ts";
import { verdict as verdictShared, type Verdict } from "./verdict.ts";
import { notWatched as notWatchedShared, voteProgram as voteProgramShared } from "./watch-list.ts";

// Own constants, because an imported binding is loaded at each use.
const compactLengthShift: number = compactLengthShiftShared;
const compactValueMask: number = compactValueMaskShared;
const blockhashBytes: number = blockhashBytesShared;
const keyBytes: number = keyBytesShared;
const versionByteV0: number = versionByteV0Shared;
const added = addedShared;
const verdict = verdictShared;
const notWatched: number = notWatchedShared;
const voteProgram: number = voteProgramShared;

const discriminatorBytes = 8;

/** Runs on one thread; allocates nothing after construction. */
export class Extractor {
  readonly prefilter: Prefilter;
  readonly table: MatchTable;
  /** Matches beyond `matchesMax`, since the start. */
  matchesDropped = 0;
  /** Matches of the last transaction whose mint is behind a lookup table. */
  unresolved = 0;
  readonly #programOfKey = new Int32Array(accountsMax).fill(notWatched);
  readonly #v1: TransactionView;
  #callsVote = false;

  constructor(options: PrefilterOptions) {
    this.prefilter = new Prefilter(options);
    this.table = new MatchTable(options.watch);
    this.#v1 = new TransactionView({ v1: true });
  }

  /**
   * Prefilters and extracts the transaction [start, end) of `view`. After `candidate` and
   * `needsResolve` the matches are in `table`. `malformed` where the walk leaves the bytes.
   */
  extract(view: DataView, start: number, end: number): Verdict {
    const { prefilter, table } = this;
    table.count = 0;
    this.unresolved = 0;
    this.#callsVote = false;
    const first = prefilter.check(view, start, end);
    if (first !== verdict.candidate) return first;
    if (prefilter.keyCount === 0) return verdict.malformed;
    const programOfKey = this.#programOfKey;
    const { count, keys, programs } = prefilter.hits;
    for (let i = 0; i < count; i += 1) programOfKey[keys[i] as number] = programs[i] as number;
    table.keysAt = prefilter.keysAt;
    table.keyCount = prefilter.keyCount;
    table.signaturesAt = start + 1;
    const isWhole =
      view.getUint8(start) < versionByteV0
        ? this.#walk(view, prefilter.keysAt + prefilter.keyCount * keyBytes + blockhashBytes, end)
        : this.#walkV1(view, start, end);
    for (let i = 0; i < count; i += 1) programOfKey[keys[i] as number] = notWatched;
    if (!isWhole) return verdict.malformed;
    if (table.count === 0) return this.#callsVote ? verdict.vote : verdict.notWatched;
    return this.unresolved === table.count ? verdict.needsResolve : verdict.candidate;
  }

  #walk(view: DataView, countAt: number, end: number): boolean {
    const head = readCompactU16(view, countAt, end);
    if (head < 0) return false;
    const programOfKey = this.#programOfKey;
    const count = head & compactValueMask;
    let at = countAt + (head >> compactLengthShift);
    for (let i = 0; i < count; i += 1) {
      if (at + 3 > end) return false;
      const key = view.getUint8(at);
      let accounts = view.getUint8(at + 1);
      at += 2;
      if (accounts >= 0x80) {
        const long = readCompactU16(view, at - 1, end);
        if (long < 0) return false;
        accounts = long & compactValueMask;
        at += (long >> compactLengthShift) - 1;
      }
      const accountsAt = at;
      at += accounts;
      if (at >= end) return false;
      let data = view.getUint8(at);
      at += 1;
      if (data >= 0x80) {
        const long = readCompactU16(view, at - 1, end);
        if (long < 0) return false;
        data = long & compactValueMask;
        at += (long >> compactLengthShift) - 1;
      }
      const dataAt = at;
      at += data;
      if (at > end) return false;
      const program = programOfKey[key] as number;
      if (program === notWatched) continue;
      if (program === voteProgram) this.#callsVote = true;
      if (data < discriminatorBytes) continue;
      const { table } = this;
      table.accountsAt = accountsAt;
      table.accountCount = accounts;
      table.dataAt = dataAt;
      table.dataBytes = data;
      this.#match(view, i, key);
    }
    return true;
  }

  // v1 is rare: the whole parse finds its instructions.
  #walkV1(view: DataView, start: number, end: number): boolean {
    const parsed = this.#v1;
    const { table } = this;
    if (parsed.parse(view, start, end) !== 0) return false;
    table.signaturesAt = parsed.signaturesAt;
    for (let i = 0; i < parsed.instructionCount; i += 1) {
      const key = parsed.instruction(i, field.program);
      const program = this.#programOfKey[key] as number;
      table.dataBytes = parsed.instruction(i, field.dataBytes);
      if (program === voteProgram) this.#callsVote = true;
      if (program === notWatched || table.dataBytes < discriminatorBytes) continue;
      table.accountsAt = parsed.instruction(i, field.accountsAt);
      table.accountCount = parsed.instruction(i, field.accountCount);
      table.dataAt = parsed.instruction(i, field.dataAt);
      this.#match(view, i, key);
    }
    return true;
  }

  #match(view: DataView, instruction: number, key: number): void {
    const { table } = this;
    const program = this.#programOfKey[key] as number;
    const { dataAt } = table;
    const low = view.getInt32(dataAt, true);
    const rule = this.prefilter.watch.ruleOf(program, low, view.getInt32(dataAt + 4, true));
    if (rule < 0) return;
    table.programAt = table.keysAt + key * keyBytes;
    const outcome = table.add(view, rule, instruction);
    if (outcome === added.unresolved) this.unresolved += 1;
    else if (outcome === added.full) this.matchesDropped += 1;
  }
}
