// The bytes of a compiled registry: a header, a directory, then plain little-endian arrays, so that
// loading makes views and parses nothing. One file says where everything lies; compile.ts writes
// it, load.ts reads it. No pointers: texts are (offset, length) in `text`, everything else indexes.
//
//   0  u32 magic        4  u32 layout version   8  u32 bytes in all
//   12 u32 checksum of the words from 16 on     16 (offset u32, count u32) for each section
//   then the sections in this order, each at a multiple of 8

export const tableMagic = 0x52494557;
export const tableVersion = 3;
export const directoryAt = 16;

/** More than this is no registry's tables. */
export const tableBytesMax = 8 << 20;
/** Attributes, groups, members: slots are signed 16-bit words. */
export const entriesMax = 32_767;

export type Element = "u8" | "u16" | "i16" | "u32" | "f64";

export const elementBytes: { readonly [element in Element]: number } = {
  u8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  f64: 8,
};

/** Order is the order in the blob. */
export const sections = {
  /** version, registry_url, schema_url: offset and length in `text` for each. */
  head: "u32",
  text: "u8",
  // One entry per attribute key; templates are among them, without `template[` and dot.
  attributeAt: "u32",
  attributeBytes: "u16",
  /** Bit per sample type that is accepted. */
  attributeAccept: "u16",
  attributeFlags: "u8",
  /** Index into stabilityNames. */
  attributeStability: "u8",
  /** Index + 1 of the constraint, 0 = none. */
  attributeConstraint: "u16",
  /** Index + 1 of the deprecation, 0 = none. */
  attributeDeprecation: "u16",
  /** Open addressing over the key's hash; -1 = empty. */
  keySlots: "i16",
  templateSlots: "i16",
  // Members of enums; numbers as decimal text. The owner is twice the attribute, and one more for
  // a number: the text "1" is not the number 1.
  memberOwner: "u16",
  memberAt: "u32",
  memberBytes: "u16",
  memberSlots: "i16",
  // Spans, metrics, events and entities, in this order, each sorted by id.
  groupSignal: "u8",
  /** Span kind 1 to 5 or instrument 1 to 4; 0 = any. */
  groupKind: "u8",
  groupFlags: "u8",
  groupStability: "u8",
  groupDeprecation: "u16",
  groupIdAt: "u32",
  groupIdBytes: "u16",
  groupNameAt: "u32",
  groupNameBytes: "u16",
  groupUnitAt: "u32",
  groupUnitBytes: "u16",
  /** First row of each group, and the end of the last. */
  groupRows: "u32",
  // Found by name; spans by their whole id too.
  spanSlots: "i16",
  spanIdSlots: "i16",
  metricSlots: "i16",
  eventSlots: "i16",
  entitySlots: "i16",
  // What a group says of an attribute.
  rowAttribute: "u16",
  rowLevel: "u8",
  /** Index + 1 of the condition, 0 = none or prose. */
  rowCondition: "u16",
  // Conditions are all of their atoms.
  conditionAtoms: "u32",
  atomKind: "u8",
  atomAttribute: "u16",
  atomAt: "u32",
  atomBytes: "u16",
  // Globs over span names, in order of rank: before an exact name, or after it.
  globRank: "u8",
  globGroup: "u16",
  globAt: "u32",
  globBytes: "u16",
  // Entities that a group wants beside it: programs in postfix order.
  groupAssociations: "u32",
  associationOperator: "u8",
  associationOperand: "u16",
  // Constraints of values.
  constraintFlags: "u8",
  constraintMin: "f64",
  constraintMax: "f64",
  constraintCharacters: "u32",
  /** Offset of the automaton in `automata`. */
  constraintPattern: "u32",
  /** The pattern as it is written. */
  patternAt: "u32",
  patternBytes: "u16",
  automata: "u16",
  // Deprecations.
  deprecationReason: "u8",
  /** The note. */
  deprecationAt: "u32",
  deprecationBytes: "u16",
  // Prefixes of keys up to a dot.
  namespaceAt: "u32",
  namespaceBytes: "u16",
  namespaceSlots: "i16",
} as const satisfies { readonly [section: string]: Element };

export type SectionName = keyof typeof sections;

export const sectionNames = Object.keys(sections) as readonly SectionName[];

/** Where the first section can begin. */
export const headerBytes = directoryAt + sectionNames.length * 8;

type ArrayOf = {
  u8: Uint8Array;
  u16: Uint16Array;
  i16: Int16Array;
  u32: Uint32Array;
  f64: Float64Array;
};

/** The sections as typed arrays. */
export type TableSections = { readonly [name in SectionName]: ArrayOf[(typeof sections)[name]] };

export const attributeFlag = {
  deprecated: 1,
  unstable: 2,
  enum: 4,
  template: 8,
  constrained: 16,
  /** No dot in the key. */
  noNamespace: 32,
  /** The key is not lower-case words between dots and underscores. */
  badFormat: 64,
  /** A prefix of the key, up to a dot, is itself an attribute that is not deprecated. */
  badNamespace: 128,
} as const;

export const globRank = { match: 0, name: 1 } as const;

export const groupFlag = { deprecated: 1, unstable: 2 } as const;

export const signalKind = { span: 0, metric: 1, event: 2, entity: 3 } as const;

export const spanKinds = ["", "internal", "server", "client", "producer", "consumer"] as const;
export const instruments = ["", "counter", "histogram", "gauge", "updowncounter"] as const;

/** Requirement levels; higher is stronger. */
export const requirement = { optIn: 1, recommended: 2, conditional: 3, required: 4 } as const;

export const atomKind = { present: 0, equals: 1, statusError: 2 } as const;

export const associationOperator = { entity: 0, oneOf: 1, allOf: 2 } as const;

export const constraintFlag = { min: 1, max: 2, characters: 4, pattern: 8 } as const;

/** By number; the unknown and what says nothing are 0. */
export const stabilityNames = [
  "",
  "stable",
  "development",
  "alpha",
  "beta",
  "release_candidate",
] as const;

export const deprecationReasons = ["renamed", "obsoleted", "uncategorized", "unspecified"] as const;

/** What a value is, seen from outside: members of AnyValue 0-7, arrays by their elements. */
export const sampleType = {
  none: 0,
  string: 1,
  boolean: 2,
  int: 3,
  double: 4,
  list: 6,
  bytes: 7,
  emptyArray: 8,
  strings: 9,
  booleans: 10,
  ints: 11,
  doubles: 12,
  mixedArray: 15,
} as const;

/** Their names, as `weir check` has them; "" for what has no type. */
export const sampleTypeNames: { readonly [type: number]: string } = {
  [sampleType.string]: "string",
  [sampleType.boolean]: "boolean",
  [sampleType.int]: "int",
  [sampleType.double]: "double",
  [sampleType.list]: "map",
  [sampleType.bytes]: "bytes",
  [sampleType.emptyArray]: "[]",
  [sampleType.strings]: "string[]",
  [sampleType.booleans]: "boolean[]",
  [sampleType.ints]: "int[]",
  [sampleType.doubles]: "double[]",
  [sampleType.mixedArray]: "mixed[]",
};

/** FNV-1a over 32-bit words: finds damage, not attacks. */
export const tableChecksum = (bytes: Uint8Array): number => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  let hash = 0x811c9dc5;
  for (let i = directoryAt >>> 2; i < words.length; i += 1) {
    hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
};
