// Looks at an attribute's value: member of its enum, bounds, length, pattern. The only part of a
// check that depends on more than key and type, so the fused pass runs it for watched keys only.
import { varintHigh, varintLow } from "../otlp/wire.ts";
import { patternMatches } from "../weaver/pattern-match.ts";
import type { TableSections } from "../weaver/table-layout.ts";
import { attributeFlag, constraintFlag, sampleType } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import { beyond } from "./shapes.ts";

const minus = 45;
const zero = 48;
const digitsMax = 20;
const wordLimit = 2 ** 32;

/** An attribute is watched when its value matters. */
export const isWatched = (tables: Tables, attribute: number): boolean => {
  const flags = tables.sections.attributeFlags[attribute] as number;
  return (flags & (attributeFlag.enum | attributeFlag.constrained)) !== 0;
};

/** Code points of UTF-8: all bytes but continuations. */
const charactersOf = (bytes: Uint8Array, start: number, end: number): number => {
  let count = 0;
  for (let at = start; at < end; at += 1) if (((bytes[at] as number) & 0xc0) !== 0x80) count += 1;
  return count;
};

const isEnum = ({ sections }: Tables, attribute: number): boolean =>
  ((sections.attributeFlags[attribute] as number) & attributeFlag.enum) !== 0;

/** Integers from `low` to `high` need no further look; up to `beyond`, nothing does. */
export type FineRange = { readonly low: number; readonly high: number };

const lowMin = -(2 ** 31);
const highMax = 2 ** 31 - 2;
const noRange: FineRange = { low: 0, high: -1 };

const wholeRange: FineRange = { low: lowMin, high: beyond };

/** Whole numbers, or bytes of a text, that are fine for the attribute whatever else they are. */
export const fineRange = (tables: Tables, attribute: number, type: number): FineRange => {
  const { sections } = tables;
  if (attribute < 0) return wholeRange;
  if (isEnum(tables, attribute)) return noRange;
  const constraint = (sections.attributeConstraint[attribute] as number) - 1;
  const flags = constraint < 0 ? 0 : (sections.constraintFlags[constraint] as number);
  if (type === sampleType.string) {
    if ((flags & constraintFlag.pattern) !== 0) return noRange;
    const high =
      (flags & constraintFlag.characters) === 0
        ? highMax
        : sections.constraintCharacters[constraint];
    // A text has at most as many characters as bytes.
    return { low: 0, high: Math.min(high as number, highMax) };
  }
  if (type !== sampleType.int) return noRange;
  const min = (flags & constraintFlag.min) === 0 ? lowMin : sections.constraintMin[constraint];
  const max = (flags & constraintFlag.max) === 0 ? highMax : sections.constraintMax[constraint];
  const low = Math.max(Math.ceil(min as number), lowMin);
  const high = Math.min(Math.floor(max as number), highMax);
  // A bound that 32 bits do not hold would become another one in the memory of shapes.
  return low > highMax || high < lowMin ? noRange : { low, high };
};

/** One per thread, reused. */
export class ValueCheck {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Range of the value that `check` looks at. */
  start = 0;
  end = 0;
  /** After `check`: nothing is to be found in the value, whether or not it would be told. */
  isFine = true;
  readonly #found: Found;
  readonly #digits = new Uint8Array(digitsMax);
  readonly #digitsView = new DataView(this.#digits.buffer);
  readonly #range = { at: 0, end: 0 };

  constructor(found: Found) {
    this.#found = found;
  }

  /**
   * Checks the value at [start, end), whose sample type `type` its attribute accepts. Text is
   * without its length, a number as on the wire.
   */
  check({ tables, lastMember }: MemberMemory, attribute: number, type: number): void {
    const flags = tables.sections.attributeFlags[attribute] as number;
    this.isFine = true;
    if ((flags & attributeFlag.enum) !== 0) this.#member(tables, lastMember, attribute, type);
    if ((flags & attributeFlag.constrained) !== 0) this.#constraint(tables, attribute, type);
  }

  #member(tables: Tables, lastMember: Int16Array, attribute: number, type: number): void {
    let { start, end, view } = this;
    let owner = attribute * 2;
    if (type === sampleType.int) {
      owner += 1;
      start = this.#writeDigits(start);
      end = digitsMax;
      view = this.#digitsView;
    } else if (type !== sampleType.string) return;
    const last = lastMember[attribute] as number;
    const { memberOwner, memberBytes } = tables.sections;
    if (last >= 0 && memberBytes[last] === end - start && memberOwner[last] === owner) {
      if (tables.members.isAt(last, view, start)) return;
    }
    const member = tables.findMember(owner, view, start, end - start);
    if (member < 0) this.#tell(finding.undefinedEnumVariant, attribute);
    else lastMember[attribute] = member;
  }

  /** Writes a varint's decimal digits at the end of the scratch; returns where they begin. */
  #writeDigits(at: number): number {
    const digits = this.#digits;
    let high = varintHigh(this.bytes, at);
    let low = varintLow(this.bytes, at) >>> 0;
    const isNegative = high < 0;
    if (isNegative) {
      low = -low >>> 0;
      high = ~high + (low === 0 ? 1 : 0);
    }
    high >>>= 0;
    let to = digitsMax;
    do {
      // Long division by ten, in 16-bit steps that stay exact.
      const upper = high % 10;
      high = Math.floor(high / 10);
      const middle = upper * 65_536 + (low >>> 16);
      const rest = (middle % 10) * 65_536 + (low & 0xffff);
      low = (Math.floor(middle / 10) * 65_536 + Math.floor(rest / 10)) >>> 0;
      to -= 1;
      digits[to] = zero + (rest % 10);
    } while (high > 0 || low > 0);
    if (isNegative) {
      to -= 1;
      digits[to] = minus;
    }
    return to;
  }

  #constraint({ sections }: Tables, attribute: number, type: number): void {
    const constraint = (sections.attributeConstraint[attribute] as number) - 1;
    const flags = sections.constraintFlags[constraint] as number;
    if (type === sampleType.string) this.#text(sections, attribute, constraint, flags);
    else if (type === sampleType.int || type === sampleType.double) {
      const value = this.#number(type);
      const min = sections.constraintMin[constraint] as number;
      const max = sections.constraintMax[constraint] as number;
      // Written so that NaN fails.
      const isBelow = (flags & constraintFlag.min) !== 0 && !(value >= min);
      const isAbove = (flags & constraintFlag.max) !== 0 && !(value <= max);
      if (isBelow) this.#tell(finding.belowMin, attribute);
      if (isAbove) this.#tell(finding.aboveMax, attribute);
    }
  }

  #text(sections: TableSections, attribute: number, constraint: number, flags: number): void {
    const { bytes, start, end } = this;
    if ((flags & constraintFlag.characters) !== 0) {
      const limit = sections.constraintCharacters[constraint] as number;
      // A text has at most as many characters as bytes.
      if (end - start > limit && charactersOf(bytes, start, end) > limit)
        this.#tell(finding.tooLong, attribute);
    }
    if ((flags & constraintFlag.pattern) === 0) return;
    this.#range.at = start;
    this.#range.end = end;
    const at = sections.constraintPattern[constraint] as number;
    if (!patternMatches(sections.automata, at, bytes, this.#range)) {
      this.#tell(finding.patternMismatch, attribute);
    }
  }

  #tell(code: number, attribute: number): void {
    this.isFine = false;
    this.#found.add(code, attribute);
  }

  /** Above 2^53 to the nearest double. */
  #number(type: number): number {
    const at = this.start;
    if (type === sampleType.double) return this.view.getFloat64(at, true);
    return varintHigh(this.bytes, at) * wordLimit + (varintLow(this.bytes, at) >>> 0);
  }
}

/** Tables with the member that was found last for each attribute, -1 = none. */
type MemberMemory = { readonly tables: Tables; readonly lastMember: Int16Array };
