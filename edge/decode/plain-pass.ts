// The pass of signals that no registry describes yet: a scan for the offsets, and a proof of every
// byte. A record over a limit is rejected alone.
import type { MessageName } from "../../schemas/otlp/messages.ts";
import { type OtlpLimits, scanCode } from "../../schemas/otlp/limits.ts";
import type { RecordLayout } from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../schemas/otlp/trace-partition.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import type { Refusal } from "../errors.ts";
import { OtlpCheck, scanRefusal } from "./otlp-check.ts";
import type { PassInput, SignalPass } from "./signal-pass.ts";

const rowsAtFirst = 1024;

/** What is read. */
export type PlainSignal = {
  readonly record: MessageName;
  readonly layout: RecordLayout;
  readonly hasTraceId: boolean;
};

/** One per path. */
export class PlainPass implements SignalPass {
  readonly registry = "";
  partitionOf: Int32Array = new Int32Array(rowsAtFirst);
  readonly #scan: SignalScan;
  readonly #check: OtlpCheck;
  readonly #hasTraceId: boolean;
  readonly #reasons = new Map<number, string>();

  constructor({ record, layout, hasTraceId }: PlainSignal, limits: OtlpLimits) {
    // What bounds one record is the check's part: it rejects the record, not the request.
    this.#scan = new SignalScan({ ...layout, bounds: [] }, limits);
    this.#check = new OtlpCheck(record, layout, limits);
    this.#hasTraceId = hasTraceId;
  }

  get rows(): ScannedRows {
    return this.#scan;
  }

  readonly run = (bytes: Uint8Array, input: PassInput): Refusal | undefined => {
    const scan = this.#scan;
    this.#reasons.clear();
    const code = scan.scan(bytes, 0, bytes.byteLength);
    if (code !== scanCode.ok) return scanRefusal(code, scan.errorAt);
    if (this.partitionOf.length < scan.count) this.partitionOf = new Int32Array(scan.count * 2);
    if (this.#hasTraceId) partitionByTraceId(scan, input.rule, this.partitionOf);
    else this.partitionOf.fill(input.rule.unkeyed, 0, scan.count);
    return this.#check.run(scan, (index, reason, detail) => {
      input.rejections.add({ index, reason, detail }, input.itemsOf(index));
      this.partitionOf[index] = outcome.overLimit;
      this.#reasons.set(index, reason);
    });
  };

  readonly findingsOf = (record: number): readonly Omit<RefusedFinding, "item">[] => {
    const id = this.#reasons.get(record);
    return id === undefined ? [] : [{ id, level: "violation", signal: "", message: "" }];
  };

  readonly release = (): void => this.#scan.release();
}
