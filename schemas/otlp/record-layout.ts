// Where the scanner puts what it finds: one row of 32-bit words per record, resource and scope, and
// for each message a table from field tag to what is done with the field. Offsets count from the
// start of the scanned array; 0 = absent (no value can stand at offset 0, its tag is before it).
// A range is two words, [start, end); an empty range has start = end. 64-bit times are two words,
// low then high. Counted fields have three: count, start of the first, end of the last; the walk
// between the two skips whatever else stands there.
import type { OtlpLimits, ScanCode } from "./limits.ts";
import { scanCode } from "./limits.ts";
import { tagOf, wireType } from "./wire.ts";

/** What is done with a field; packed into the low bits of an action. */
export const action = {
  skip: 0,
  varint: 1,
  fixed64: 2,
  fixed32: 3,
  range: 4,
  id16: 5,
  id8: 6,
  count: 7,
  /** A nested message whose fields go into the same row; repeated ones merge. */
  merge: 8,
  /** One member of a oneof: field number, range, and its fields in the same row. */
  member: 9,
  /** A nested message that is only ranged; a second one is refused, for merging needs a copy. */
  single: 10,
  /** Only in `usual`: a `fixed32` whose tag takes two bytes, the second of them 1. */
  wide32: 11,
} as const;

type ActionName = keyof typeof action;

/** Actions below this one are scalars, from here on length-delimited. */
export const firstDelimited = action.range;

/** Tags below are looked up, above are unknown fields. */
export const tagsKnown = 256;

/** Actions by field tag; nested tables are reached by their index in `children`. */
export type FieldTable = {
  readonly actions: Int32Array;
  /** The actions of one-byte tags, by that byte; of two-byte ones, by the first, only `wide32`. */
  readonly usual: Int32Array;
  readonly children: readonly FieldTable[];
};

type FieldRow = readonly [
  field: number,
  action: ActionName,
  column: number,
  child?: readonly FieldRow[],
];

const wireTypeOf = (name: ActionName): number => {
  if (action[name] >= firstDelimited) return wireType.delimited;
  if (name === "fixed64") return wireType.fixed64;
  return name === "fixed32" ? wireType.fixed32 : wireType.varint;
};

/** An action word: bits 0-3 action, 4-11 column, 12-19 child table, 20-27 field number. */
const tableOf = (rows: readonly FieldRow[]): FieldTable => {
  const actions = new Int32Array(tagsKnown);
  const children: FieldTable[] = [];
  for (const [field, name, column, child] of rows) {
    const index = children.length;
    if (child !== undefined) children.push(tableOf(child));
    const word = action[name] | (column << 4) | (index << 12) | (field << 20);
    actions[tagOf(field, wireTypeOf(name))] = word;
  }
  const usual = actions.map((word, tag) => {
    if (tag < 128) return word;
    // The first byte of a tag from 128 to 255 is the tag itself, its second byte is 1.
    return (word & 15) === action.fixed32 ? (word & ~15) | action.wide32 : action.skip;
  });
  return { actions, usual, children };
};

/** Words that every record has, whatever its signal. */
export const recordWord = {
  /** The field in its scope, with tag and length: the slice that is copied. */
  fieldStart: 0,
  end: 1,
  /** First byte of the message itself. */
  start: 2,
  resource: 3,
  scope: 4,
  traceIdAt: 5,
  spanIdAt: 6,
  attributes: 7,
  attributesStart: 8,
  attributesEnd: 9,
} as const;

/** Words of a span; those above, at the same places, and its own. */
export const spanWord = {
  ...recordWord,
  parentSpanIdAt: 10,
  nameStart: 11,
  nameEnd: 12,
  kind: 13,
  startTimeLow: 14,
  startTimeHigh: 15,
  endTimeLow: 16,
  endTimeHigh: 17,
  /** 0 unset, 1 ok, 2 error. */
  statusCode: 18,
  traceStateStart: 19,
  traceStateEnd: 20,
  flags: 21,
  events: 22,
  eventsStart: 23,
  eventsEnd: 24,
  links: 25,
  linksStart: 26,
  linksEnd: 27,
} as const;

/** Columns of a row of a log scan; places of bytes as in a span's row. */
export const logWord = {
  ...recordWord,
  timeLow: 10,
  timeHigh: 11,
  observedTimeLow: 12,
  observedTimeHigh: 13,
  severityNumber: 14,
  severityTextStart: 15,
  severityTextEnd: 16,
  /** The AnyValue message. */
  bodyStart: 17,
  bodyEnd: 18,
  eventNameStart: 19,
  eventNameEnd: 20,
  flags: 21,
} as const;

/** A metric has no ids; `attributes` counts its metadata. */
export const metricWord = {
  ...recordWord,
  nameStart: 10,
  nameEnd: 11,
  unitStart: 12,
  unitEnd: 13,
  descriptionStart: 14,
  descriptionEnd: 15,
  /** Field number of the data: 5 gauge, 7 sum, 9 histogram, 10 exponential, 11 summary. */
  type: 16,
  dataStart: 17,
  dataEnd: 18,
  points: 19,
  pointsStart: 20,
  pointsEnd: 21,
  /** 0 unspecified, 1 delta, 2 cumulative. */
  temporality: 22,
  isMonotonic: 23,
} as const;

/** A column whose count has a limit. */
type Bound = readonly [column: number, limit: keyof OtlpLimits, code: ScanCode];

export type RecordLayout = {
  /** Words per row. */
  readonly stride: number;
  readonly table: FieldTable;
  readonly bounds: readonly Bound[];
};

const w = spanWord;
const l = logWord;
const m = metricWord;
const attributesBound: Bound = [recordWord.attributes, "attributesMax", scanCode.tooManyAttributes];

export const spanLayout: RecordLayout = {
  stride: 28,
  bounds: [
    attributesBound,
    [w.events, "eventsMax", scanCode.tooManyEvents],
    [w.links, "linksMax", scanCode.tooManyLinks],
  ],
  table: tableOf([
    [1, "id16", w.traceIdAt],
    [2, "id8", w.spanIdAt],
    [3, "range", w.traceStateStart],
    [4, "id8", w.parentSpanIdAt],
    [5, "range", w.nameStart],
    [6, "varint", w.kind],
    [7, "fixed64", w.startTimeLow],
    [8, "fixed64", w.endTimeLow],
    [9, "count", w.attributes],
    [11, "count", w.events],
    [13, "count", w.links],
    [15, "merge", 0, [[3, "varint", w.statusCode]]],
    [16, "fixed32", w.flags],
  ]),
};

export const logLayout: RecordLayout = {
  stride: 22,
  bounds: [attributesBound],
  table: tableOf([
    [1, "fixed64", l.timeLow],
    [2, "varint", l.severityNumber],
    [3, "range", l.severityTextStart],
    [5, "single", l.bodyStart],
    [6, "count", l.attributes],
    [8, "fixed32", l.flags],
    [9, "id16", l.traceIdAt],
    [10, "id8", l.spanIdAt],
    [11, "fixed64", l.observedTimeLow],
    [12, "range", l.eventNameStart],
  ]),
};

const points: FieldRow = [1, "count", m.points];
const temporality: FieldRow = [2, "varint", m.temporality];

export const metricLayout: RecordLayout = {
  stride: 24,
  bounds: [attributesBound, [m.points, "pointsMax", scanCode.tooManyPoints]],
  table: tableOf([
    [1, "range", m.nameStart],
    [2, "range", m.descriptionStart],
    [3, "range", m.unitStart],
    [5, "member", m.type, [points]],
    [7, "member", m.type, [points, temporality, [3, "varint", m.isMonotonic]]],
    [9, "member", m.type, [points, temporality]],
    [10, "member", m.type, [points, temporality]],
    [11, "member", m.type, [points]],
    [12, "count", m.attributes],
  ]),
};

/** One row per ResourceSpans, ResourceMetrics or ResourceLogs. */
export const resourceWord = {
  /** The field in the request, with tag and length. */
  fieldStart: 0,
  end: 1,
  /** The resource's own field with tag and length, and its message. */
  headFieldStart: 2,
  headEnd: 3,
  headStart: 4,
  schemaUrlFieldStart: 5,
  schemaUrlEnd: 6,
  schemaUrlStart: 7,
  /** Value of the attribute service.name, when it is a string. */
  serviceNameStart: 8,
  serviceNameEnd: 9,
  firstScope: 10,
  scopes: 11,
} as const;

/** Words of a row of `SignalScan.resources`. */
export const resourceStride = 12;

/** One row per ScopeSpans, ScopeMetrics or ScopeLogs; the first words as in a resource. */
export const scopeWord = {
  fieldStart: 0,
  end: 1,
  headFieldStart: 2,
  headEnd: 3,
  headStart: 4,
  schemaUrlFieldStart: 5,
  schemaUrlEnd: 6,
  schemaUrlStart: 7,
  resource: 8,
  firstRecord: 9,
  records: 10,
} as const;

/** Words of a row of `SignalScan.scopes`. */
export const scopeStride = 12;
