// The pass over traces: schemas/validate/trace-pass.ts with the tenant's plan for the registry that
// serves, its findings counted, and those that refuse a span made ready to be told. A canary's
// findings are counted by a second pass that decides nothing.
import type { OtlpLimits } from "../../schemas/otlp/limits.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { level } from "../../schemas/validate/finding-table.ts";
import { decision, foundStride, foundWord } from "../../schemas/validate/found.ts";
import { spanWord } from "../../schemas/otlp/record-layout.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import { TracePass, outcome } from "../../schemas/validate/trace-pass.ts";
import { itemReasons, scanRefusal } from "../decode/otlp-check.ts";
import type { PassInput, SignalPass } from "../decode/signal-pass.ts";
import type { Refusal } from "../errors.ts";
import type { Rejections } from "../metrics/rejections.ts";
import type { Registry, RegistryHolder } from "../registry/registry-holder.ts";
import { FindingCounts } from "./finding-counts.ts";
import { FindingLabels, type LabelledFinding } from "./finding-label.ts";
import type { Plans } from "./plans.ts";
import { isOfUnknown } from "./validation-rules.ts";

/** What a pass works with; shared by the passes of an isolate. */
export type Validation = {
  readonly registries: RegistryHolder;
  readonly plans: Plans;
  readonly limits: OtlpLimits;
};

/** Warnings of one request that are put into words; the others are counted. */
const warningsToldMax = 64;

/** One per isolate. */
export class TracesPass implements SignalPass {
  readonly counts = new FindingCounts();
  /** Of the canary that was looked at last. */
  canaryCounts = new FindingCounts();
  readonly #validation: Validation;
  readonly #labels = new FindingLabels();
  #pass: TracePass | undefined;
  #canaryPass: TracePass | undefined;
  #plan: ValidationPlan | undefined;
  /** First row of each record with findings, when one of them is out. */
  readonly #firstRows = new Map<number, number>();
  #served: Registry;
  #canary: Registry | undefined;

  constructor(validation: Validation) {
    this.#validation = validation;
    this.#served = validation.registries.current;
  }

  get rows(): ScannedRows {
    return this.#known();
  }

  get partitionOf(): Int32Array {
    return this.#known().partitionOf;
  }

  get registry(): string {
    return this.#served.version;
  }

  readonly run = (bytes: Uint8Array, input: PassInput): Refusal | undefined => {
    const { registries, plans, limits } = this.#validation;
    this.#served = registries.current;
    const plan = plans.of(input.tenant, this.#served);
    this.#plan = plan;
    this.#pass ??= new TracePass(plan, limits);
    const code = this.#pass.run(bytes, plan, input.rule);
    if (code !== scanCode.ok) return scanRefusal(code, this.#pass.errorAt);
    this.#count(this.#pass, this.counts);
    this.#tell(this.#pass, plan, input);
    this.#runCanary(bytes, input);
    return undefined;
  };

  readonly findingsOf = (record: number, max: number): readonly LabelledFinding[] => {
    const pass = this.#known();
    const findings: LabelledFinding[] = [];
    for (const row of this.#rowsOf(pass, record)) {
      if (findings.length === max) break;
      findings.push(this.#label(row));
    }
    if (pass.partitionOf[record] === outcome.overLimit) findings.unshift(this.#limitOf(record));
    return findings;
  };

  readonly release = (): void => undefined;

  #known(): TracePass {
    if (this.#pass === undefined) throw new Error("a pass has no rows before its first run");
    return this.#pass;
  }

  #label(row: number): LabelledFinding {
    const { plans } = this.#validation;
    return this.#labels.of(this.#known(), this.#plan as ValidationPlan, plans.levels, row);
  }

  #limitOf(record: number): LabelledFinding {
    const code = this.#known().limitOf[record] ?? 0;
    const id = itemReasons.get(code) ?? "over-limit";
    return { id, level: "violation", signal: "", message: scanCodeText(code), label: id };
  }

  #count({ found, count, tally }: TracePass, counts: FindingCounts): void {
    const { rows } = found;
    for (let i = 0; i < found.count; i += 1) counts.add(rows[i * foundStride] ?? 0);
    counts.looked(count);
    counts.decided(decision.warn, tally.warned);
    counts.decided(decision.reject, tally.rejected);
    counts.decided(decision.quarantine, tally.quarantined);
  }

  /** Each refused span under its first deciding finding; warnings about what the registry knows. */
  #tell(pass: TracePass, plan: ValidationPlan, { rejections }: PassInput): void {
    const { tally } = pass;
    const outs = tally.rejected + tally.quarantined + tally.overLimit;
    this.#firstRows.clear();
    if (outs > 0) {
      this.#indexRows(pass);
      for (let i = 0; i < pass.count; i += 1) this.#tellOut(pass, plan, i, rejections);
    }
    if (tally.warned > 0) this.#tellWarnings(pass, rejections);
  }

  #tellOut(pass: TracePass, plan: ValidationPlan, index: number, rejections: Rejections): void {
    const became = pass.partitionOf[index] ?? 0;
    if (became >= 0) return;
    if (became === outcome.overLimit) {
      const { id, message } = this.#limitOf(index);
      rejections.add({ index, reason: id, detail: message });
      return;
    }
    this.counts.violated(this.#labels.name(pass, plan, index));
    const { id, label } = this.#deciding(pass, plan, index);
    if (became === outcome.rejected) rejections.add({ index, reason: id, detail: "", label });
    else rejections.quarantine(label);
  }

  #deciding(pass: TracePass, plan: ValidationPlan, index: number): LabelledFinding {
    const decisions = decisionsOf(pass, plan, index);
    let first: number | undefined;
    for (const row of this.#rowsOf(pass, index)) {
      first ??= row;
      const code = pass.found.rows[row * foundStride] ?? 0;
      if ((decisions[code] ?? 0) >= decision.reject) return this.#label(row);
    }
    // Its resource decided.
    return first === undefined ? resourceFinding : this.#label(first);
  }

  /** The rows of a record stand together. */
  *#rowsOf({ found }: TracePass, record: number): Generator<number> {
    const first = this.#firstRows.get(record) ?? found.count;
    for (let i = first; i < found.count; i += 1) {
      if (found.rows[i * foundStride + foundWord.record] !== record) return;
      yield i;
    }
  }

  #indexRows({ found }: TracePass): void {
    let before = Number.NaN;
    for (let i = 0; i < found.count; i += 1) {
      const record = found.rows[i * foundStride + foundWord.record] ?? 0;
      if (record !== before) this.#firstRows.set(record, i);
      before = record;
    }
  }

  #tellWarnings({ found }: TracePass, rejections: Rejections): void {
    const { levels } = this.#validation.plans;
    let told = 0;
    for (let i = 0; i < found.count && told < warningsToldMax; i += 1) {
      const code = found.rows[i * foundStride] ?? 0;
      if (levels[code] !== level.violation || isOfUnknown(code)) continue;
      told += 1;
      rejections.warn(this.#label(i).label);
    }
  }

  #runCanary(bytes: Uint8Array, { tenant, rule }: PassInput): void {
    const { registries, plans, limits } = this.#validation;
    const { canary } = registries;
    if (canary !== this.#canary) this.canaryCounts = new FindingCounts();
    this.#canary = canary;
    if (canary === undefined) return;
    const plan = plans.of(tenant, canary);
    this.#canaryPass ??= new TracePass(plan, limits);
    this.#canaryPass.run(bytes, plan, rule);
    this.#count(this.#canaryPass, this.canaryCounts);
  }
}

const resourceFinding: LabelledFinding = {
  id: "resource",
  level: "violation",
  signal: "",
  message: "",
  label: "its resource",
};

/** What the rules say of each code for this span's name. */
const decisionsOf = (pass: TracePass, plan: ValidationPlan, index: number): Uint8Array => {
  const row = index * pass.layout.stride;
  const start = pass.records[row + spanWord.nameStart] ?? 0;
  const length = (pass.records[row + spanWord.nameEnd] ?? 0) - start;
  return plan.names.find(pass.bytes, pass.view, start, length).decisions;
};
