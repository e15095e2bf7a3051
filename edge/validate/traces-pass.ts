// The pass over traces: schemas/validate/trace-pass.ts with the tenant's plan for the registry that
// serves. A canary's findings are counted by a second pass that decides nothing.
import { type OtlpLimits, scanCode } from "../../schemas/otlp/limits.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { TracePass, outcome } from "../../schemas/validate/trace-pass.ts";
import { itemReasons, limitText, scanRefusal } from "../decode/otlp-check.ts";
import type { PassInput, SignalPass } from "../decode/signal-pass.ts";
import type { Refusal } from "../errors.ts";
import { FindingReport } from "./finding-report.ts";
import { type Checked, reportedSpans } from "./reported-signal.ts";
import { type Served, type Validation, servedTo } from "./served.ts";

const checkedBy = (pass: TracePass): Checked => ({
  rows: pass,
  partitionOf: pass.partitionOf,
  groupOf: pass.groupOf,
  found: pass.found,
  tally: pass.tally,
});

/** One per isolate. */
export class TracesPass implements SignalPass {
  readonly report: FindingReport;
  /** Of the canary that was looked at last. */
  canaryReport: FindingReport;
  readonly #validation: Validation;
  #pass: TracePass | undefined;
  #canaryPass: TracePass | undefined;
  #served: Served | undefined;

  constructor(validation: Validation) {
    this.#validation = validation;
    this.report = this.#newReport();
    this.canaryReport = this.#newReport();
  }

  get rows(): ScannedRows {
    return this.#known();
  }

  get partitionOf(): Int32Array {
    return this.#known().partitionOf;
  }

  get registry(): string {
    return this.#served?.version ?? "";
  }

  readonly run = (bytes: Uint8Array, input: PassInput): Refusal | undefined => {
    const served = servedTo(this.#validation, input.tenant);
    if (served.canaryVersion !== this.#served?.canaryVersion) this.canaryReport = this.#newReport();
    this.#served = served;
    this.#pass ??= new TracePass(served.plan, this.#validation.limits);
    const code = this.#pass.run(bytes, served.plan, input.rule);
    if (code !== scanCode.ok) return scanRefusal(code, this.#pass.errorAt, this.#validation.limits);
    this.report.tell(checkedBy(this.#pass), served.plan, input);
    if (this.#pass.tally.overLimit > 0) this.#tellLimits(this.#pass, input);
    this.#runCanary(bytes, served, input);
    return undefined;
  };

  readonly count = (): void => {
    this.report.count(checkedBy(this.#known()));
    if (this.#canaryPass !== undefined && this.#served?.canaryPlan !== undefined)
      this.canaryReport.count(checkedBy(this.#canaryPass));
  };

  readonly findingsOf = (record: number, max: number): readonly Omit<RefusedFinding, "item">[] =>
    this.#known().partitionOf[record] === outcome.overLimit
      ? [limitOf(this.#known(), record, this.#validation.limits)]
      : this.report.of(record, max);

  readonly release = (): void => undefined;

  #known(): TracePass {
    if (this.#pass === undefined) throw new Error("a pass has no rows before its first run");
    return this.#pass;
  }

  #newReport(): FindingReport {
    const { limits, plans } = this.#validation;
    return new FindingReport(reportedSpans, plans.levels, limits);
  }

  #tellLimits(pass: TracePass, { rejections }: PassInput): void {
    for (let index = 0; index < pass.count; index += 1) {
      if (pass.partitionOf[index] !== outcome.overLimit) continue;
      const { id, message } = limitOf(pass, index, this.#validation.limits);
      rejections.add({ index, reason: id, detail: message });
    }
  }

  #runCanary(bytes: Uint8Array, { canaryPlan }: Served, { rule }: PassInput): void {
    if (canaryPlan === undefined) return;
    this.#canaryPass ??= new TracePass(canaryPlan, this.#validation.limits);
    this.#canaryPass.run(bytes, canaryPlan, rule);
  }
}

const limitOf = (
  pass: TracePass,
  record: number,
  limits: OtlpLimits,
): Omit<RefusedFinding, "item"> => {
  const code = pass.limitOf[record] ?? 0;
  const id = itemReasons.get(code) ?? "over-limit";
  return { id, level: "violation", signal: "", message: limitText(code, limits) };
};
