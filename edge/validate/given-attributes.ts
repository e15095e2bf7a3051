// The attribute that a finding is of, as its sender wrote it: read from the record again, for the few
// findings that are told.
import {
  attributeStride,
  attributeWord,
  AttributeTable,
} from "../../schemas/otlp/attribute-table.ts";
import { type OtlpLimits, scanCode } from "../../schemas/otlp/limits.ts";
import {
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
} from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { tagOf, wireType } from "../../schemas/otlp/wire.ts";
import {
  foundStride,
  foundWord,
  placedMax,
  placeList,
  readPlace,
} from "../../schemas/validate/found.ts";
import type { Found } from "../../schemas/validate/found.ts";
import type { SampleTypeAt } from "../../schemas/validate/sample-type.ts";
import type { AttributeRange } from "./nested-attributes.ts";
import type { Checked, ReportedSignal } from "./reported-signal.ts";

/** Offsets of key and value; the type is one of `sampleType`, as the plan sees it. */
export type GivenAttribute = {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly type: number;
  readonly valueStart: number;
  readonly valueEnd: number;
};

const resourceAttributeTag = tagOf(1, wireType.delimited);
const scopeAttributeTag = tagOf(3, wireType.delimited);

export type Place = NonNullable<ReturnType<typeof readPlace>>;

/** Where the attribute of a row stands; null for one that stands nowhere. */
export const placeIn = ({ rows }: Found, row: number): Place | null =>
  readPlace(rows[row * foundStride + foundWord.place] ?? -1);

/** One per report, reused. */
export class GivenAttributes {
  readonly #signal: ReportedSignal;
  readonly #table: AttributeTable;

  /** `limits` are those that the request was read with. */
  constructor(signal: ReportedSignal, limits: OtlpLimits) {
    this.#signal = signal;
    this.#table = new AttributeTable(limits);
  }

  /** The attribute of this row of what was found; null where its place does not tell it. */
  of({ rows, found }: Checked, row: number, typeAt: SampleTypeAt): GivenAttribute | null {
    const record = found.rows[row * foundStride + foundWord.record] ?? 0;
    const place = placeIn(found, row);
    if (place === null || (place.list !== placeList.own && place.index === placedMax)) return null;
    const range = this.#range(rows, record, place);
    return range === null ? null : this.#read(rows.bytes, range, place.index, typeAt);
  }

  #range(rows: ScannedRows, record: number, place: Place): AttributeRange | null {
    if (record < 0) return headRange(rows, -1 - record, place);
    if (place.list !== placeList.own) return this.#signal.nested(rows, record, place);
    const row = record * rows.layout.stride;
    const start = rows.records[row + recordWord.attributesStart] ?? 0;
    const end = rows.records[row + recordWord.attributesEnd] ?? 0;
    return { start, end, tag: this.#signal.attributeTag };
  }

  #read(
    bytes: Uint8Array,
    { start, end, tag }: AttributeRange,
    index: number,
    typeAt: SampleTypeAt,
  ): GivenAttribute | null {
    const table = this.#table;
    if (table.read(bytes, start, end, tag) !== scanCode.ok || index >= table.count) return null;
    const cell = (word: number): number => table.rows[index * attributeStride + word] ?? 0;
    return {
      keyStart: cell(attributeWord.keyStart),
      keyEnd: cell(attributeWord.keyEnd),
      type: typeAt(bytes, table.rows, index),
      valueStart: cell(attributeWord.valueStart),
      valueEnd: cell(attributeWord.valueEnd),
    };
  }
}

/** Of a resource, or of one of its scopes when there are few enough to be told apart. */
const headRange = (
  { resources, scopes }: ScannedRows,
  resource: number,
  place: Place,
): AttributeRange => {
  const isOfScope = place.list === placeList.scope;
  const heads = isOfScope ? scopes : resources;
  const row = isOfScope ? place.item * scopeStride : resource * resourceStride;
  const start = heads[row + resourceWord.headStart] ?? 0;
  const end = heads[row + resourceWord.headEnd] ?? 0;
  return { start, end, tag: isOfScope ? scopeAttributeTag : resourceAttributeTag };
};
