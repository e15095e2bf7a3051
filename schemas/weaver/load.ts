// Compiled tables from bytes that may come from anywhere (a key-value store, a file): magic,
// version, sizes, checksum and every index are looked at before anything is used, so a damaged or
// foreign blob is a value and never a wrong verdict. No copy: the tables are views into the bytes.
import { automatonWords } from "./pattern-match.ts";
import type { SectionName, TableSections } from "./table-layout.ts";
import {
  constraintFlag,
  directoryAt,
  elementBytes,
  headerBytes,
  sectionNames,
  sections,
  tableBytesMax,
  tableChecksum,
  tableMagic,
  tableVersion,
} from "./table-layout.ts";
import { Tables } from "./tables.ts";

export type LoadResult =
  | { readonly ok: true; readonly tables: Tables }
  /** What is wrong, with the value found and the limit or the value expected. */
  | { readonly ok: false; readonly problem: string };

const views = {
  u8: Uint8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  f64: Float64Array,
} as const;

const headProblem = (view: DataView): string => {
  const bytes = view.byteLength;
  if (bytes < headerBytes || bytes > tableBytesMax) {
    return `tables: ${bytes} bytes, limits ${headerBytes} to ${tableBytesMax}`;
  }
  if (view.getUint32(0, true) !== tableMagic) return "tables: not a compiled registry";
  const version = view.getUint32(4, true);
  if (version !== tableVersion) {
    return `tables: layout version ${version}, expected ${tableVersion}; compile the registry again`;
  }
  const stated = view.getUint32(8, true);
  return stated === bytes ? "" : `tables: ${bytes} bytes, the header says ${stated}`;
};

type Open = { -readonly [name in SectionName]?: TableSections[name] };

/** Views of all sections, or the problem. */
const sectionsOf = (buffer: ArrayBuffer, view: DataView): TableSections | string => {
  const open: Open = {};
  for (const [index, name] of sectionNames.entries()) {
    const at = view.getUint32(directoryAt + index * 8, true);
    const count = view.getUint32(directoryAt + index * 8 + 4, true);
    const element = sections[name];
    if (
      at % 8 !== 0 ||
      at < headerBytes ||
      at + count * elementBytes[element] > buffer.byteLength
    ) {
      return `tables: section ${name} of ${count} at ${at} does not fit`;
    }
    Object.assign(open, { [name]: new views[element](buffer, at, count) });
  }
  // A copy, for V8 takes an object that was made key by key as a dictionary: each look at a section
  // would be a search.
  return { ...(open as TableSections) };
};

/** Sections whose entries index another: bounds and, for lists of first entries, order. */
type Rule = {
  readonly of: SectionName;
  /** Values are below this count. */
  readonly below: (tables: TableSections) => number;
};

const attributes = (t: TableSections): number => t.attributeAt.length;
const groups = (t: TableSections): number => t.groupSignal.length;
const deprecations = (t: TableSections): number => t.deprecationReason.length + 1;

const rules: readonly Rule[] = [
  { of: "attributeConstraint", below: (t) => t.constraintFlags.length + 1 },
  { of: "attributeDeprecation", below: deprecations },
  { of: "groupDeprecation", below: deprecations },
  { of: "keySlots", below: attributes },
  { of: "templateSlots", below: attributes },
  { of: "memberOwner", below: (t) => attributes(t) * 2 },
  { of: "memberSlots", below: (t) => t.memberOwner.length },
  { of: "spanSlots", below: groups },
  { of: "spanIdSlots", below: groups },
  { of: "metricSlots", below: groups },
  { of: "eventSlots", below: groups },
  { of: "entitySlots", below: groups },
  { of: "namespaceSlots", below: (t) => t.namespaceAt.length },
  { of: "rowAttribute", below: attributes },
  { of: "rowLevel", below: () => 5 },
  { of: "rowCondition", below: (t) => t.conditionAtoms.length },
  { of: "groupSignal", below: () => 4 },
  { of: "atomKind", below: () => 3 },
  { of: "atomAttribute", below: attributes },
  { of: "globGroup", below: groups },
  { of: "associationOperator", below: () => 3 },
];

/** Sections of one table have one length. */
const sameLengths: readonly (readonly SectionName[])[] = [
  [
    "attributeAt",
    "attributeBytes",
    "attributeAccept",
    "attributeFlags",
    "attributeStability",
    "attributeConstraint",
    "attributeDeprecation",
  ],
  ["memberOwner", "memberAt", "memberBytes"],
  [
    "groupSignal",
    "groupKind",
    "groupFlags",
    "groupStability",
    "groupDeprecation",
    "groupIdAt",
    "groupIdBytes",
    "groupNameAt",
    "groupNameBytes",
    "groupUnitAt",
    "groupUnitBytes",
  ],
  ["rowAttribute", "rowLevel", "rowCondition"],
  ["atomKind", "atomAttribute", "atomAt", "atomBytes"],
  ["globRank", "globGroup", "globAt", "globBytes"],
  ["associationOperator", "associationOperand"],
  [
    "constraintFlags",
    "constraintMin",
    "constraintMax",
    "constraintCharacters",
    "constraintPattern",
    "patternAt",
    "patternBytes",
  ],
  ["deprecationReason", "deprecationAt", "deprecationBytes"],
  ["namespaceAt", "namespaceBytes"],
];

const textRanges: readonly (readonly [SectionName, SectionName])[] = [
  ["attributeAt", "attributeBytes"],
  ["memberAt", "memberBytes"],
  ["groupIdAt", "groupIdBytes"],
  ["groupNameAt", "groupNameBytes"],
  ["groupUnitAt", "groupUnitBytes"],
  ["atomAt", "atomBytes"],
  ["globAt", "globBytes"],
  ["deprecationAt", "deprecationBytes"],
  ["patternAt", "patternBytes"],
  ["namespaceAt", "namespaceBytes"],
];

const slotSections = sectionNames.filter((name) => name.endsWith("Slots"));

/** At least half of the slots are empty, or a search might not end. */
const areSlots = (slots: TableSections[SectionName]): boolean => {
  const { length } = slots;
  if (length < 2 || (length & (length - 1)) !== 0) return false;
  let taken = 0;
  for (let i = 0; i < length; i += 1) if ((slots[i] as number) >= 0) taken += 1;
  return taken * 2 <= length;
};

const isWithin = (values: TableSections[SectionName], below: number): boolean => {
  for (let i = 0; i < values.length; i += 1) if ((values[i] as number) >= below) return false;
  return true;
};

const areInText = (t: TableSections, at: SectionName, bytes: SectionName): boolean => {
  const starts = t[at];
  const lengths = t[bytes];
  const end = t.text.length;
  for (let i = 0; i < starts.length; i += 1) {
    if ((starts[i] as number) + (lengths[i] as number) > end) return false;
  }
  return true;
};

/** First entries of `count` lists, and the end of the last. */
const areFirsts = (firsts: Uint32Array, count: number, total: number): boolean => {
  if (firsts.length !== count + 1 || firsts[count] !== total) return false;
  for (let i = 0; i < count; i += 1) {
    if ((firsts[i] as number) > (firsts[i + 1] as number)) return false;
  }
  return true;
};

const contentProblem = (t: TableSections): string => {
  const uneven = sameLengths.find((names) => new Set(names.map((name) => t[name].length)).size > 1);
  if (uneven !== undefined) return `tables: ${uneven.join(", ")} differ in length`;
  const outside = rules.find(({ of, below }) => !isWithin(t[of], below(t)));
  if (outside !== undefined) return `tables: ${outside.of} points outside`;
  const torn = textRanges.find(([at, bytes]) => !areInText(t, at, bytes));
  if (torn !== undefined) return `tables: ${torn[0]} leads outside of the text`;
  const full = slotSections.find((name) => !areSlots(t[name]));
  if (full !== undefined) return `tables: ${full} is no table of slots`;
  if (
    !areFirsts(t.groupRows, groups(t), t.rowAttribute.length) ||
    !areFirsts(t.groupAssociations, groups(t), t.associationOperator.length) ||
    !areFirsts(t.conditionAtoms, t.conditionAtoms.length - 1, t.atomKind.length)
  ) {
    return "tables: lists of rows are out of order";
  }
  return headTextProblem(t) || constraintProblem(t) || associationProblem(t);
};

const headTextProblem = ({ head, text }: TableSections): string => {
  const isWhole =
    head.length === 6 &&
    [0, 2, 4].every((i) => (head[i] as number) + (head[i + 1] as number) <= text.length);
  return isWhole ? "" : "tables: head leads outside of the text";
};

const constraintProblem = (t: TableSections): string => {
  for (let i = 0; i < t.constraintFlags.length; i += 1) {
    const at = t.constraintPattern[i] as number;
    const hasPattern = ((t.constraintFlags[i] as number) & constraintFlag.pattern) !== 0;
    if (hasPattern && automatonWords(t.automata, at) < 0) {
      return `tables: pattern at ${at} is damaged`;
    }
  }
  return "";
};

/** Runs every program without values: operands exist, one value is left. */
const associationProblem = (t: TableSections): string => {
  for (let group = 0; group < groups(t); group += 1) {
    let depth = 0;
    const end = t.groupAssociations[group + 1] as number;
    const start = t.groupAssociations[group] as number;
    for (let i = start; i < end; i += 1) {
      const operand = t.associationOperand[i] as number;
      const isEntity = t.associationOperator[i] === 0;
      if (isEntity ? operand >= groups(t) : operand > depth) return "tables: associations are torn";
      depth += isEntity ? 1 : 1 - operand;
    }
    if (end > start && depth !== 1) return "tables: associations are torn";
  }
  return "";
};

/**
 * Reads a compiled registry. The bytes are used in place when they begin at a multiple of 8 of
 * their buffer, else copied once; they must not change afterwards. Never throws.
 */
export const loadTables = (bytes: Uint8Array): LoadResult => {
  const isAligned = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer;
  const own = isAligned && bytes.byteOffset === 0 ? bytes : Uint8Array.from(bytes);
  const buffer = own.buffer as ArrayBuffer;
  const view = new DataView(buffer, 0, own.byteLength);
  const head = headProblem(view);
  if (head !== "") return { ok: false, problem: head };
  if (view.getUint32(12, true) !== tableChecksum(own)) {
    return { ok: false, problem: "tables: the checksum differs, the bytes are damaged" };
  }
  const found = sectionsOf(buffer, view);
  if (typeof found === "string") return { ok: false, problem: found };
  const problem = contentProblem(found);
  if (problem !== "") return { ok: false, problem };
  return { ok: true, tables: new Tables(found) };
};
