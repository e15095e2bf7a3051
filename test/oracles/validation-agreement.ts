// Three ways to validate the same request must say the same: the pass with its memory of shapes,
// the direct path, and the plain validator; and what the pass takes must be what scanner and
// message check together take. Used by tests and the fuzzer.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import type { OtlpLimits } from "../../schemas/otlp/limits.ts";
import { defaultLimits, scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { messageType } from "../../schemas/otlp/messages.ts";
import { resourceStride, scopeStride } from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { createTraceScan } from "../../schemas/otlp/signal-scan.ts";
import { compileRules } from "../../schemas/validate/finding-rules.ts";
import type { FindingRule, RuleTable } from "../../schemas/validate/finding-rules.ts";
import { findingCodeMax } from "../../schemas/validate/finding-table.ts";
import { foundStride } from "../../schemas/validate/found.ts";
import { ValidationPlan } from "../../schemas/validate/plan.ts";
import { TracePass, outcome } from "../../schemas/validate/trace-pass.ts";
import { compileRegistry } from "../../schemas/weaver/compile.ts";
import { loadTables } from "../../schemas/weaver/load.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import { Tables } from "../../schemas/weaver/tables.ts";
import { PlainValidator } from "./plain-validator.ts";

const partitions = { partitions: 6, unkeyed: 2 };

/** Tables of a registry that must compile. */
export const tablesOf = (registry: ResolvedRegistry): Tables => {
  const compiled = compileRegistry(registry);
  if (!compiled.ok) throw new Error(compiled.problems.join("\n"));
  const loaded = loadTables(compiled.bytes);
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.tables;
};

export const rulesOf = (rules: readonly FindingRule[]): RuleTable => {
  const compiled = compileRules(rules);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.table;
};

/** A level for every code, so that nothing stays unseen. */
export const everyLevel = (): Uint8Array => new Uint8Array(findingCodeMax + 1).fill(1);

/** The findings of a pass, as the plain validator writes them, sorted. */
export const findingsOf = ({ found }: TracePass, tables: Tables): string[] => {
  const lines: string[] = [];
  for (let i = 0; i < found.count; i += 1) {
    const row = i * foundStride;
    const attribute = found.rows[row + 1] ?? -1;
    const key = attribute < 0 ? "" : tables.attributeName(attribute);
    lines.push(`${found.rows[row]} ${key} ${found.rows[row + 2]} ${found.rows[row + 3]}`);
  }
  return lines.sort();
};

const same = (what: string, left: readonly unknown[], right: readonly unknown[]): void => {
  const a = left.map(String);
  const b = right.map(String);
  if (a.join("\n") === b.join("\n")) return;
  const only = a.filter((line) => !b.includes(line)).slice(0, 5);
  const others = b.filter((line) => !a.includes(line)).slice(0, 5);
  throw new Error(`${what}: ${JSON.stringify(only)} against ${JSON.stringify(others)}`);
};

export type AgreementOptions = {
  readonly registry: ResolvedRegistry;
  readonly rules?: readonly FindingRule[];
  readonly limits?: OtlpLimits;
};

/** One for many requests; the memory of shapes grows from one to the next. */
export class ValidationAgreement {
  readonly tables: Tables;
  readonly plan: ValidationPlan;
  readonly fused: TracePass;
  readonly #direct: TracePass;
  readonly #directPlan: ValidationPlan;
  readonly #plain: PlainValidator;
  readonly #limits: OtlpLimits;
  readonly #hasRules: boolean;

  constructor({ registry, rules = [], limits = defaultLimits }: AgreementOptions) {
    this.tables = tablesOf(registry);
    const options = { tables: this.tables, levels: everyLevel(), rules: rulesOf(rules) };
    this.plan = new ValidationPlan(options);
    // Each way looks a span's attributes up in its own manner.
    const byRows = new Tables(this.tables.sections, 0);
    this.#directPlan = new ValidationPlan({ ...options, tables: byRows });
    this.fused = new TracePass(this.plan, limits);
    this.#direct = new TracePass(this.#directPlan, limits, false);
    this.#plain = new PlainValidator(registry);
    this.#limits = limits;
    this.#hasRules = rules.length > 0;
  }

  /** Fused, twice, and direct. @throws Error naming what differs. */
  assert(bytes: Uint8Array): void {
    const code = this.#direct.run(bytes, this.#directPlan, partitions);
    const direct = this.#said(this.#direct);
    for (const round of ["first", "second"]) {
      const fused = this.fused.run(bytes, this.plan, partitions);
      same(`${round} pass, code`, [fused], [code]);
      if (code !== scanCode.ok) continue;
      same(`${round} pass, findings`, findingsOf(this.fused, this.tables), direct.findings);
      same(`${round} pass, partitions`, this.#said(this.fused).partitions, direct.partitions);
      same(`${round} pass, groups`, this.#said(this.fused).groups, direct.groups);
    }
  }

  /** Also against the plain validator: for requests that protobufjs has written. */
  assertPlain(bytes: Uint8Array): void {
    this.assert(bytes);
    if (!this.#hasRules)
      same("plain", findingsOf(this.fused, this.tables), this.#plain.check(bytes));
  }

  /** The pass takes a request iff scanner and message check take it. */
  assertProof(bytes: Uint8Array): void {
    const scan = createTraceScan(this.#limits);
    const scanned = scan.scan(bytes, 0, bytes.length);
    const type = messageType("ExportTraceServiceRequest");
    const check = new MessageCheck(this.#limits);
    const proof = scanned === scanCode.ok ? check.check(bytes, 0, bytes.length, type) : scanned;
    const code = this.fused.run(bytes, this.plan, partitions);
    const isOver = this.fused.tally.overLimit > 0;
    if ((code === scanCode.ok && !isOver) === (proof === scanCode.ok)) {
      if (proof === scanCode.ok) this.#assertRows(scan);
      return;
    }
    throw new Error(`pass: ${scanCodeText(code)}; proof: ${scanCodeText(proof)}`);
  }

  /** The rows are those of the scanner, but for the ranges of events and links. */
  #assertRows(scan: SignalScan): void {
    const { fused } = this;
    same("count", [fused.count], [scan.count]);
    const { stride } = fused.layout;
    const unfilled = new Set([23, 24, 26, 27]);
    const cells = (rows: Int32Array): number[] =>
      [...rows.subarray(0, scan.count * stride)].filter((_, i) => !unfilled.has(i % stride));
    same("rows", cells(fused.records), cells(scan.records));
    const resources = (rows: Int32Array): Int32Array =>
      rows.subarray(0, scan.resourceCount * resourceStride);
    same("resources", [...resources(fused.resources)], [...resources(scan.resources)]);
    const scopes = (rows: Int32Array): Int32Array =>
      rows.subarray(0, scan.scopeCount * scopeStride);
    same("scopes", [...scopes(fused.scopes)], [...scopes(scan.scopes)]);
  }

  #said(pass: TracePass): { findings: string[]; partitions: number[]; groups: number[] } {
    const partitions_ = [...pass.partitionOf.subarray(0, pass.count)];
    return {
      findings: findingsOf(pass, this.tables),
      partitions: partitions_,
      groups: [...pass.groupOf.subarray(0, pass.count)].map((group, i) =>
        partitions_[i] === outcome.overLimit ? -1 : group,
      ),
    };
  }
}
