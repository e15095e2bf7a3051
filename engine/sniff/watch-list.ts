// The compiled form of "which programs and instructions are watched": one open-addressing table
// over the first 8 bytes of a program id (SPL Token and Token-2022 share their first 4), then all
// 32 bytes compared; per program a short run of discriminators. Built once, read per key.
import { decodeKey } from "../../schemas/market/base58.ts";
import {
  type InstructionRule,
  programIds,
  type ProgramName,
} from "../../schemas/market/programs.ts";

/** Programs that a list may hold, the vote program not counted. */
export const watchedProgramsMax = 64;
/** Instructions that a list may hold over all programs. */
export const watchedRulesMax = 1024;

/** `programOf`: not in the list. */
export const notWatched = -1;
/** `programOf`: the vote program, always known. */
export const voteProgram = 0;

// Sixteen slots for each program keep nearly every probe at one step.
const tableSlots = 1024;
const tableShift = 32 - Math.log2(tableSlots);
const keyWords = 8;

/** One program of the list and its instructions. */
export type WatchedProgram = {
  readonly name: string;
  /** Base58. */
  readonly id: string;
  readonly rules: readonly InstructionRule[];
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

export class WatchList {
  /** By number; number 0 is the vote program. */
  readonly programs: readonly WatchedProgram[];
  /** By rule number. */
  readonly rules: readonly InstructionRule[];
  // Program number + 1, 0 for empty.
  readonly #table = new Int32Array(tableSlots);
  readonly #words: Int32Array;
  // Rules of program p are [#firstRule[p], #firstRule[p + 1]).
  readonly #firstRule: Int32Array;
  readonly #discriminators: Int32Array;

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
    this.#firstRule = new Int32Array(this.programs.length + 1);
    this.#discriminators = new Int32Array(rules.length * 2);
    let rule = 0;
    this.programs.forEach((program, number) => {
      this.#addKey(program, number);
      this.#firstRule[number] = rule;
      for (const { discriminator } of program.rules) {
        const [low, high] = discriminatorWords(discriminator);
        this.#discriminators[rule * 2] = low;
        this.#discriminators[rule * 2 + 1] = high;
        rule += 1;
      }
    });
    this.#firstRule[this.programs.length] = rule;
  }

  #addKey({ name, id }: WatchedProgram, number: number): void {
    const key = decodeKey(id);
    if (key === null) throw new TypeError(`program ${name}: ${id} is no base58 key of 32 bytes`);
    const view = new DataView(key.buffer);
    for (let i = 0; i < keyWords; i += 1) {
      this.#words[number * keyWords + i] = view.getInt32(i * 4, true);
    }
    if (this.programOf(view, 0) !== notWatched)
      throw new TypeError(`program ${id} is listed twice`);
    let slot = slotOf(view.getInt32(0, true), view.getInt32(4, true));
    while (this.#table[slot] !== 0) slot = (slot + 1) & (tableSlots - 1);
    this.#table[slot] = number + 1;
  }

  /** Number of the program whose id lies at `at` of `view` (32 bytes), or `notWatched`. */
  programOf(view: DataView, at: number): number {
    const low = view.getInt32(at, true);
    const table = this.#table;
    let slot = slotOf(low, view.getInt32(at + 4, true));
    let entry = table[slot] as number;
    // The table is at most 1/15 full, so an empty slot ends every probe.
    while (entry !== 0) {
      if (this.#isKey(view, at, entry - 1)) return entry - 1;
      slot = (slot + 1) & (tableSlots - 1);
      entry = table[slot] as number;
    }
    return notWatched;
  }

  #isKey(view: DataView, at: number, program: number): boolean {
    const words = this.#words;
    const first = program * keyWords;
    for (let i = 0; i < keyWords; i += 1) {
      if (view.getInt32(at + i * 4, true) !== words[first + i]) return false;
    }
    return true;
  }

  /** Number of the rule of `program` for a discriminator of two words, or -1. */
  ruleOf(program: number, low: number, high: number): number {
    const end = this.#firstRule[program + 1] as number;
    for (let rule = this.#firstRule[program] as number; rule < end; rule += 1) {
      if (this.#discriminators[rule * 2] === low && this.#discriminators[rule * 2 + 1] === high) {
        return rule;
      }
    }
    return -1;
  }
}

const slotOf = (low: number, high: number): number =>
  Math.imul(low ^ (high << 7), 0x9e37_79b1) >>> tableShift;

const discriminatorWords = (hex: string): readonly [number, number] => {
  if (!/^[0-9a-f]{16}$/.test(hex)) throw new TypeError(`discriminator ${hex}: not 16 hex digits`);
  const bytes = Uint8Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
  const view = new DataView(bytes.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
};
