// A loaded registry: the flat sections, searches over them, and the few lists that are quicker
// derived than stored. Read-only and free of state, so any number of passes may share one.
import { slotShift, valueHash } from "./key-hash.ts";
import type { TableSections } from "./table-layout.ts";
import { atomKind, attributeFlag, requirement, signalKind } from "./table-layout.ts";
import { TextIndex } from "./text-index.ts";

/** Bit of a look-up's answer: the key stands under a template. */
export const viaTemplate = 0x8000;

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const hashOf = valueHash;

const dot = 46;
const decoder = new TextDecoder();

/** Of `named`: sixty times what the official registry takes. */
const namedBytesDefault = 1 << 22;

type SlotsName = "spanSlots" | "spanIdSlots" | "metricSlots" | "eventSlots" | "entitySlots";

const namedAs = (level: number): number => {
  if (level === requirement.required) return 3;
  return level === requirement.optIn ? 1 : 2;
};

export class Tables {
  readonly sections: TableSections;
  /** Version, URL and schema URL of the registry. */
  readonly version: string;
  readonly registryUrl: string;
  readonly schemaUrl: string;
  readonly text: Uint8Array;
  readonly textView: DataView;
  readonly attributeCount: number;
  readonly groupCount: number;
  /** Spans are the groups below this one. */
  readonly spanCount: number;
  readonly spans: TextIndex;
  readonly spanIds: TextIndex;
  readonly metrics: TextIndex;
  readonly events: TextIndex;
  readonly entities: TextIndex;
  readonly members: TextIndex;
  /** For each attribute the spans that it tells: `posted[postings[a]..postings[a + 1])`. */
  readonly postings: Uint32Array;
  readonly posted: Uint16Array;
  /** For each group its rows that are required or have a condition: `wanted[wantedAt[g]..)`. */
  readonly wantedAt: Uint32Array;
  readonly wanted: Uint32Array;
  /** Spans below it have their rows in `named`. */
  readonly namedSpans: number;
  /**
   * How a span names an attribute, `named[span * attributeCount + attribute]`: 0 not at all, 1
   * opt_in, 2 recommended or under a condition, 3 required.
   */
  readonly named: Uint8Array;
  /** 1 for a span whose conditions read values. */
  readonly readsValues: Uint8Array;
  /** 1 for a group that is associated with entities. */
  readonly associates: Uint8Array;
  readonly #keys: TextIndex;
  /** Of attributes and templates alike. */
  protected readonly templates: TextIndex;
  readonly #namespaces: TextIndex;
  readonly #memberShift: number;

  /**
   * The sections are whole: `loadTables` has checked them. Spans for which `named` has no room are
   * looked up by their rows.
   */
  constructor(sections: TableSections, namedBytesMax = namedBytesDefault) {
    this.sections = sections;
    this.text = sections.text;
    this.textView = new DataView(this.text.buffer, this.text.byteOffset, this.text.byteLength);
    this.version = this.#headText(0);
    this.registryUrl = this.#headText(2);
    this.schemaUrl = this.#headText(4);
    this.attributeCount = sections.attributeAt.length;
    this.groupCount = sections.groupSignal.length;
    this.spanCount = sections.groupSignal.filter((signal) => signal === signalKind.span).length;
    const attributes = {
      view: this.textView,
      at: sections.attributeAt,
      bytes: sections.attributeBytes,
    };
    this.#keys = new TextIndex(attributes, sections.keySlots);
    this.templates = new TextIndex(attributes, sections.templateSlots);
    const { namespaceAt: at, namespaceBytes: bytes } = sections;
    this.#namespaces = new TextIndex({ view: this.textView, at, bytes }, sections.namespaceSlots);
    this.spans = this.#groupNames("spanSlots");
    this.spanIds = this.#groupIds();
    this.metrics = this.#groupNames("metricSlots");
    this.events = this.#groupNames("eventSlots");
    this.entities = this.#groupNames("entitySlots");
    const members = { view: this.textView, at: sections.memberAt, bytes: sections.memberBytes };
    this.members = new TextIndex(members, sections.memberSlots);
    this.#memberShift = slotShift(sections.memberSlots.length);
    this.postings = new Uint32Array(this.attributeCount + 1);
    this.posted = this.#post();
    this.wantedAt = new Uint32Array(this.groupCount + 1);
    this.wanted = this.#want();
    this.namedSpans = Math.min(
      this.spanCount,
      Math.floor(namedBytesMax / Math.max(1, this.attributeCount)),
    );
    this.named = this.#name();
    this.readsValues = this.#valueReaders();
    const { groupAssociations: first } = sections;
    this.associates = new Uint8Array(this.groupCount).map((_, group) =>
      first[group] === first[group + 1] ? 0 : 1,
    );
  }

  /** Number of the attribute under this key, with `viaTemplate` where it is a template's; or -1. */
  findKey(view: DataView, at: number, length: number): number {
    const exact = this.#keys.find(view, at, length);
    return exact >= 0 ? exact : this.findTemplate(view, at, length);
  }

  /** The longest template whose name and a dot begin the key, with something behind the dot. */
  protected findTemplate(view: DataView, at: number, length: number): number {
    for (let end = length - 2; end > 0; end -= 1) {
      if (view.getUint8(at + end) !== dot) continue;
      const found = this.templates.find(view, at, end);
      if (found >= 0) return found | viaTemplate;
    }
    return -1;
  }

  /** Whether some prefix of the key, up to a dot, is a namespace of the registry. */
  sharesNamespace(view: DataView, at: number, length: number): boolean {
    return this.namespaceBytes(view, at, length) > 0;
  }

  /** Length of the longest such prefix; 0 = there is none. */
  namespaceBytes(view: DataView, at: number, length: number): number {
    for (let end = length - 1; end > 0; end -= 1) {
      if (view.getUint8(at + end) === dot && this.#namespaces.find(view, at, end) >= 0) return end;
    }
    return 0;
  }

  /** Attributes that are not deprecated whose key is a proper prefix, up to a dot. */
  countPrefixes(view: DataView, at: number, length: number): number {
    let count = 0;
    for (let end = 1; end < length; end += 1) if (this.#isTaken(view, at, end)) count += 1;
    return count;
  }

  /** Lengths of these prefixes, shortest first. */
  prefixBytes(view: DataView, at: number, length: number): readonly number[] {
    const ends: number[] = [];
    for (let end = 1; end < length; end += 1) if (this.#isTaken(view, at, end)) ends.push(end);
    return ends;
  }

  /** Whether the first `end` bytes, before a dot, are such an attribute. */
  #isTaken(view: DataView, at: number, end: number): boolean {
    if (view.getUint8(at + end) !== dot) return false;
    const found = this.#keys.find(view, at, end);
    if (found < 0) return false;
    return ((this.sections.attributeFlags[found] as number) & attributeFlag.deprecated) === 0;
  }

  /** Number of the owner's member that is this text, or -1. */
  findMember(owner: number, view: DataView, at: number, length: number): number {
    const { memberSlots: slots, memberOwner, memberBytes } = this.sections;
    const mask = slots.length - 1;
    let slot = hashOf(view, at, length, owner) >>> this.#memberShift;
    for (;;) {
      const member = slots[slot] as number;
      if (member < 0) return -1;
      if (memberOwner[member] === owner && memberBytes[member] === length) {
        if (this.members.isAt(member, view, at)) return member;
      }
      slot = (slot + 1) & mask;
    }
  }

  isTemplate(attribute: number): boolean {
    return ((this.sections.attributeFlags[attribute] as number) & attributeFlag.template) !== 0;
  }

  /** Whether `length` bytes at `at` begin with the attribute's own name. */
  beginsKey(attribute: number, view: DataView, at: number, length: number): boolean {
    const bytes = this.sections.attributeBytes[attribute] as number;
    return bytes <= length && this.templates.isAt(attribute, view, at);
  }

  attributeName(attribute: number): string {
    const { attributeAt, attributeBytes } = this.sections;
    return this.#textAt(attributeAt[attribute] ?? 0, attributeBytes[attribute] ?? 0);
  }

  groupId(group: number): string {
    const { groupIdAt, groupIdBytes } = this.sections;
    return this.#textAt(groupIdAt[group] ?? 0, groupIdBytes[group] ?? 0);
  }

  groupName(group: number): string {
    const { groupNameAt, groupNameBytes } = this.sections;
    return this.#textAt(groupNameAt[group] ?? 0, groupNameBytes[group] ?? 0);
  }

  groupUnit(group: number): string {
    const { groupUnitAt, groupUnitBytes } = this.sections;
    return this.#textAt(groupUnitAt[group] ?? 0, groupUnitBytes[group] ?? 0);
  }

  /** The pattern of a constraint by its number + 1, as it is written. */
  patternText(constraint: number): string {
    const { patternAt, patternBytes } = this.sections;
    return this.#textAt(patternAt[constraint - 1] ?? 0, patternBytes[constraint - 1] ?? 0);
  }

  /** What an atom of a condition compares with. */
  atomText(atom: number): string {
    const { atomAt, atomBytes } = this.sections;
    return this.#textAt(atomAt[atom] ?? 0, atomBytes[atom] ?? 0);
  }

  /** Note of a deprecation by its number + 1. "" for 0. */
  deprecationText(deprecation: number): string {
    const { deprecationAt, deprecationBytes } = this.sections;
    const index = deprecation - 1;
    return this.#textAt(deprecationAt[index] ?? 0, deprecationBytes[index] ?? 0);
  }

  #textAt(at: number, bytes: number): string {
    return decoder.decode(this.text.subarray(at, at + bytes));
  }

  #headText(i: number): string {
    return this.#textAt(this.sections.head[i] ?? 0, this.sections.head[i + 1] ?? 0);
  }

  #groupNames(slots: SlotsName): TextIndex {
    const { groupNameAt: at, groupNameBytes: bytes } = this.sections;
    return new TextIndex({ view: this.textView, at, bytes }, this.sections[slots]);
  }

  #groupIds(): TextIndex {
    const { groupIdAt: at, groupIdBytes: bytes, spanIdSlots } = this.sections;
    return new TextIndex({ view: this.textView, at, bytes }, spanIdSlots);
  }

  /** 1 for attributes that more spans require than merely recommend: they tell spans apart. */
  #telling(): Uint8Array {
    const { groupRows, rowAttribute, rowLevel } = this.sections;
    const balance = new Int32Array(this.attributeCount);
    const end = groupRows[this.spanCount] as number;
    for (let row = 0; row < end; row += 1) {
      const level = rowLevel[row] as number;
      if (level === requirement.optIn) continue;
      const attribute = rowAttribute[row] as number;
      balance[attribute] =
        (balance[attribute] as number) + (level === requirement.required ? 1 : -1);
    }
    return Uint8Array.from(balance, (count) => (count > 0 ? 1 : 0));
  }

  /** Two passes: counts, then places. */
  #post(): Uint16Array {
    const { groupRows, rowAttribute, rowLevel } = this.sections;
    const { postings } = this;
    const telling = this.#telling();
    const isPosted = (row: number): boolean =>
      rowLevel[row] === requirement.required && telling[rowAttribute[row] as number] === 1;
    const end = groupRows[this.spanCount] as number;
    for (let row = 0; row < end; row += 1) {
      if (!isPosted(row)) continue;
      const next = (rowAttribute[row] as number) + 1;
      postings[next] = (postings[next] as number) + 1;
    }
    for (let i = 1; i < postings.length; i += 1) {
      postings[i] = (postings[i] as number) + (postings[i - 1] as number);
    }
    const places = postings.slice();
    const posted = new Uint16Array(postings.at(-1) ?? 0);
    for (let group = 0; group < this.spanCount; group += 1) {
      for (let row = groupRows[group] as number; row < (groupRows[group + 1] as number); row += 1) {
        if (!isPosted(row)) continue;
        const attribute = rowAttribute[row] as number;
        const place = places[attribute] as number;
        posted[place] = group;
        places[attribute] = place + 1;
      }
    }
    return posted;
  }

  #want(): Uint32Array {
    const { groupRows, rowLevel, rowCondition } = this.sections;
    const rows: number[] = [];
    for (let group = 0; group < this.groupCount; group += 1) {
      for (let row = groupRows[group] as number; row < (groupRows[group + 1] as number); row += 1) {
        if (rowLevel[row] === requirement.required || rowCondition[row] !== 0) rows.push(row);
      }
      this.wantedAt[group + 1] = rows.length;
    }
    return Uint32Array.from(rows);
  }

  #name(): Uint8Array {
    const { groupRows, rowAttribute, rowLevel } = this.sections;
    const named = new Uint8Array(this.namedSpans * this.attributeCount);
    for (let span = 0; span < this.namedSpans; span += 1) {
      for (let row = groupRows[span] as number; row < (groupRows[span + 1] as number); row += 1) {
        const at = span * this.attributeCount + (rowAttribute[row] as number);
        named[at] = namedAs(rowLevel[row] as number);
      }
    }
    return named;
  }

  #valueReaders(): Uint8Array {
    const { groupRows, rowCondition, conditionAtoms, atomKind: kinds } = this.sections;
    const readers = new Uint8Array(this.groupCount);
    for (let group = 0; group < this.groupCount; group += 1) {
      for (let row = groupRows[group] as number; row < (groupRows[group + 1] as number); row += 1) {
        const condition = rowCondition[row] as number;
        if (condition === 0) continue;
        const end = conditionAtoms[condition] as number;
        for (let atom = conditionAtoms[condition - 1] as number; atom < end; atom += 1) {
          if (kinds[atom] === atomKind.equals) readers[group] = 1;
        }
      }
    }
    return readers;
  }
}
