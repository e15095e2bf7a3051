// What a check found in one request: counted, and put into words for the few that are told. A
// finding is "required_attribute_not_present workflow.id in workflow.execute"; text is made by
// reading the record again, the check keeps integers.
import {
  attributeStride,
  attributeWord,
  AttributeTable,
} from "../../schemas/otlp/attribute-table.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import {
  logWord,
  metricWord,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  spanWord,
} from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { tagOf, wireType } from "../../schemas/otlp/wire.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import { findingId, level, levelNames } from "../../schemas/validate/finding-table.ts";
import type { Decisions, Found } from "../../schemas/validate/found.ts";
import {
  decision,
  foundStride,
  foundWord,
  placeList,
  readPlace,
  wantedBy,
} from "../../schemas/validate/found.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import { attributeFlag } from "../../schemas/weaver/table-layout.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { PassInput } from "../decode/signal-pass.ts";
import type { Rejections } from "../metrics/rejections.ts";
import { FindingCounts } from "./finding-counts.ts";
import { findingSentence } from "./finding-sentence.ts";
import {
  type AttributeRange,
  type NestedAttributes,
  nestedInMetric,
  nestedInSpan,
  nothingNested,
} from "./nested-attributes.ts";
import { isOfUnknown } from "./validation-rules.ts";

/** What a check leaves behind; schemas/validate has one for traces and one for the others. */
export type Checked = {
  readonly rows: ScannedRows;
  readonly partitionOf: Int32Array;
  readonly groupOf: Int32Array;
  readonly found: Found;
  readonly tally: {
    readonly warned: number;
    readonly rejected: number;
    readonly quarantined: number;
  };
};

/** Where a signal's records have what is told of them. */
export type ReportedSignal = {
  readonly decisions: (plan: ValidationPlan) => Decisions;
  /** Column of the name's start; its end is the next. */
  readonly nameWord: number;
  /** Tag of the record's own attributes. */
  readonly attributeTag: number;
  readonly nested: NestedAttributes;
};

export const reportedSpans: ReportedSignal = {
  decisions: (plan) => plan.spans,
  nameWord: spanWord.nameStart,
  attributeTag: tagOf(9, wireType.delimited),
  nested: nestedInSpan,
};
export const reportedLogs: ReportedSignal = {
  decisions: (plan) => plan.logs,
  nameWord: logWord.eventNameStart,
  attributeTag: tagOf(6, wireType.delimited),
  nested: nothingNested,
};
export const reportedMetrics: ReportedSignal = {
  decisions: (plan) => plan.metrics,
  nameWord: metricWord.nameStart,
  attributeTag: tagOf(12, wireType.delimited),
  nested: nestedInMetric,
};

/** One finding, ready to be told; the label is the same for the same fault, whoever has it. */
export type LabelledFinding = Omit<RefusedFinding, "item"> & { readonly label: string };

const resourceAttributeTag = tagOf(1, wireType.delimited);
const scopeAttributeTag = tagOf(3, wireType.delimited);

/** Bytes that are shown of a name or key that a sender chose. */
const bytesShownMax = 120;
/** Warnings of one request that are put into words; the others are counted. */
const warningsToldMax = 64;
const utf8 = new TextDecoder();

const shown = (bytes: Uint8Array, start: number, end: number): string => {
  let to = Math.min(end, start + bytesShownMax);
  // Not in the middle of a character.
  while (to < end && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
  return utf8.decode(bytes.subarray(start, to));
};

const ofResource: LabelledFinding = {
  id: "resource",
  level: "violation",
  signal: "",
  message: "",
  label: "its resource",
};

type Place = NonNullable<ReturnType<typeof readPlace>>;

const placeIn = ({ rows }: Found, row: number): Place | null =>
  readPlace(rows[row * foundStride + foundWord.place] ?? -1);

const decisionOf = ({ found }: Checked, row: number, decisions: Uint8Array): number =>
  decisions[found.rows[row * foundStride] ?? 0] ?? decision.none;

/** Whether the item of a place is this scope: it has 16 bits. */
const isScope = (item: number, scope: number): boolean => item === (scope & 0xffff);

/** One per pass and registry that serves; holds what the last request left. */
export class FindingReport {
  readonly counts = new FindingCounts();
  readonly #signal: ReportedSignal;
  readonly #levels: Uint8Array;
  readonly #table = new AttributeTable();
  /** First row of each record with findings, when one of them is out. */
  readonly #firstRows = new Map<number, number>();
  /** Rows of each resource and its scopes, by its number, for the same. */
  readonly #resourceRows = new Map<number, number[]>();
  /** Definitions, or names, of the records that are out. */
  #violated: string[] = [];
  #checked: Checked | undefined;
  #plan: ValidationPlan | undefined;

  /** `levels` by code, of the profile. */
  constructor(signal: ReportedSignal, levels: Uint8Array) {
    this.#signal = signal;
    this.#levels = levels;
  }

  /** Counts what was found, when the request is taken; alone, of a canary. */
  count({ found, rows, tally }: Omit<Checked, "partitionOf" | "groupOf">): void {
    const { counts } = this;
    for (let i = 0; i < found.count; i += 1) counts.add(found.rows[i * foundStride] ?? 0);
    counts.looked(rows.count);
    counts.decided(decision.warn, tally.warned);
    counts.decided(decision.reject, tally.rejected);
    counts.decided(decision.quarantine, tally.quarantined);
    for (const name of this.#violated) counts.violated(name);
    this.#violated = [];
  }

  /** Tells the sender why records are out and what contradicts the registry. */
  tell(checked: Checked, plan: ValidationPlan, input: PassInput): void {
    this.#checked = checked;
    this.#plan = plan;
    this.#violated = [];
    const { tally, rows } = checked;
    this.#firstRows.clear();
    this.#resourceRows.clear();
    if (tally.rejected + tally.quarantined > 0) {
      this.#indexRows(checked.found);
      for (let i = 0; i < rows.count; i += 1) this.#tellOut(checked, plan, i, input);
    }
    if (checked.found.count > 0) this.#tellWarnings(checked, input.rejections);
  }

  /** The first findings of a record of the last request that is out: of those around it, what decided. */
  of(record: number, max: number): readonly LabelledFinding[] {
    const checked = this.#checked;
    const plan = this.#plan;
    if (checked === undefined || plan === undefined) return [];
    const around = this.#rowsAround(checked, record).filter(
      (row) => decisionOf(checked, row, plan.resources.byMask(0)) >= decision.reject,
    );
    const rows = [...around, ...this.#rowsOf(checked.found, record)];
    return rows.slice(0, max).map((row) => this.#label(row));
  }

  #tellOut(checked: Checked, plan: ValidationPlan, index: number, input: PassInput): void {
    const became = checked.partitionOf[index] ?? 0;
    if (became !== outcome.rejected && became !== outcome.quarantined) return;
    this.#violated.push(this.#name(checked, plan, index));
    const { id, label } = this.#deciding(checked, plan, index);
    const items = input.itemsOf(index);
    if (became === outcome.quarantined) input.rejections.quarantine(label, items);
    else input.rejections.add({ index, reason: id, detail: "", label }, items);
  }

  /** The first of the strictest findings, its own before those of its resource and scope. */
  #deciding(checked: Checked, plan: ValidationPlan, index: number): LabelledFinding {
    let best: number | undefined;
    let strictest: number = decision.none;
    const look = (rows: Iterable<number>, decisions: Uint8Array): void => {
      for (const row of rows) {
        const found = decisionOf(checked, row, decisions);
        if (found <= strictest) continue;
        best = row;
        strictest = found;
      }
    };
    look(this.#rowsOf(checked.found, index), this.#decisionsOf(checked, plan, index));
    look(this.#rowsAround(checked, index), plan.resources.byMask(0));
    // Where there is none, too many were found to be kept.
    return best === undefined ? ofResource : this.#label(best);
  }

  /** What the rules say of each code for a record of this name. */
  #decisionsOf({ rows }: Checked, plan: ValidationPlan, index: number): Uint8Array {
    const row = index * rows.layout.stride + this.#signal.nameWord;
    const { bytes } = rows;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const name = { view, at: rows.records[row] ?? 0, end: rows.records[row + 1] ?? 0 };
    const mask = plan.rulesUseNames ? plan.rules.nameMask(name) : 0;
    return this.#signal.decisions(plan).byMask(mask);
  }

  #indexRows(found: Found): void {
    let before = Number.NaN;
    for (let i = 0; i < found.count; i += 1) {
      const record = found.rows[i * foundStride + foundWord.record] ?? 0;
      if (record < 0) {
        const rows = this.#resourceRows.get(-1 - record) ?? [];
        this.#resourceRows.set(-1 - record, rows);
        rows.push(i);
      } else if (record !== before) this.#firstRows.set(record, i);
      before = record;
    }
  }

  /** The rows of the resource and the scope that a record stands in. */
  #rowsAround({ rows, found }: Checked, index: number): readonly number[] {
    const at = index * rows.layout.stride;
    const resource = rows.records[at + recordWord.resource] ?? -1;
    const scope = rows.records[at + recordWord.scope] ?? -1;
    return (this.#resourceRows.get(resource) ?? []).filter((row) => {
      const place = placeIn(found, row);
      return place?.list !== placeList.scope || isScope(place.item, scope);
    });
  }

  /** The rows of a record stand together. */
  *#rowsOf(found: Found, record: number): Generator<number> {
    const first = this.#firstRows.get(record) ?? found.count;
    for (let i = first; i < found.count; i += 1) {
      if (found.rows[i * foundStride + foundWord.record] !== record) return;
      yield i;
    }
  }

  /** What is wrong with records that go on nevertheless. */
  #tellWarnings({ found, partitionOf }: Checked, rejections: Rejections): void {
    let told = 0;
    for (let i = 0; i < found.count && told < warningsToldMax; i += 1) {
      const code = found.rows[i * foundStride] ?? 0;
      const record = found.rows[i * foundStride + foundWord.record] ?? 0;
      const isOut = record >= 0 && (partitionOf[record] ?? 0) < 0;
      if (isOut || this.#levels[code] !== level.violation || isOfUnknown(code)) continue;
      told += 1;
      rejections.warn(this.#label(i).label);
    }
  }

  #label(row: number): LabelledFinding {
    const checked = this.#checked as Checked;
    const plan = this.#plan as ValidationPlan;
    const { rows } = checked.found;
    const code = rows[row * foundStride + foundWord.code] ?? 0;
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const signal = this.#name(checked, plan, record);
    const key = this.#key(checked, plan, row);
    const id = findingId(code);
    const about = key === "" ? id : `${id} ${key}`;
    const attribute = rows[row * foundStride + foundWord.attribute] ?? -1;
    const place = rows[row * foundStride + foundWord.place] ?? -1;
    const group = checked.groupOf[record] ?? -1;
    const facts = { code, attribute, key, signal, wantedBy: wantedBy(place), group };
    return {
      id,
      level: levelNames[this.#levels[code] ?? 0] ?? "",
      signal,
      message: findingSentence(facts, plan.tables),
      label: record < 0 ? `${about} in its ${this.#holder(row)}` : `${about} in ${signal}`,
    };
  }

  /** The definition that the record is bound to, else the record's own name. */
  #name({ rows, groupOf }: Checked, plan: ValidationPlan, record: number): string {
    if (record < 0) return "";
    const group = groupOf[record] ?? -1;
    if (group >= 0) return plan.tables.groupName(group) || plan.tables.groupId(group);
    const row = record * rows.layout.stride + this.#signal.nameWord;
    return shown(rows.bytes, rows.records[row] ?? 0, rows.records[row + 1] ?? 0);
  }

  #holder(row: number): string {
    const place = placeIn((this.#checked as Checked).found, row);
    return place?.list === placeList.scope ? "scope" : "resource";
  }

  #key(checked: Checked, { tables }: ValidationPlan, row: number): string {
    const attribute = checked.found.rows[row * foundStride + foundWord.attribute] ?? -1;
    if (attribute < 0) return this.#givenKey(checked, row);
    const name = tables.attributeName(attribute);
    const flags = tables.sections.attributeFlags[attribute] ?? 0;
    // What stands under a template has a key of its own.
    return (flags & attributeFlag.template) === 0 ? name : this.#givenKey(checked, row) || name;
  }

  /** As the sender wrote it; "" where the place does not tell it. */
  #givenKey({ rows, found }: Checked, row: number): string {
    const record = found.rows[row * foundStride + foundWord.record] ?? 0;
    const place = placeIn(found, row);
    if (place === null) return "";
    if (record < 0) return this.#headKey(rows, -1 - record, place);
    if (place.list === placeList.own) return this.#ownKey(rows, record, place.index);
    const range = this.#signal.nested(rows, record, place);
    return range === null ? "" : this.#keyIn(rows.bytes, range, place.index);
  }

  #ownKey(rows: ScannedRows, record: number, index: number): string {
    const row = record * rows.layout.stride;
    const start = rows.records[row + recordWord.attributesStart] ?? 0;
    const end = rows.records[row + recordWord.attributesEnd] ?? 0;
    return this.#keyIn(rows.bytes, { start, end, tag: this.#signal.attributeTag }, index);
  }

  /** Of a resource, or of one of its scopes when there are few enough to be told apart. */
  #headKey({ bytes, resources, scopes }: ScannedRows, resource: number, place: Place): string {
    const isOfScope = place.list === placeList.scope;
    const heads = isOfScope ? scopes : resources;
    const row = isOfScope ? place.item * scopeStride : resource * resourceStride;
    const start = heads[row + resourceWord.headStart] ?? 0;
    const end = heads[row + resourceWord.headEnd] ?? 0;
    const tag = isOfScope ? scopeAttributeTag : resourceAttributeTag;
    return this.#keyIn(bytes, { start, end, tag }, place.index);
  }

  #keyIn(bytes: Uint8Array, { start, end, tag }: AttributeRange, index: number): string {
    const code = this.#table.read(bytes, start, end, tag);
    if (code !== scanCode.ok || index >= this.#table.count) return "";
    const at = index * attributeStride;
    const { keyStart, keyEnd } = attributeWord;
    return shown(bytes, this.#table.rows[at + keyStart] ?? 0, this.#table.rows[at + keyEnd] ?? 0);
  }
}
