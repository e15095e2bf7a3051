// One metric against its definition: instrument, unit, and the attributes of each data point; those
// of its exemplars, which a definition says nothing of, against the registry alone. The wire knows no
// instruments: what a metric is follows from its data.
import { AttributeTable } from "../otlp/attribute-table.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { metricWord } from "../otlp/record-layout.ts";
import type { ScannedRows } from "../otlp/scanned-rows.ts";
import { delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "../otlp/wire.ts";
import { instruments } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import type { AttributeCheck } from "./attribute-check.ts";
import { attributeCodes } from "./attribute-check.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import { placeList, placeOf } from "./found.ts";
import { isNameFormat } from "./key-check.ts";
import type { ValidationPlan } from "./plan.ts";

/** Of the data points in each kind of data. */
export const pointTag = tagOf(1, wireType.delimited);
export const exemplarAttributeTag: number = tagOf(7, wireType.delimited);

/** Fields of Metric that hold its data. */
const data = { gauge: 5, sum: 7, histogram: 9, exponential: 10, summary: 11 } as const;

/** Tag of the attributes in a data point of this type of metric. */
export const pointAttributeTag = (type: number): number => {
  if (type === data.histogram) return tagOf(9, wireType.delimited);
  return tagOf(type === data.exponential ? 1 : 7, wireType.delimited);
};

/** Tag of the exemplars in such a point. */
export const exemplarTagOf = (type: number): number => {
  if (type === data.histogram) return tagOf(8, wireType.delimited);
  return tagOf(type === data.exponential ? 11 : 5, wireType.delimited);
};

/** Number of the instrument; -1 for a summary or no data, which no instrument makes. */
const instrumentOf = (type: number, isMonotonic: boolean): number => {
  if (type === data.gauge) return instruments.indexOf("gauge");
  if (type === data.sum) return instruments.indexOf(isMonotonic ? "counter" : "updowncounter");
  const isHistogram = type === data.histogram || type === data.exponential;
  return isHistogram ? instruments.indexOf("histogram") : -1;
};

/** Its name, or what stands in its place. */
export const instrumentName = (type: number, isMonotonic: boolean): string => {
  const instrument = instrumentOf(type, isMonotonic);
  if (instrument >= 0) return instruments[instrument] ?? "";
  return type === data.summary ? "Summary" : "Unspecified";
};

/** One per check, reused. */
export class MetricCheck {
  readonly #found: Found;
  readonly #attributes: AttributeCheck;
  readonly #table: AttributeTable;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(found: Found, attributes: AttributeCheck, limits: OtlpLimits) {
    this.#found = found;
    this.#attributes = attributes;
    this.#table = new AttributeTable(limits);
  }

  open(view: DataView): void {
    this.#view = view;
  }

  /** Adds the findings of the metric in this row; `group` is its definition, or -1. */
  check(scan: ScannedRows, plan: ValidationPlan, row: number, group: number): void {
    const { records } = scan;
    const name = records[row + metricWord.nameStart] as number;
    const nameBytes = (records[row + metricWord.nameEnd] as number) - name;
    const type = records[row + metricWord.type] as number;
    const isMonotonic = records[row + metricWord.isMonotonic] !== 0;
    const found = this.#found;
    if (!isNameFormat(this.#view, name, nameBytes)) found.add(finding.invalidFormat, -1);
    const instrument = instrumentOf(type, isMonotonic);
    const wanted = group < 0 ? 0 : (plan.tables.sections.groupKind[group] as number);
    if (group >= 0 && (instrument < 0 || (wanted !== 0 && wanted !== instrument))) {
      found.add(finding.unexpectedInstrument, -1);
    }
    if (group >= 0 && !this.#isUnit(plan.tables, scan, row, group)) {
      found.add(finding.unitMismatch, -1);
    }
    this.#points(scan, plan, row, group);
  }

  /** A definition without a unit takes any. */
  #isUnit({ sections, text }: Tables, scan: ScannedRows, row: number, group: number): boolean {
    const { bytes, records } = scan;
    const wanted = sections.groupUnitAt[group] as number;
    const length = sections.groupUnitBytes[group] as number;
    const start = records[row + metricWord.unitStart] as number;
    if (length === 0) return true;
    if ((records[row + metricWord.unitEnd] as number) - start !== length) return false;
    for (let i = 0; i < length; i += 1) if (bytes[start + i] !== text[wanted + i]) return false;
    return true;
  }

  #points({ bytes, records }: ScannedRows, plan: ValidationPlan, row: number, group: number): void {
    const end = records[row + metricWord.pointsEnd] as number;
    const type = records[row + metricWord.type] as number;
    // Weaver has no points of a summary, and holds no exponential histogram to its definition.
    if (plan.isWeaver && type === data.summary) return;
    const isHeld = group >= 0 && !(plan.isWeaver && type === data.exponential);
    let at = records[row + metricWord.pointsStart] as number;
    let point = 0;
    this.#exemplars = 0;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const found = varintLow(bytes, at) >>> 0;
      const next = skipValue(bytes, at + size, end, found & 7);
      if (found === pointTag) {
        const start = delimitedStart(bytes, at + size, end);
        this.#table.read(bytes, start, next, pointAttributeTag(type));
        this.#attributes.begin(plan);
        this.#attributes.list(this.#table, placeOf(placeList.point, point, 0), true);
        if (isHeld) this.#attributes.absent(group, false, attributeCodes);
        // A summary has none.
        if (type !== data.summary) this.#exemplarsOf(plan, bytes, { start, end: next, type });
        point += 1;
      }
      at = next;
    }
  }

  /** Exemplars of this metric that were looked at. */
  #exemplars = 0;

  #exemplarsOf(plan: ValidationPlan, bytes: Uint8Array, { start, end, type }: Point): void {
    const tag = exemplarTagOf(type);
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const found = varintLow(bytes, at) >>> 0;
      const next = skipValue(bytes, at + size, end, found & 7);
      if (found === tag) {
        this.#table.read(bytes, delimitedStart(bytes, at + size, end), next, exemplarAttributeTag);
        this.#attributes.begin(plan);
        this.#attributes.list(this.#table, placeOf(placeList.exemplar, this.#exemplars, 0), true);
        this.#exemplars += 1;
      }
      at = next;
    }
  }
}

/** A point's message, and the field of Metric that it stands in. */
type Point = { readonly start: number; readonly end: number; readonly type: number };
