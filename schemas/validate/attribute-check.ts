// The attributes of one record against the registry: every key, type and value, then what its group
// wants and lacks. The direct path: it reads any encoding, needs no memory of earlier records and
// is the oracle of the fused pass.
import type { AttributeTable } from "../otlp/attribute-table.ts";
import { attributeStride, attributeWord, valueType } from "../otlp/attribute-table.ts";
import { varintHigh, varintLow } from "../otlp/wire.ts";
import { atomKind, requirement } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import { absentFrom, placedMax } from "./found.ts";
import { KeyCheck, attributeOf } from "./key-check.ts";
import type { ValidationPlan } from "./plan.ts";
import { ValueCheck, isWatched } from "./value-check.ts";

const rowsAtFirst = 64;
const generationMax = 0xffffffff;

/** Codes of what is absent, for the levels of a group's rows. */
export type AbsentCodes = {
  readonly required: number;
  readonly recommended: number;
  readonly optIn: number;
  /** The condition is prose. */
  readonly conditional: number;
};

export const attributeCodes: AbsentCodes = {
  required: finding.requiredAttribute,
  recommended: finding.recommendedAttribute,
  optIn: finding.optInAttribute,
  conditional: finding.conditionalAttribute,
};

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const word = attributeWord;
const stride = attributeStride;
const { required, recommended, optIn } = requirement;
const { typeMismatch, conditionMet, requiredAttribute, unexpectedAttribute } = finding;
const keyOf = attributeOf;
const isChecked = isWatched;

const decoder = new TextDecoder();

/** One per thread, reused: `begin`, then lists, then `absent`. */
export class AttributeCheck {
  readonly values: ValueCheck;
  /** Numbers of the attributes that are present, each once. */
  present: Int32Array = new Int32Array(rowsAtFirst);
  presentCount = 0;
  /** Place of each one, and its row in the table that was read last. */
  #places = new Int32Array(rowsAtFirst);
  #rowOf = new Int32Array(0);
  /** Further ones of the same attribute, as keys of a template are: attribute and place. */
  #further: Int32Array = new Int32Array(rowsAtFirst);
  #furtherCount = 0;
  readonly #found: Found;
  readonly #keys: KeyCheck;
  #plan: ValidationPlan | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Generation in which an attribute was last present, and last part of the group. */
  #presentIn = new Uint32Array(0);
  #groupedIn = new Uint32Array(0);
  #generation = 0;
  #table: AttributeTable | null = null;

  constructor(found: Found) {
    this.#found = found;
    this.#keys = new KeyCheck(found);
    this.values = new ValueCheck(found);
  }

  /** Sets the bytes that the next records lie in. */
  open(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes;
    this.#view = view;
    this.values.bytes = bytes;
    this.values.view = view;
  }

  /** Begins a record. */
  begin(plan: ValidationPlan): void {
    this.#plan = plan;
    this.#table = null;
    this.presentCount = 0;
    this.#furtherCount = 0;
    const { attributeCount } = plan.tables;
    if (this.#presentIn.length < attributeCount) {
      this.#presentIn = new Uint32Array(attributeCount);
      this.#groupedIn = new Uint32Array(attributeCount);
      this.#rowOf = new Int32Array(attributeCount);
      this.#generation = 0;
    }
    if (this.#generation === generationMax) {
      this.#presentIn.fill(0);
      this.#groupedIn.fill(0);
      this.#generation = 0;
    }
    this.#generation += 1;
  }

  /**
   * Checks the rows of a table; `place` is that of its first attribute. `withValues` false leaves
   * out what depends on values: the fused pass asks that for every record anew.
   */
  list(table: AttributeTable, place: number, withValues: boolean): void {
    const plan = this.#plan;
    if (plan === null) return;
    const { tables, typeAt } = plan;
    const { rows, count } = table;
    const { attributeAccept } = tables.sections;
    const found = this.#found;
    // Of the record's own list the place is the index.
    const indexMax = place === 0 ? count : placedMax;
    this.#table = table;
    for (let index = 0; index < count; index += 1) {
      const row = index * stride;
      const keyStart = rows[row + word.keyStart] as number;
      const length = (rows[row + word.keyEnd] as number) - keyStart;
      found.place = place + (index < indexMax ? index : indexMax);
      const attribute = keyOf(this.#keys.check(tables, this.#view, keyStart, length));
      if (attribute < 0) continue;
      this.#mark(attribute, found.place, index);
      const type = typeAt(this.#bytes, rows, index);
      if ((((attributeAccept[attribute] as number) >>> type) & 1) === 0) {
        found.add(typeMismatch, attribute);
      } else if (withValues && isChecked(tables, attribute)) {
        this.values.start = rows[row + word.valueStart] as number;
        this.values.end = rows[row + word.valueEnd] as number;
        this.values.check(plan, attribute, type);
      }
    }
  }

  /** Whether an entity's attribute is there: to Weaver a template is the key of its own name. */
  isOfEntity(attribute: number): boolean {
    const plan = this.#plan;
    return plan !== null && plan.isWeaver && plan.tables.isTemplate(attribute)
      ? this.#hasKey(plan.tables, attribute, true)
      : this.#isPresent(attribute);
  }

  /** What the group wants and the record lacks, and what it has beside the group. */
  absent(group: number, isError: boolean, codes: AbsentCodes): void {
    const plan = this.#plan;
    if (plan === null) return;
    const { tables, isWeaver } = plan;
    const { groupRows, rowAttribute, rowLevel, rowCondition } = tables.sections;
    const found = this.#found;
    found.place = absentFrom(group);
    const end = groupRows[group + 1] as number;
    for (let row = groupRows[group] as number; row < end; row += 1) {
      const attribute = rowAttribute[row] as number;
      if (this.#presentIn[attribute] === this.#generation) continue;
      if (isWeaver && this.#hasInstance(tables, attribute)) continue;
      const level = rowLevel[row] as number;
      if (level === required) found.add(codes.required, attribute);
      else if (level === recommended) found.add(codes.recommended, attribute);
      else if (level === optIn) found.add(codes.optIn, attribute);
      else {
        const condition = rowCondition[row] as number;
        if (condition === 0) found.add(codes.conditional, attribute);
        else if (this.#holds(tables, condition, isError)) {
          found.add(conditionMet, attribute);
        }
      }
    }
    this.#unexpected(tables, group);
  }

  /** The same of a span or event, which is told only what it must have. */
  absentWanted(group: number, isError: boolean): void {
    const plan = this.#plan;
    if (plan === null) return;
    const { tables } = plan;
    const { wanted, wantedAt } = tables;
    const { rowAttribute, rowLevel, rowCondition } = tables.sections;
    const found = this.#found;
    found.place = absentFrom(group);
    const end = wantedAt[group + 1] as number;
    for (let i = wantedAt[group] as number; i < end; i += 1) {
      const row = wanted[i] as number;
      const attribute = rowAttribute[row] as number;
      if (this.#presentIn[attribute] === this.#generation) continue;
      if (rowLevel[row] === required) found.add(requiredAttribute, attribute);
      else if (this.#holds(tables, rowCondition[row] as number, isError)) {
        found.add(conditionMet, attribute);
      }
    }
    this.#unexpected(tables, group);
  }

  /** Required attributes of the group that the record lacks. */
  missing({ wanted, wantedAt, sections }: Tables, group: number): number {
    const { rowAttribute, rowLevel } = sections;
    let count = 0;
    const end = wantedAt[group + 1] as number;
    for (let i = wantedAt[group] as number; i < end; i += 1) {
      const row = wanted[i] as number;
      if (rowLevel[row] !== required) continue;
      if (this.#presentIn[rowAttribute[row] as number] !== this.#generation) count += 1;
    }
    return count;
  }

  /** Attributes that the span names above opt_in and the record has; required ones count twice. */
  votes(tables: Tables, span: number): number {
    if (span >= tables.namedSpans) return this.#votesByRows(tables, span);
    const { named, attributeCount } = tables;
    const from = span * attributeCount;
    let count = 0;
    for (let i = 0; i < this.presentCount; i += 1) {
      const level = named[from + (this.present[i] as number)] as number;
      if (level > 1) count += level - 1;
    }
    return count;
  }

  #votesByRows({ sections }: Tables, group: number): number {
    const { groupRows, rowAttribute, rowLevel } = sections;
    let count = 0;
    const end = groupRows[group + 1] as number;
    for (let row = groupRows[group] as number; row < end; row += 1) {
      const level = rowLevel[row] as number;
      if (level === optIn) continue;
      if (this.#presentIn[rowAttribute[row] as number] !== this.#generation) continue;
      count += level === required ? 2 : 1;
    }
    return count;
  }

  /** Attributes of the record that the group does not name, each key of a template. */
  #unexpected(tables: Tables, group: number): void {
    const found = this.#found;
    if (found.decisions[unexpectedAttribute] === 0) return;
    if (group >= tables.namedSpans) this.#markGroup(tables, group);
    for (let i = 0; i < this.presentCount; i += 1) {
      const attribute = this.present[i] as number;
      if (this.#isNamed(tables, group, attribute)) continue;
      found.place = this.#places[i] as number;
      found.add(unexpectedAttribute, attribute);
    }
    for (let i = 0; i < this.#furtherCount; i += 2) {
      const attribute = this.#further[i] as number;
      if (this.#isNamed(tables, group, attribute)) continue;
      found.place = this.#further[i + 1] as number;
      found.add(unexpectedAttribute, attribute);
    }
  }

  #isNamed({ named, namedSpans, attributeCount }: Tables, group: number, attribute: number) {
    return group >= namedSpans
      ? this.#groupedIn[attribute] === this.#generation
      : named[group * attributeCount + attribute] !== 0;
  }

  #markGroup({ sections }: Tables, group: number): void {
    const { groupRows, rowAttribute } = sections;
    const end = groupRows[group + 1] as number;
    for (let row = groupRows[group] as number; row < end; row += 1) {
      this.#groupedIn[rowAttribute[row] as number] = this.#generation;
    }
  }

  #mark(attribute: number, place: number, row: number): void {
    // The last one of a key counts, as in every reader of repeated keys.
    this.#rowOf[attribute] = row;
    if (this.#presentIn[attribute] === this.#generation) {
      if (this.#furtherCount === this.#further.length) this.#further = larger(this.#further);
      this.#further[this.#furtherCount] = attribute;
      this.#further[this.#furtherCount + 1] = place;
      this.#furtherCount += 2;
      return;
    }
    this.#presentIn[attribute] = this.#generation;
    if (this.presentCount === this.present.length) {
      this.present = larger(this.present);
      this.#places = larger(this.#places);
    }
    this.present[this.presentCount] = attribute;
    this.#places[this.presentCount] = place;
    this.presentCount += 1;
  }

  #isPresent(attribute: number): boolean {
    return this.#presentIn[attribute] === this.#generation;
  }

  /** To Weaver every key that begins with a template's name is one of it, whatever else it is. */
  #hasInstance(tables: Tables, attribute: number): boolean {
    return tables.isTemplate(attribute) && this.#hasKey(tables, attribute, false);
  }

  /** Whether a key of the list begins with the attribute's name, or is it as a whole. */
  #hasKey(tables: Tables, attribute: number, isWhole: boolean): boolean {
    const table = this.#table;
    if (table === null) return false;
    const nameBytes = tables.sections.attributeBytes[attribute] as number;
    for (let index = 0; index < table.count; index += 1) {
      const at = table.rows[index * stride + word.keyStart] as number;
      const length = (table.rows[index * stride + word.keyEnd] as number) - at;
      if (isWhole && length !== nameBytes) continue;
      if (tables.beginsKey(attribute, this.#view, at, length)) return true;
    }
    return false;
  }

  /** Whether all atoms of a condition (its number + 1) hold. */
  #holds(tables: Tables, condition: number, isError: boolean): boolean {
    const { conditionAtoms, atomKind: kinds, atomAttribute } = tables.sections;
    const end = conditionAtoms[condition] as number;
    for (let atom = conditionAtoms[condition - 1] as number; atom < end; atom += 1) {
      const kind = kinds[atom] as number;
      const attribute = atomAttribute[atom] as number;
      if (kind === atomKind.statusError) {
        if (!isError) return false;
      } else if (!this.#isPresent(attribute)) return false;
      else if (kind === atomKind.equals && !this.#equals(tables, atom, attribute)) return false;
    }
    return true;
  }

  /** Only registries with such conditions come here, so text may be made. */
  #equals(tables: Tables, atom: number, attribute: number): boolean {
    const { atomAt, atomBytes } = tables.sections;
    const at = atomAt[atom] as number;
    const wanted = decoder.decode(tables.text.subarray(at, at + (atomBytes[atom] as number)));
    return this.#textOf(this.#rowOf[attribute] as number) === wanted;
  }

  /** A plain value as text; null for what is none. */
  #textOf(index: number): string | null {
    const rows = this.#table?.rows;
    if (rows === undefined) return null;
    const row = index * stride;
    const start = rows[row + word.valueStart] as number;
    const type = rows[row + word.valueType];
    if (type === valueType.string) {
      return decoder.decode(this.#bytes.subarray(start, rows[row + word.valueEnd]));
    }
    if (type === valueType.double) return String(this.#view.getFloat64(start, true));
    if (type !== valueType.int && type !== valueType.bool) return null;
    const low = BigInt(varintLow(this.#bytes, start) >>> 0);
    const value = (BigInt(varintHigh(this.#bytes, start)) << 32n) | low;
    // Any number but 0 is true, in as many bytes as its sender likes.
    return type === valueType.bool ? String(value !== 0n) : value.toString();
  }
}

const larger = (cells: Int32Array): Int32Array<ArrayBuffer> => {
  const grown = new Int32Array(cells.length * 2);
  grown.set(cells);
  return grown;
};
