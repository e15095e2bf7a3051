// Span names to classes: which definition a name means and which rules it falls under. A name is
// looked at closely once and remembered in a table of fixed size; a first byte that begins no known
// name or glob needs not even that.
import { isPlainKey, isPlainText } from "./plain-text.ts";
import { byteAt } from "../otlp/wire.ts";
import { globMatches } from "../weaver/glob.ts";
import { keyHash } from "../weaver/key-hash.ts";
import { globRank } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import type { Decisions } from "./found.ts";
import type { RuleTable } from "./finding-rules.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const hashOf = keyHash;
const byteOf = byteAt;
const isText = isPlainText;

/** A name has a place in one set, in any of its ways. */
const setShift = 24;
const ways = 4;
const slots = 256 * ways;
const slotBytes = 64;
const cellStride = 2;
const lengthShift = 16;
const classMask = 0xffff;
/** Distinct pairs of definition and rules; a name beyond them is looked at every time. */
const nameClassesMax = 512;

/** Masks are below it. */
const maskLimit = 2 ** 31;
const starByte = 42;
const oneByte = 63;

/** What all names of a class have in common. */
export type NameClass = {
  readonly number: number;
  /** The definition that the name means, or -1. */
  readonly group: number;
  /** Decisions by code. */
  readonly decisions: Uint8Array;
};

/** Number of a class that could not be kept. */
export const unkeptClass = -1;

/** One per plan. */
export class SpanNames {
  /** Of names that mean no definition and fall under no rule of their own. */
  readonly other: NameClass;
  readonly #tables: Tables;
  readonly #rules: RuleTable;
  readonly #decisions: Decisions;
  readonly #begins: Uint8Array;
  readonly #classes: NameClass[] = [];
  readonly #byPair = new Map<number, NameClass>();
  #turn = 0;
  /** Hash, then length (0 = empty) and class, of the name in each slot. */
  readonly #cells = new Int32Array(slots * cellStride);
  readonly #bytes = new Uint8Array(slots * slotBytes);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(tables: Tables, rules: RuleTable, decisions: Decisions) {
    this.#tables = tables;
    this.#rules = rules;
    this.#decisions = decisions;
    this.#begins = firstBytes(tables, rules);
    this.other = this.#classOf(-1, 0);
  }

  /** The class of the name at `at` of the bytes and their view. */
  find(bytes: Uint8Array, view: DataView, at: number, length: number): NameClass {
    if (length === 0) return this.#begins[0] === 1 ? this.#look(view, at, length) : this.other;
    if (this.#begins[byteOf(bytes, at)] === 0) return this.other;
    const known = this.#kept(view, at, length);
    if (known >= 0) return this.#classes[known] ?? this.other;
    const found = this.#look(view, at, length);
    const isShort = length <= slotBytes && found.number !== unkeptClass;
    if (isShort && isPlainKey(bytes, at, at + length)) {
      this.#keep(hashOf(view, at, length), bytes.subarray(at, at + length), found);
    }
    return found;
  }

  /**
   * Number of the class of a name that is ASCII and was looked at before, or needs no look; -1 for
   * any other.
   */
  known(view: DataView, at: number, length: number): number {
    if (length === 0) return -1;
    if (this.#begins[view.getUint8(at)] !== 0) return this.#kept(view, at, length);
    return isText(view, at, at + length) ? this.other.number : -1;
  }

  /** Number of the class of a name that has a slot, or -1. */
  #kept(view: DataView, at: number, length: number): number {
    if (length > slotBytes) return -1;
    const cells = this.#cells;
    const hash = hashOf(view, at, length);
    const set = (hash >>> setShift) * ways;
    for (let slot = set; slot < set + ways; slot += 1) {
      if (cells[slot * cellStride] !== hash) continue;
      const cell = cells[slot * cellStride + 1] as number;
      if (cell >>> lengthShift === length && this.#isIn(slot, view, at, length)) {
        return cell & classMask;
      }
    }
    return -1;
  }

  /** One after the other of a set's slots is given to a new name. */
  #keep(hash: number, name: Uint8Array, found: NameClass): void {
    const slot = (hash >>> setShift) * ways + (this.#turn & (ways - 1));
    this.#turn += 1;
    this.#cells[slot * cellStride] = hash;
    this.#cells[slot * cellStride + 1] = (name.length << lengthShift) | found.number;
    this.#bytes.set(name, slot * slotBytes);
  }

  /**
   * Whether a slot has the name at `at`. Names in slots are without zero bytes and bytes above 127,
   * so eight of them are never NaN or -0 and may be compared as one double.
   */
  #isIn(slot: number, view: DataView, at: number, length: number): boolean {
    if (length < 8) return this.#isShort(slot, view, at, length);
    const own = this.#view;
    const shift = (slot * slotBytes - at) | 0;
    const last = (at + length - 8) | 0;
    if (view.getFloat64(last, true) !== own.getFloat64((last + shift) | 0, true)) return false;
    for (let from = at | 0; from < last; from = (from + 8) | 0) {
      if (view.getFloat64(from, true) !== own.getFloat64((from + shift) | 0, true)) return false;
    }
    return true;
  }

  #isShort(slot: number, view: DataView, at: number, length: number): boolean {
    const from = slot * slotBytes;
    for (let i = 0; i < length; i += 1) {
      if (this.#bytes[from + i] !== view.getUint8(at + i)) return false;
    }
    return true;
  }

  #look(view: DataView, at: number, length: number): NameClass {
    const mask = this.#rules.nameMask({ view, at, end: at + length });
    return this.#classOf(this.#groupOf(view, at, length), mask);
  }

  /** In order: what says that it matches, the exact name, a pattern in the definition. */
  #groupOf(view: DataView, at: number, length: number): number {
    const explicit = this.#glob(globRank.match, view, at, length);
    if (explicit >= 0) return explicit;
    const named = this.#tables.spans.find(view, at, length);
    if (named >= 0) return named;
    const whole = this.#tables.spanIds.find(view, at, length);
    return whole >= 0 ? whole : this.#glob(globRank.name, view, at, length);
  }

  #glob(rank: number, view: DataView, at: number, length: number): number {
    const { globRank: ranks, globGroup, globAt, globBytes } = this.#tables.sections;
    const name = { view, at, end: at + length };
    for (let i = 0; i < ranks.length; i += 1) {
      if (ranks[i] !== rank) continue;
      const from = globAt[i] as number;
      const glob = { view: this.#tables.textView, at: from, end: from + (globBytes[i] as number) };
      if (globMatches(glob, name)) return globGroup[i] as number;
    }
    return -1;
  }

  #classOf(group: number, mask: number): NameClass {
    const key = (group + 1) * maskLimit + mask;
    const known = this.#byPair.get(key);
    if (known !== undefined) return known;
    const decisions = this.#decisions.byMask(mask);
    if (this.#classes.length === nameClassesMax) return { number: unkeptClass, group, decisions };
    const made = { number: this.#classes.length, group, decisions };
    this.#classes.push(made);
    this.#byPair.set(key, made);
    return made;
  }
}

/** 1 for every byte that a name or glob may begin with; names without a byte count as 0. */
const firstBytes = (tables: Tables, rules: RuleTable): Uint8Array => {
  const begins = new Uint8Array(256);
  if (rules.hasNames) return begins.fill(1);
  const { text, sections } = tables;
  const { groupNameAt, groupIdAt, globAt } = sections;
  for (let group = 0; group < tables.spanCount; group += 1) {
    begins[text[groupNameAt[group] as number] ?? 0] = 1;
    begins[text[groupIdAt[group] as number] ?? 0] = 1;
  }
  for (const at of globAt) {
    const first = text[at] ?? 0;
    if (first === starByte || first === oneByte) return begins.fill(1);
    begins[first] = 1;
  }
  return begins;
};
