// What a check found in one request: counted, and put into words for the few that are told. A
// finding is "required_attribute_not_present workflow.id in workflow.execute"; text is made by
// reading the record again, the check keeps integers.
import {
  attributeStride,
  attributeWord,
  AttributeTable,
} from "../../schemas/otlp/attribute-table.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import { logWord, metricWord, recordWord, spanWord } from "../../schemas/otlp/record-layout.ts";
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
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { PassInput } from "../decode/signal-pass.ts";
import type { Rejections } from "../metrics/rejections.ts";
import { FindingCounts } from "./finding-counts.ts";
import { findingSentence } from "./finding-sentence.ts";
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
};

export const reportedSpans: ReportedSignal = {
  decisions: (plan) => plan.spans,
  nameWord: spanWord.nameStart,
  attributeTag: tagOf(9, wireType.delimited),
};
export const reportedLogs: ReportedSignal = {
  decisions: (plan) => plan.logs,
  nameWord: logWord.eventNameStart,
  attributeTag: tagOf(6, wireType.delimited),
};
export const reportedMetrics: ReportedSignal = {
  decisions: (plan) => plan.metrics,
  nameWord: metricWord.nameStart,
  attributeTag: tagOf(12, wireType.delimited),
};

/** One finding, ready to be told; the label is the same for the same fault, whoever has it. */
export type LabelledFinding = Omit<RefusedFinding, "item"> & { readonly label: string };

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

/** One per pass and registry that serves; holds what the last request left. */
export class FindingReport {
  readonly counts = new FindingCounts();
  readonly #signal: ReportedSignal;
  readonly #levels: Uint8Array;
  readonly #table = new AttributeTable();
  /** First row of each record with findings, when one of them is out. */
  readonly #firstRows = new Map<number, number>();
  #checked: Checked | undefined;
  #plan: ValidationPlan | undefined;

  /** `levels` by code, of the profile. */
  constructor(signal: ReportedSignal, levels: Uint8Array) {
    this.#signal = signal;
    this.#levels = levels;
  }

  /** Counts alone: of a canary. */
  count({ found, rows, tally }: Omit<Checked, "partitionOf" | "groupOf">): void {
    const { counts } = this;
    for (let i = 0; i < found.count; i += 1) counts.add(found.rows[i * foundStride] ?? 0);
    counts.looked(rows.count);
    counts.decided(decision.warn, tally.warned);
    counts.decided(decision.reject, tally.rejected);
    counts.decided(decision.quarantine, tally.quarantined);
  }

  /** Counts, and tells the sender why records are out and what contradicts the registry. */
  tell(checked: Checked, plan: ValidationPlan, input: PassInput): void {
    this.#checked = checked;
    this.#plan = plan;
    this.count(checked);
    const { tally, rows } = checked;
    this.#firstRows.clear();
    if (tally.rejected + tally.quarantined > 0) {
      this.#indexRows(checked.found);
      for (let i = 0; i < rows.count; i += 1) this.#tellOut(checked, plan, i, input);
    }
    if (tally.warned > 0) this.#tellWarnings(checked, input.rejections);
  }

  /** The first findings of a record of the last request that is out. */
  of(record: number, max: number): readonly LabelledFinding[] {
    const found: LabelledFinding[] = [];
    const { found: rows } = this.#checked ?? {};
    if (rows === undefined) return found;
    for (const row of this.#rowsOf(rows, record)) {
      if (found.length === max) break;
      found.push(this.#label(row));
    }
    return found;
  }

  #tellOut(checked: Checked, plan: ValidationPlan, index: number, input: PassInput): void {
    const became = checked.partitionOf[index] ?? 0;
    if (became !== outcome.rejected && became !== outcome.quarantined) return;
    this.counts.violated(this.#name(checked, plan, index));
    const { id, label } = this.#deciding(checked, plan, index);
    const items = input.itemsOf(index);
    if (became === outcome.quarantined) input.rejections.quarantine(label, items);
    else input.rejections.add({ index, reason: id, detail: "", label }, items);
  }

  #deciding(checked: Checked, plan: ValidationPlan, index: number): LabelledFinding {
    const decisions = this.#decisionsOf(checked, plan, index);
    let first: number | undefined;
    for (const row of this.#rowsOf(checked.found, index)) {
      first ??= row;
      const code = checked.found.rows[row * foundStride] ?? 0;
      if ((decisions[code] ?? 0) >= decision.reject) return this.#label(row);
    }
    // Its resource decided.
    return first === undefined ? ofResource : this.#label(first);
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
      if (record !== before) this.#firstRows.set(record, i);
      before = record;
    }
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
      label: record < 0 ? `${about} in its resource` : `${about} in ${signal}`,
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

  #key({ rows, found }: Checked, plan: ValidationPlan, row: number): string {
    const attribute = found.rows[row * foundStride + foundWord.attribute] ?? -1;
    if (attribute >= 0) return plan.tables.attributeName(attribute);
    const record = found.rows[row * foundStride + foundWord.record] ?? 0;
    const place = readPlace(found.rows[row * foundStride + foundWord.place] ?? -1);
    if (record < 0 || place === null || place.list !== placeList.own) return "";
    return this.#ownKey(rows, record, place.index);
  }

  #ownKey({ bytes, records, layout }: ScannedRows, record: number, index: number): string {
    const row = record * layout.stride;
    const start = records[row + recordWord.attributesStart] ?? 0;
    const end = records[row + recordWord.attributesEnd] ?? 0;
    const code = this.#table.read(bytes, start, end, this.#signal.attributeTag);
    if (code !== scanCode.ok || index >= this.#table.count) return "";
    const at = index * attributeStride;
    const { keyStart, keyEnd } = attributeWord;
    return shown(bytes, this.#table.rows[at + keyStart] ?? 0, this.#table.rows[at + keyEnd] ?? 0);
  }
}
