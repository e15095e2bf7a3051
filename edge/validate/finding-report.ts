// What a check found in one request: counted, and put into words for the few that are told. A
// finding is "required_attribute_not_present workflow.id in workflow.execute"; text is made by
// reading the record again, the check keeps integers.
import type { OtlpLimits } from "../../schemas/otlp/limits.ts";
import { recordWord } from "../../schemas/otlp/record-layout.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import { type RuleTable, ruleSignals } from "../../schemas/validate/finding-rules.ts";
import { findingMessage } from "../../schemas/validate/finding-message.ts";
import { findingId, level, levelNames } from "../../schemas/validate/finding-table.ts";
import type { Found } from "../../schemas/validate/found.ts";
import { decision, foundStride, foundWord, placeList } from "../../schemas/validate/found.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { PassInput } from "../decode/signal-pass.ts";
import type { Rejections } from "../metrics/rejections.ts";
import { FindingCounts } from "./finding-counts.ts";
import { findingContext } from "./finding-context.ts";
import { GivenAttributes, placeIn } from "./given-attributes.ts";
import type { Checked, ReportedSignal } from "./reported-signal.ts";
import { shown } from "./shown-text.ts";
import { isOfUnknown } from "./validation-rules.ts";

/** What a sender is told; the label is the same for the same fault, whoever has it. */
type FindingLabel = { readonly id: string; readonly label: string };

/** What is told on weir-rejected. */
type Told = Omit<RefusedFinding, "item">;

/** Warnings of one request that are put into words; the others are counted. */
const warningsToldMax = 64;
/** Of most log records: only events have a name. */
const unnamed = "a record without a name";
const ofResources = ruleSignals.indexOf("resource");
const ofResource: FindingLabel = { id: "resource", label: "its resource" };

const decisionOf = ({ found }: Checked, row: number, decisions: Uint8Array): number =>
  decisions[found.rows[row * foundStride] ?? 0] ?? decision.none;

/** Whether the item of a place is this scope: it has 16 bits. */
const isScope = (item: number, scope: number): boolean => item === (scope & 0xffff);

/** One per pass and registry that serves; holds what the last request left. */
export class FindingReport {
  readonly counts = new FindingCounts();
  readonly #signal: ReportedSignal;
  readonly #levels: Uint8Array;
  readonly #given: GivenAttributes;
  /** First row of each record with findings, when one of them is out. */
  readonly #firstRows = new Map<number, number>();
  /** Rows of each resource and its scopes, by its number, for the same. */
  readonly #resourceRows = new Map<number, number[]>();
  /** Definitions, or names, of the records that are out. */
  #violated: string[] = [];
  #checked: Checked | undefined;
  #plan: ValidationPlan | undefined;

  /** `levels` by code, of the profile; `limits` are those that requests are read with. */
  constructor(signal: ReportedSignal, levels: Uint8Array, limits: OtlpLimits) {
    this.#signal = signal;
    this.#given = new GivenAttributes(signal, limits);
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
    if (checked.found.count > 0) this.#tellWarnings(checked, plan, input.rejections);
  }

  /** The first findings of a record of the last request that is out: of those around it, what decided. */
  of(record: number, max: number): readonly Told[] {
    const checked = this.#checked;
    const plan = this.#plan;
    if (checked === undefined || plan === undefined) return [];
    const around = this.#rowsAround(checked, record).filter(
      (row) => decisionOf(checked, row, plan.resources.byMask(0)) >= decision.reject,
    );
    const rows = [...around, ...this.#rowsOf(checked.found, record)];
    return rows.slice(0, max).map((row) => this.#told(row));
  }

  #tellOut(checked: Checked, plan: ValidationPlan, index: number, input: PassInput): void {
    const became = checked.partitionOf[index] ?? 0;
    if (became !== outcome.rejected && became !== outcome.quarantined) return;
    this.#violated.push(this.#name(checked, plan, index) || unnamed);
    const { id, label } = this.#deciding(checked, plan, index);
    const items = input.itemsOf(index);
    if (became === outcome.quarantined) input.rejections.quarantine(label, items);
    else input.rejections.add({ index, reason: id, detail: "", label }, items);
  }

  /** The first of the strictest findings, its own before those of its resource and scope. */
  #deciding(checked: Checked, plan: ValidationPlan, index: number): FindingLabel {
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
  #decisionsOf(checked: Checked, plan: ValidationPlan, index: number): Uint8Array {
    return this.#signal.decisions(plan).byMask(this.#maskOf(plan.rules, checked, index));
  }

  #maskOf(rules: RuleTable, { rows }: Checked, index: number): number {
    if (!rules.hasNames) return 0;
    const row = index * rows.layout.stride + this.#signal.nameWord;
    const { bytes } = rows;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return rules.nameMask({ view, at: rows.records[row] ?? 0, end: rows.records[row + 1] ?? 0 });
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
  #tellWarnings(checked: Checked, plan: ValidationPlan, rejections: Rejections): void {
    const { found, partitionOf } = checked;
    let told = 0;
    for (let i = 0; i < found.count && told < warningsToldMax; i += 1) {
      const code = found.rows[i * foundStride] ?? 0;
      const record = found.rows[i * foundStride + foundWord.record] ?? 0;
      const isOut = record >= 0 && (partitionOf[record] ?? 0) < 0;
      if (isOut) continue;
      const isContradiction = this.#levels[code] === level.violation && !isOfUnknown(code);
      if (!isContradiction && !this.#isAskedFor(checked, plan, i)) continue;
      told += 1;
      rejections.warn(this.#label(i).label);
    }
  }

  /** Whether a rule of the tenant or of the settings warns of the finding, or its level, by name. */
  #isAskedFor(checked: Checked, { told }: ValidationPlan, row: number): boolean {
    if (told === null) return false;
    const { rows } = checked.found;
    const code = rows[row * foundStride] ?? 0;
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const isAround = record < 0;
    const mask = isAround ? 0 : this.#maskOf(told, checked, record);
    const signal = isAround ? ofResources : this.#signal.ruleSignal;
    return told.decide(code, this.#levels[code] ?? 0, signal, mask) === decision.warn;
  }

  #label(row: number): FindingLabel {
    const checked = this.#checked as Checked;
    const plan = this.#plan as ValidationPlan;
    const { rows } = checked.found;
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const key = this.#key(checked, plan, row);
    const id = findingId(rows[row * foundStride + foundWord.code] ?? 0);
    const about = key === "" ? id : `${id} ${key}`;
    const name = this.#name(checked, plan, record) || unnamed;
    const place = record < 0 ? `its ${this.#holder(row)}` : name;
    return { id, label: `${about} in ${place}` };
  }

  /** With its sentence, which is that of `weir check`. */
  #told(row: number): Told {
    const checked = this.#checked as Checked;
    const plan = this.#plan as ValidationPlan;
    const { rows } = checked.found;
    const code = rows[row * foundStride + foundWord.code] ?? 0;
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const context = findingContext({
      checked,
      tables: plan.tables,
      signal: this.#signal,
      row,
      key: this.#key(checked, plan, row),
      given: this.#given.of(checked, row, plan.typeAt),
      name: this.#ownName(checked, record),
    });
    return {
      id: findingId(code),
      level: levelNames[this.#levels[code] ?? 0] ?? "",
      signal: this.#name(checked, plan, record),
      message: findingMessage(code, context),
    };
  }

  /** The definition that the record is bound to, else the record's own name. */
  #name(checked: Checked, { tables }: ValidationPlan, record: number): string {
    const group = checked.groupOf[record] ?? -1;
    if (group >= 0) return tables.groupName(group) || tables.groupId(group);
    return this.#ownName(checked, record);
  }

  #ownName({ rows }: Checked, record: number): string {
    if (record < 0) return "";
    const row = record * rows.layout.stride + this.#signal.nameWord;
    return shown(rows.bytes, rows.records[row] ?? 0, rows.records[row + 1] ?? 0);
  }

  #holder(row: number): string {
    const place = placeIn((this.#checked as Checked).found, row);
    return place?.list === placeList.scope ? "scope" : "resource";
  }

  #key({ found, rows }: Checked, { tables, typeAt }: ValidationPlan, row: number): string {
    const attribute = found.rows[row * foundStride + foundWord.attribute] ?? -1;
    if (attribute >= 0 && !tables.isTemplate(attribute)) return tables.attributeName(attribute);
    // What is unknown or stands under a template has a key of its own.
    const given = this.#given.of(this.#checked as Checked, row, typeAt);
    if (given !== null) return shown(rows.bytes, given.keyStart, given.keyEnd);
    return attribute < 0 ? "" : tables.attributeName(attribute);
  }
}
