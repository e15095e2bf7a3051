// The pass over metrics or log records: a scan for the offsets, a proof of every byte, and the check
// against the registry that serves. A record over a limit is rejected alone. A canary's findings are
// counted by a second check that decides nothing.
import { scanCode } from "../../schemas/otlp/limits.ts";
import type { MessageName } from "../../schemas/otlp/messages.ts";
import type { RecordLayout } from "../../schemas/otlp/record-layout.ts";
import { logLayout, metricLayout } from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../schemas/otlp/trace-partition.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import { SignalCheck } from "../../schemas/validate/signal-check.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import { OtlpCheck, scanRefusal } from "../decode/otlp-check.ts";
import type { PassInput, SignalPass } from "../decode/signal-pass.ts";
import type { Refusal } from "../errors.ts";
import { FindingReport } from "./finding-report.ts";
import { type ReportedSignal, reportedLogs, reportedMetrics } from "./reported-signal.ts";
import { type Served, type Validation, servedTo } from "./served.ts";

const rowsAtFirst = 1024;

type Kind = {
  readonly record: MessageName;
  readonly layout: RecordLayout;
  readonly hasTraceId: boolean;
  readonly reported: ReportedSignal;
};

const kinds = {
  metrics: { record: "Metric", layout: metricLayout, hasTraceId: false, reported: reportedMetrics },
  logs: { record: "LogRecord", layout: logLayout, hasTraceId: true, reported: reportedLogs },
} as const satisfies { readonly [signal: string]: Kind };

/** One per signal and isolate. */
export class RecordsPass implements SignalPass {
  readonly report: FindingReport;
  /** Of the canary that was looked at last. */
  canaryReport: FindingReport;
  partitionOf: Int32Array = new Int32Array(rowsAtFirst);
  registry = "";
  readonly #signal: keyof typeof kinds;
  readonly #validation: Validation;
  readonly #scan: SignalScan;
  readonly #proof: OtlpCheck;
  readonly #check: SignalCheck;
  readonly #hasTraceId: boolean;
  #canaryCheck: SignalCheck | undefined;
  #canaryPartitionOf: Int32Array = new Int32Array(0);
  #served: Served | undefined;
  /** Why records are over a limit. */
  readonly #limits = new Map<number, string>();
  /** By reason. */
  readonly #details = new Map<string, string>();

  constructor(signal: keyof typeof kinds, validation: Validation) {
    const { record, layout, hasTraceId } = kinds[signal];
    const { limits } = validation;
    this.#signal = signal;
    this.#validation = validation;
    // What bounds one record is the proof's part: it rejects the record, not the request.
    this.#scan = new SignalScan({ ...layout, bounds: [] }, limits);
    this.#proof = new OtlpCheck(record, layout, limits);
    this.#check = new SignalCheck(signal, limits);
    this.#hasTraceId = hasTraceId;
    this.report = this.#newReport();
    this.canaryReport = this.#newReport();
  }

  get rows(): ScannedRows {
    return this.#scan;
  }

  readonly run = (bytes: Uint8Array, input: PassInput): Refusal | undefined => {
    const scan = this.#scan;
    this.#limits.clear();
    const code = scan.scan(bytes, 0, bytes.byteLength);
    if (code !== scanCode.ok) return scanRefusal(code, scan.errorAt, scan.limits);
    if (this.partitionOf.length < scan.count) this.partitionOf = new Int32Array(scan.count * 2);
    if (this.#hasTraceId) partitionByTraceId(scan, input.rule, this.partitionOf);
    else this.partitionOf.fill(input.rule.unkeyed, 0, scan.count);
    const refusal = this.#proof.run(scan, (index, reason, detail) => {
      input.rejections.add({ index, reason, detail }, input.itemsOf(index));
      this.partitionOf[index] = outcome.overLimit;
      this.#limits.set(index, reason);
      this.#details.set(reason, detail);
    });
    if (refusal === undefined) this.#validate(input);
    return refusal;
  };

  readonly count = (): void => {
    const rows = this.#scan;
    this.report.count({ rows, found: this.#check.found, tally: this.#check.tally });
    if (this.#canaryCheck === undefined || this.#served?.canaryPlan === undefined) return;
    const { found, tally } = this.#canaryCheck;
    this.canaryReport.count({ rows, found, tally });
  };

  readonly findingsOf = (record: number, max: number): readonly Omit<RefusedFinding, "item">[] => {
    const id = this.#limits.get(record);
    if (id === undefined) return this.report.of(record, max);
    return [{ id, level: "violation", signal: "", message: this.#details.get(id) ?? "" }];
  };

  readonly release = (): void => this.#scan.release();

  #newReport(): FindingReport {
    const { limits, plans } = this.#validation;
    return new FindingReport(kinds[this.#signal].reported, plans.levels, limits);
  }

  #validate(input: PassInput): void {
    const served = servedTo(this.#validation, input.tenant);
    if (served.canaryVersion !== this.#served?.canaryVersion) this.canaryReport = this.#newReport();
    this.#served = served;
    this.registry = served.version;
    const { partitionOf } = this;
    // First, as the other one marks what is out.
    this.#runCanary(served);
    this.#check.run(this.#scan, served.plan, partitionOf);
    const { found, groupOf, tally } = this.#check;
    this.report.tell({ rows: this.#scan, partitionOf, groupOf, found, tally }, served.plan, input);
  }

  #runCanary({ canaryPlan }: Served): void {
    if (canaryPlan === undefined) return;
    const rows = this.#scan;
    if (this.#canaryPartitionOf.length < rows.count)
      this.#canaryPartitionOf = new Int32Array(this.partitionOf.length);
    this.#canaryPartitionOf.set(this.partitionOf.subarray(0, rows.count));
    this.#canaryCheck ??= new SignalCheck(this.#signal, this.#validation.limits);
    this.#canaryCheck.run(rows, canaryPlan, this.#canaryPartitionOf);
  }
}
