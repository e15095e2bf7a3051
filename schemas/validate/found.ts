// The findings of one pass as rows of four integers; text is made only for those that are told, by
// reading the record again. What a tenant's rules turn off is never a row.
import type { RuleTable } from "./finding-rules.ts";
import { findingCodeMax } from "./finding-table.ts";

/** Words of a row. */
export const foundWord = {
  /** Code of finding-table.ts. */
  code: 0,
  /** Number of the attribute in the tables, or -1; of an association, -2 - its step. */
  attribute: 1,
  /** Index of the record; of a resource -1 - its index. */
  record: 2,
  /** What in the record: `place` below; of an absent attribute, -2 - the group that wants it. */
  place: 3,
} as const;

export const foundStride = 4;

const rowsAtFirst = 256;
/** Rows of one pass; further findings are counted in `dropped`. Their decision still counts. */
const foundMax = 1 << 20;

/** In which list of the record an attribute stands. */
export const placeList = { own: 0, event: 1, link: 2, scope: 3, point: 4, exemplar: 5 } as const;

const indexBits = 12;
const listShift = 28;
/** In a list that is not the record's own this index stands for itself and all beyond. */
export const placedMax = (1 << indexBits) - 1;

/** Where an attribute stands: list, number of the event, link, scope, point or exemplar, index therein. */
export const placeOf = (list: number, item: number, index: number): number =>
  (list << listShift) | ((item & 0xffff) << indexBits) | (index & placedMax);

/** List, item and index of a place, for people; null when the place names a group or nothing. */
export const readPlace = (
  place: number,
): { readonly list: number; readonly item: number; readonly index: number } | null => {
  if (place < 0) return null;
  const list = place >>> listShift;
  // The record's own list is one: all bits are those of the index.
  if (list === placeList.own) return { list, item: 0, index: place };
  return {
    list,
    item: (place >>> indexBits) & 0xffff,
    index: place & placedMax,
  };
};

/** The word of a finding that is of a step of an association. */
export const ofStep = (step: number): number => -2 - step;

/** The place of an attribute that is absent from a record of this group. */
export const absentFrom = (group: number): number => -2 - group;

/** The group of such a place; -1 for any other. */
export const wantedBy = (place: number): number => (place <= -2 ? -2 - place : -1);

/** What happens with a record, by the number of modeNames: the strictest of its findings. */
export const decision = { none: 0, warn: 1, reject: 2, quarantine: 3 } as const;

const emptyMask = 0;
/** Sets of globs whose decisions are kept; others are worked out each time. */
const masksMax = 256;

/** The levels of a profile and a tenant's rules, as a decision for each code. */
export class Decisions {
  /** For names that no glob of the rules matches. */
  readonly #plain: Uint8Array;
  readonly #levels: Uint8Array;
  readonly #rules: RuleTable;
  readonly #signal: number;
  readonly #byMask = new Map<number, Uint8Array>();

  /** `levels` by code (profileLevels); `signal` is an index into ruleSignals. */
  constructor(levels: Uint8Array, rules: RuleTable, signal: number) {
    this.#levels = levels;
    this.#rules = rules;
    this.#signal = signal;
    this.#plain = this.#made(emptyMask);
  }

  /** Decisions by code: 0 = not reported. `mask` is that of the rules' nameMask. */
  byMask(mask: number): Uint8Array {
    if (mask === emptyMask) return this.#plain;
    const known = this.#byMask.get(mask);
    if (known !== undefined) return known;
    const made = this.#made(mask);
    if (this.#byMask.size < masksMax) this.#byMask.set(mask, made);
    return made;
  }

  #made(mask: number): Uint8Array {
    const decisions = new Uint8Array(findingCodeMax + 1);
    for (let code = 1; code <= findingCodeMax; code += 1) {
      const level = this.#levels[code] ?? 0;
      if (level > 0) decisions[code] = this.#rules.decide(code, level, this.#signal, mask);
    }
    return decisions;
  }
}

/** One per pass, reused. */
export class Found {
  rows: Int32Array = new Int32Array(rowsAtFirst * foundStride);
  count = 0;
  dropped = 0;
  /** Decisions by code, for the record that is looked at. */
  decisions: Uint8Array = new Uint8Array(findingCodeMax + 1);
  /** The record, and where in it, that the next findings are of. */
  record = 0;
  place = 0;
  /** The strictest decision since `begin`. */
  worst = 0;

  clear(): void {
    this.count = 0;
    this.dropped = 0;
  }

  /** Begins a record. */
  begin(record: number): void {
    this.record = record;
    this.worst = decision.none;
  }

  add(code: number, attribute: number): void {
    const found = this.decisions[code] as number;
    if (found === decision.none) return;
    if (found > this.worst) this.worst = found;
    if (this.count === foundMax) {
      this.dropped += 1;
      return;
    }
    const row = this.count * foundStride;
    if (row === this.rows.length) this.#grow();
    this.rows[row] = code;
    this.rows[row + 1] = attribute;
    this.rows[row + 2] = this.record;
    this.rows[row + 3] = this.place;
    this.count += 1;
  }

  /** Adds findings that are known to be reported: code, attribute and place of each, from `at`. */
  addAll(cells: Int32Array, at: number, count: number, worst: number): void {
    if (worst > this.worst) this.worst = worst;
    const added = Math.min(count, foundMax - this.count);
    this.dropped += count - added;
    let row = this.count * foundStride;
    this.count += added;
    while (this.count * foundStride > this.rows.length) this.#grow();
    const { rows, record } = this;
    const end = at + added * 3;
    for (let from = at; from < end; from += 3) {
      rows[row] = cells[from] as number;
      rows[row + 1] = cells[from + 1] as number;
      rows[row + 2] = record;
      rows[row + 3] = cells[from + 2] as number;
      row += foundStride;
    }
  }

  #grow(): void {
    const larger = new Int32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }
}
