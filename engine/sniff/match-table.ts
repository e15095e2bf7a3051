// The matches of one transaction as words in a typed array: which rule, and where in the bytes
// mint, user, amounts and the rest lie. Filled by the two walks over instructions, that of the
// whole parse (sniffer.ts) and the light one (extractor.ts), read by the candidate writer.
import { candidateDirections } from "../../schemas/market/candidate-layout.ts";
import { isSameKey } from "../../schemas/market/key-words.ts";
import { type InstructionForm, wrappedSolKey } from "../../schemas/market/programs.ts";
import {
  accountAbsent as accountAbsentShared,
  accountLoaded as accountLoadedShared,
} from "../../schemas/market/transaction.ts";
import {
  accountsMax,
  keyBytes as keyBytesShared,
} from "../../schemas/market/transaction-layout.ts";
import type { WatchList } from "./watch-list.ts";

// Own constants, because an imported binding is loaded at each use.
const accountAbsent: number = accountAbsentShared;
const accountLoaded: number = accountLoadedShared;
const keyBytes: number = keyBytesShared;

/** Matches kept of one transaction, more than the runtime lets it run; further ones are counted. */
const matchesMax = 64;

/** Words of one match. Offsets count in the view that the transaction lies in. */
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
  /** Index in `candidateDirections`. */
  direction: 8,
  programAt: 9,
  dataAt: 10,
  accountsAt: 11,
  accountCount: 12,
  /** 1: base and quote have changed places with those of the rule. */
  isTurned: 13,
  words: 16,
} as const;

// Likewise: an exported object is looked up at each use, this one is not.
const field = matchField;

/** `quoteMintAt` of a match that is priced in SOL; other absences as in transaction.ts. */
const isSolQuote = -3;
export const quoteIsSol = isSolQuote;

const u64Bytes = 8;

const outcome = { resolved: 0, unresolved: 1, noMint: 2, full: 3 } as const;
/** Outcome of `add`. */
export const added = outcome;

export type Added = (typeof added)[keyof typeof added];

// A field that is undefined until the constructor sets it is checked for its type at each use.
const noPlaces = new Int32Array(0);

/** One for each walk and its thread; allocates nothing after construction. */
export class MatchTable {
  readonly rules: readonly InstructionForm[];
  count = 0;
  readonly words = new Int32Array(matchesMax * field.words);
  /**
   * Where the keys of loaded accounts stand, in run-time order behind the static keys: accountLoaded
   * unless somebody resolved them (table-extractor.ts).
   */
  readonly loaded = new Int32Array(accountsMax).fill(accountLoaded);
  /** The transaction that matches are added of: set by the walk. */
  keysAt = 0;
  keyCount = 0;
  signaturesAt = 0;
  /** The instruction that `add` takes: set by the walk. */
  programAt = 0;
  accountsAt = 0;
  accountCount = 0;
  dataAt = 0;
  dataBytes = 0;
  // Argument places of the rules, flat: objects would be cache misses.
  readonly #places: Int32Array = noPlaces;

  constructor(watch: WatchList) {
    this.rules = watch.rules;
    this.#places = flatten(watch.rules);
  }

  /** One word of match `index`: `matchField`. */
  match(index: number, word: number): number {
    return this.words[index * field.words + word] as number;
  }

  /**
   * Offset of the key at `position` of match `index`'s account list, or accountAbsent,
   * accountLoaded.
   */
  accountKeyAt(view: DataView, index: number, position: number): number {
    if (position >= this.match(index, field.accountCount)) return accountAbsent;
    const key = view.getUint8(this.match(index, field.accountsAt) + position);
    if (key < this.keyCount) return this.keysAt + key * keyBytes;
    return this.loaded[key - this.keyCount] as number;
  }

  /** Adds the instruction that the fields describe as a match of `rule`. */
  add(view: DataView, rule: number, instruction: number): Added {
    const place = rule * placeWords;
    const mintAt = this.#keyAt(view, this.#place(place + at.mint));
    if (mintAt === accountAbsent) return outcome.noMint;
    if (this.count >= matchesMax) return outcome.full;
    const { words } = this;
    const word = this.count * field.words;
    this.count += 1;
    words[word + field.rule] = rule;
    words[word + field.instruction] = instruction;
    words[word + field.mintAt] = mintAt;
    words[word + field.quoteMintAt] = this.#quoteMintAt(view, place);
    words[word + field.userAt] = this.#keyAt(view, this.#place(place + at.user));
    words[word + field.poolAt] = this.#keyAt(view, this.#place(place + at.pool));
    words[word + field.baseAt] = this.#argumentAt(this.#place(place + at.base));
    words[word + field.quoteAt] = this.#argumentAt(this.#place(place + at.quote));
    words[word + field.direction] = this.#place(place + at.direction);
    words[word + field.programAt] = this.programAt;
    words[word + field.dataAt] = this.dataAt;
    words[word + field.accountsAt] = this.accountsAt;
    words[word + field.accountCount] = this.accountCount;
    words[word + field.isTurned] = 0;
    if (this.#place(place + at.side) >= 0) this.#chooseSide(view, word, place);
    if (this.#place(place + at.quoteMint) >= 0) this.#turnFromSol(view, word);
    return words[word + field.mintAt] === accountLoaded ? outcome.unresolved : outcome.resolved;
  }

  // A swap of two tokens whose side a byte tells.
  #chooseSide(view: DataView, word: number, place: number): void {
    const { words } = this;
    const sideAt = this.#place(place + at.side);
    if (sideAt < this.dataBytes) {
      const isSell = view.getUint8(this.dataAt + sideAt) === 1;
      words[word + field.direction] = isSell ? sellCode : buyCode;
      words[word + (isSell ? field.quoteAt : field.baseAt)] = -1;
      return;
    }
    words[word + field.direction] = 0;
    words[word + field.baseAt] = -1;
    words[word + field.quoteAt] = -1;
  }

  // SOL is never the mint: a pool or order may have it as its base, and who buys that sells the other.
  #turnFromSol(view: DataView, word: number): void {
    const { words } = this;
    if (!isSol(view, words[word + field.mintAt] as number)) return;
    const quoteMintAt = words[word + field.quoteMintAt] as number;
    if (quoteMintAt < 0 && quoteMintAt !== accountLoaded) return;
    swapWords(words, word + field.mintAt, word + field.quoteMintAt);
    swapWords(words, word + field.baseAt, word + field.quoteAt);
    words[word + field.isTurned] = 1;
    const direction = words[word + field.direction] as number;
    if (direction === buyCode) words[word + field.direction] = sellCode;
    else if (direction === sellCode) words[word + field.direction] = buyCode;
  }

  #quoteMintAt(view: DataView, place: number): number {
    const position = this.#place(place + at.quoteMint);
    if (position < 0) return isSolQuote;
    const key = this.#keyAt(view, position);
    return key === accountAbsent && this.#place(place + at.orSol) === 1 ? isSolQuote : key;
  }

  #keyAt(view: DataView, position: number): number {
    if (position >= this.accountCount) return accountAbsent;
    const key = view.getUint8(this.accountsAt + position);
    if (key < this.keyCount) return this.keysAt + key * keyBytes;
    return this.loaded[key - this.keyCount] as number;
  }

  #argumentAt(offset: number): number {
    return offset < 0 || this.dataBytes < offset + u64Bytes ? -1 : this.dataAt + offset;
  }

  #place(index: number): number {
    return this.#places[index] as number;
  }
}

/** Words of one rule in `#places`; -1 stands for an argument that it has not. */
const at = {
  mint: 0,
  user: 1,
  pool: 2,
  /** -1: SOL. */
  quoteMint: 3,
  /** 1: SOL when the list ends before the quote mint. */
  orSol: 4,
  base: 5,
  quote: 6,
  direction: 7,
  side: 8,
} as const;

const placeWords = 9;

const buyCode = candidateDirections.indexOf("buy");
const sellCode = candidateDirections.indexOf("sell");

const flatten = (rules: readonly InstructionForm[]): Int32Array => {
  const places = new Int32Array(rules.length * placeWords);
  rules.forEach((rule, index) => {
    places.set(
      [
        rule.mint,
        rule.user,
        rule.pool,
        rule.quoteMint === "sol" ? -1 : rule.quoteMint,
        rule.quoteMintOrSol ? 1 : 0,
        rule.base?.at ?? -1,
        rule.quote?.at ?? -1,
        candidateDirections.indexOf(rule.direction ?? ""),
        rule.sideAt ?? -1,
      ],
      index * placeWords,
    );
  });
  return places;
};

const isSol = (view: DataView, keyAt: number): boolean =>
  keyAt >= 0 && isSameKey(view, keyAt, wrappedSolKey, 0);

const swapWords = (words: Int32Array, a: number, b: number): void => {
  const kept = words[a] as number;
  words[a] = words[b] as number;
  words[b] = kept;
};
