// The compiled form of "which programs and instructions are watched": a table over the first word of
// a program id, with a chain where programs share a slot (SPL Token and Token-2022 have the same first
// word), then all 32 bytes compared; per program a run of discriminators. Built once, read for every
// key of every transaction.
import { decodeKey } from "../../schemas/market/base58.ts";
import {
  type InstructionForm,
  type InstructionRule,
  programIds,
  type ProgramName,
} from "../../schemas/market/programs.ts";
import {
  accountsMax,
  keyBytes as keyBytesShared,
} from "../../schemas/market/transaction-layout.ts";

// Own constants, because an imported binding is loaded at each use.
const keyBytes: number = keyBytesShared;

/** Programs that a list may hold, the vote program not counted. */
export const watchedProgramsMax = 64;
/** Instructions that a list may hold over all programs. */
export const watchedRulesMax = 1024;

// An exported name is loaded at each use like an imported one.
const none = -1;
const vote = 0;
/** `programOf`: not in the list. */
export const notWatched = none;
/** `programOf`: the vote program, always known. */
export const voteProgram = vote;

// Sixty-four slots for each program: one key in sixty-three meets a taken slot by chance.
const tableSlots = 4096;
const tableShift = 20;
const hashFactor = 0x9e37_79b1 | 0;
const keyWords = 8;
/** Words of one rule: discriminator, program; a power of two. */
const ruleWords = 4;
const fourKeys = 4 * keyBytes;

/** One program of the list and its instructions. */
export type WatchedProgram = {
  readonly name: string;
  /** Base58. */
  readonly id: string;
  readonly rules: readonly InstructionForm[];
};

/** Groups rules by program, in the order given. */
export const watchedPrograms = (rules: readonly InstructionRule[]): readonly WatchedProgram[] => {
  const names = [...new Set(rules.map((rule) => rule.program))];
  return names.map((name: ProgramName) => ({
    name,
    id: programIds[name],
    rules: rules.filter((rule) => rule.program === name),
  }));
};

/** Keys of one transaction that are in a list. */
export class KeyHits {
  count = 0;
  /** One of them is more than the vote program. */
  isWatched = false;
  /** Index of each among the static keys. */
  readonly keys = new Int32Array(accountsMax);
  /** Program of each. */
  readonly programs = new Int32Array(accountsMax);
}

// A field that is undefined until the constructor sets it is checked for its type at each use.
const noWords = new Int32Array(0);

/** A compiled list: up to 64 programs and 1,024 instructions. Read by one thread. */
export class WatchList {
  /** By number; number 0 is the vote program. */
  readonly programs: readonly WatchedProgram[];
  /** By rule number. */
  readonly rules: readonly InstructionForm[];
  // By the first word: a program's entry, its number + 1, or 0. One byte each, 4 KiB stay in the first
  // cache.
  readonly #table = new Uint8Array(tableSlots);
  // By entry: the next one with the same slot, or 0.
  readonly #next = new Uint8Array(watchedProgramsMax + 2);
  readonly #words: Int32Array = noWords;
  readonly #isPair: boolean = false;
  // The same for rules, by the first word of the discriminator; of each both words and the program.
  readonly #ruleTable = new Uint16Array(tableSlots);
  readonly #nextRule = new Uint16Array(watchedRulesMax + 1);
  readonly #ruleKeys: Int32Array = noWords;

  /** @throws RangeError naming the limit, TypeError naming a bad id or discriminator. */
  constructor(watched: readonly WatchedProgram[]) {
    const rules = watched.flatMap((program) => program.rules);
    if (watched.length > watchedProgramsMax || rules.length > watchedRulesMax) {
      throw new RangeError(
        `watch list of ${watched.length} programs and ${rules.length} instructions; limits ` +
          `watchedProgramsMax=${watchedProgramsMax} watchedRulesMax=${watchedRulesMax}`,
      );
    }
    this.programs = [{ name: "Vote", id: programIds.Vote, rules: [] }, ...watched];
    this.rules = rules;
    this.#words = new Int32Array(this.programs.length * keyWords);
    this.#isPair = watched.length === 1;
    this.#ruleKeys = new Int32Array(rules.length * ruleWords);
    let rule = 0;
    this.programs.forEach((program, number) => {
      this.#addKey(program, number);
      for (const { discriminator } of program.rules) {
        this.#addRule(rule, discriminatorWords(discriminator), number);
        rule += 1;
      }
    });
  }

  // Of two rules with the same discriminator the first one counts, so later ones go behind it.
  #addRule(rule: number, [low, high]: readonly [number, number], program: number): void {
    this.#ruleKeys.set([low, high, program], rule * ruleWords);
    const slot = slotOf(low ^ program);
    let last = this.#ruleTable[slot] as number;
    if (last === 0) {
      this.#ruleTable[slot] = rule + 1;
      return;
    }
    while (this.#nextRule[last] !== 0) last = this.#nextRule[last] as number;
    this.#nextRule[last] = rule + 1;
  }

  #addKey({ name, id }: WatchedProgram, number: number): void {
    const key = typeof id === "string" ? decodeKey(id) : null;
    if (key === null) throw new TypeError(`program ${name}: ${id} is no base58 key of 32 bytes`);
    const view = new DataView(key.buffer);
    for (let i = 0; i < keyWords; i += 1) {
      this.#words[number * keyWords + i] = view.getInt32(i * 4, true);
    }
    if (this.programOf(view, 0) !== none) throw new TypeError(`program ${id} is listed twice`);
    const slot = slotOf(view.getInt32(0, true));
    this.#next[number + 1] = this.#table[slot] as number;
    this.#table[slot] = number + 1;
  }

  /** Number of the program whose id lies at `at` of `view` (32 bytes), or -1. */
  programOf(view: DataView, at: number): number {
    let entry = this.#table[slotOf(view.getInt32(at, true))] as number;
    while (entry !== 0) {
      if (this.#isKey(view, at, entry - 1)) return entry - 1;
      entry = this.#next[entry] as number;
    }
    return none;
  }

  /**
   * Notes in `hits` which of the keys [at, end) of `view` are in the list. They are told by their
   * first word alone and with nothing else in the loop: one read and one lookup a key, four keys a
   * turn so that their reads overlap.
   */
  find(view: DataView, at: number, end: number, hits: KeyHits): void {
    hits.count = 0;
    hits.isWatched = false;
    if (this.#isPair) this.#findPair(view, at, end, hits);
    else this.#findAny(view, at, end, hits);
  }

  #findAny(view: DataView, at: number, end: number, hits: KeyHits): void {
    const table = this.#table;
    let key = at;
    for (; key + fourKeys <= end; key += fourKeys) {
      const a = table[slotOf(view.getInt32(key, true))] as number;
      const b = table[slotOf(view.getInt32(key + keyBytes, true))] as number;
      const c = table[slotOf(view.getInt32(key + 2 * keyBytes, true))] as number;
      const d = table[slotOf(view.getInt32(key + 3 * keyBytes, true))] as number;
      if ((a | b | c | d) === 0) continue;
      if (a !== 0) this.#note(view, key, at, hits);
      if (b !== 0) this.#note(view, key + keyBytes, at, hits);
      if (c !== 0) this.#note(view, key + 2 * keyBytes, at, hits);
      if (d !== 0) this.#note(view, key + 3 * keyBytes, at, hits);
    }
    for (; key < end; key += keyBytes) {
      if (table[slotOf(view.getInt32(key, true))] !== 0) this.#note(view, key, at, hits);
    }
  }

  // One program beside the vote program: two comparisons are less than a lookup. The loop is left at
  // a hit, because one that holds a call is slower for all.
  #findPair(view: DataView, at: number, end: number, hits: KeyHits): void {
    const voteWord = this.#words[0];
    const only = this.#words[keyWords];
    let key = at;
    for (;;) {
      let found = -1;
      for (; key < end; key += keyBytes) {
        const word = view.getInt32(key, true);
        if (word === only || word === voteWord) {
          found = key;
          break;
        }
      }
      if (found < 0) return;
      this.#note(view, found, at, hits);
      key = found + keyBytes;
    }
  }

  #note(view: DataView, key: number, first: number, hits: KeyHits): void {
    const program = this.programOf(view, key);
    if (program === none) return;
    const { count } = hits;
    hits.keys[count] = ((key - first) / keyBytes) | 0;
    hits.programs[count] = program;
    hits.count = count + 1;
    if (program !== vote) hits.isWatched = true;
  }

  #isKey(view: DataView, at: number, program: number): boolean {
    const words = this.#words;
    const first = program * keyWords;
    return (
      view.getInt32(at, true) === words[first] &&
      view.getInt32(at + 4, true) === words[first + 1] &&
      view.getInt32(at + 8, true) === words[first + 2] &&
      view.getInt32(at + 12, true) === words[first + 3] &&
      view.getInt32(at + 16, true) === words[first + 4] &&
      view.getInt32(at + 20, true) === words[first + 5] &&
      view.getInt32(at + 24, true) === words[first + 6] &&
      view.getInt32(at + 28, true) === words[first + 7]
    );
  }

  /** The program that a rule belongs to, by the rule's number. */
  programOfRule(rule: number): WatchedProgram | undefined {
    return this.programs[this.#ruleKeys[rule * ruleWords + 2] ?? none];
  }

  /** Number of the rule of `program` for a discriminator of two words, or -1. */
  ruleOf(program: number, low: number, high: number): number {
    let entry = this.#ruleTable[slotOf(low ^ program)] as number;
    while (entry !== 0) {
      const rule = entry - 1;
      const at = rule * ruleWords;
      if (
        this.#ruleKeys[at] === low &&
        this.#ruleKeys[at + 1] === high &&
        this.#ruleKeys[at + 2] === program
      ) {
        return rule;
      }
      entry = this.#nextRule[entry] as number;
    }
    return none;
  }
}

const slotOf = (word: number): number => Math.imul(word, hashFactor) >>> tableShift;

const discriminatorWords = (hex: string): readonly [number, number] => {
  if (!/^[0-9a-f]{16}$/.test(hex)) throw new TypeError(`discriminator ${hex}: not 16 hex digits`);
  const bytes = Uint8Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
  const view = new DataView(bytes.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
};
