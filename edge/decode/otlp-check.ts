// Proves what the scan has only ranged: every nested field, text, id, depth and count of a request.
// A record that is over a limit is rejected alone; bytes that are no OTLP refuse the request, for
// then nobody knows what else was misread.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { type OtlpLimits, scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { type MessageName, messageType } from "../../schemas/otlp/messages.ts";
import {
  type RecordLayout,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
} from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { type Refusal, refuse } from "../errors.ts";
import { otlpSettings } from "../limits.ts";

/** Limits of one item, by the reason that is counted. */
export const itemReasons: ReadonlyMap<number, string> = new Map<number, string>([
  [scanCode.tooDeep, "too-deep"],
  [scanCode.tooManyAttributes, "too-many-attributes"],
  [scanCode.tooManyEvents, "too-many-events"],
  [scanCode.tooManyLinks, "too-many-links"],
  [scanCode.tooManyPoints, "too-many-points"],
  [scanCode.keyTooLong, "key-too-long"],
  [scanCode.valueTooLong, "value-too-long"],
]);

/** Limits of the whole request. */
const sizeCodes = new Set<number>([
  scanCode.requestTooLarge,
  scanCode.tooManyResources,
  scanCode.tooManyScopes,
  scanCode.tooManyRecords,
]);

/** The scan's own text, its limit by the name that is looked for in the settings. */
export const limitText = (code: number, limits: OtlpLimits): string =>
  scanCodeText(code, limits, otlpSettings);

/** The refusal of a request for a scan code, at this byte of its protobuf form. */
export const scanRefusal = (code: number, at: number, limits: OtlpLimits): Refusal =>
  refuse(
    sizeCodes.has(code) ? "body-too-large" : "malformed",
    `body: ${limitText(code, limits)}, at byte ${at}`,
    { field: "body", isMergeable: code === scanCode.repeatedMessage },
  );

/** Called for each record that is rejected alone. */
export type RejectRecord = (record: number, reason: string, detail: string) => void;

/** One per path, reused. */
export class OtlpCheck {
  readonly #limits: OtlpLimits;
  readonly #check: MessageCheck;
  readonly #record;
  readonly #resource = messageType("Resource");
  readonly #scope = messageType("InstrumentationScope");
  /** Column, limit and code of each counted field. */
  readonly #bounds: readonly (readonly [column: number, max: number, code: number])[];

  constructor(record: MessageName, layout: RecordLayout, limits: OtlpLimits) {
    this.#limits = limits;
    this.#check = new MessageCheck(limits);
    this.#record = messageType(record);
    this.#bounds = layout.bounds.map(([column, limit, code]) => [column, limits[limit], code]);
  }

  /** Checks all that was scanned; undefined when the request stands. */
  run(scan: SignalScan, reject: RejectRecord): Refusal | undefined {
    const head =
      this.#heads(scan, scan.resources, scan.resourceCount * resourceStride) ??
      this.#heads(scan, scan.scopes, scan.scopeCount * scopeStride);
    if (head !== undefined) return head;
    for (let record = 0; record < scan.count; record += 1) {
      const code = this.#recordCode(scan, record * scan.layout.stride);
      if (code === scanCode.ok) continue;
      const reason = itemReasons.get(code);
      if (reason === undefined) return scanRefusal(code, this.#check.errorAt, this.#limits);
      reject(record, reason, limitText(code, this.#limits));
    }
    return undefined;
  }

  /** Resources and scopes keep their head in the same words; their strides differ. */
  #heads(scan: SignalScan, rows: Int32Array, end: number): Refusal | undefined {
    const isResource = rows === scan.resources;
    const stride = isResource ? resourceStride : scopeStride;
    for (let row = 0; row < end; row += stride) {
      const start = rows[row + resourceWord.headStart] ?? 0;
      if (start === 0) continue;
      const headEnd = rows[row + resourceWord.headEnd] ?? 0;
      const type = isResource ? this.#resource : this.#scope;
      const code = this.#check.check(scan.bytes, start, headEnd, type);
      if (code !== scanCode.ok) return scanRefusal(code, this.#check.errorAt, this.#limits);
    }
    return undefined;
  }

  #recordCode(scan: SignalScan, row: number): number {
    const { records } = scan;
    for (const [column, max, code] of this.#bounds)
      if ((records[row + column] ?? 0) > max) return code;
    const start = records[row + recordWord.start] ?? 0;
    const end = records[row + recordWord.end] ?? 0;
    return this.#check.check(scan.bytes, start, end, this.#record);
  }
}
