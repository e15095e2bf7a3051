// One OTLP request through the head sampler that the edge runs, as output lines: what was decided on
// each span or log record, by which rule, and what a kept one would carry on. Bad records are
// reported and left out, as weir decode does.
import { type RecordFault, scanFaults } from "../../schemas/otlp/hidden-record.ts";
import { takenLimits } from "../../schemas/otlp/limits.ts";
import { checkSignal, type Signal } from "../../schemas/otlp/messages.ts";
import type { JsonObject } from "../../schemas/otlp/read-message.ts";
import { hexAt, textAt } from "../../schemas/otlp/read-message.ts";
import { spanWord } from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { createLogScan, createTraceScan } from "../../schemas/otlp/signal-scan.ts";
import { delimitedStart } from "../../schemas/otlp/wire.ts";
import { fate } from "../../schemas/sampling/head-decisions.ts";
import { headRuleNames, HeadRules } from "../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
import type { TenantPolicy } from "../../schemas/sampling/head-settings.ts";
import { adjustedCountOf, allDigits } from "../../schemas/sampling/threshold.ts";

/** A line of output, or what is wrong at an offset of the request. */
export type Sampled = { readonly line: JsonObject } | RecordFault;

/** Signals that are sampled. */
export type SampledSignal = Exclude<Signal, "metrics">;

const traceIdBytes = 16;
const spanIdBytes = 8;

/** Samples requests by one tenant's policy; reused. */
export class RequestSampler {
  readonly #rules: HeadRules;
  readonly #sampler = new HeadSampler({ hasDecisions: true });
  readonly #scans: { readonly [signal in SampledSignal]: SignalScan } = {
    traces: createTraceScan(takenLimits),
    logs: createLogScan(takenLimits),
  };

  /** @throws RangeError for a rate that is none. */
  constructor(policy: TenantPolicy) {
    this.#rules = new HeadRules(policy);
  }

  /**
   * Samples a protobuf request. Bad records are overwritten in `bytes`.
   * @throws RangeError for a signal that is not sampled, with the first line.
   */
  *sample(signal: SampledSignal, bytes: Uint8Array): Generator<Sampled> {
    checkSignal(signal, Object.keys(this.#scans));
    const scan = this.#scans[signal];
    yield* scanFaults(scan, bytes);
    // After a fault outside the records, those before it are still there.
    const partitionOf = new Int32Array(scan.count);
    if (signal === "traces") this.#sampler.passSpans(scan, this.#rules, partitionOf);
    else this.#sampler.passLogs(scan, this.#rules, partitionOf);
    for (let i = 0; i < scan.count; i += 1) yield { line: this.#line(signal, scan, i) };
  }

  #line(signal: SampledSignal, scan: SignalScan, record: number): JsonObject {
    const { decisions } = this.#sampler;
    const isKept = decisions.fate(record) === fate.kept;
    const threshold = decisions.threshold(record);
    const set = decisions.set(record);
    // Spans and log records keep their ids in the same words.
    const row = record * scan.layout.stride;
    return {
      traceId: idText(scan, row + spanWord.traceIdAt, traceIdBytes),
      spanId: idText(scan, row + spanWord.spanIdAt, spanIdBytes),
      decision: isKept ? "keep" : "drop",
      rule: headRuleNames[decisions.rule(record)] ?? "base",
      randomness: allDigits(decisions.randomness(record)),
      threshold: allDigits(threshold),
      adjustedCount: isKept ? adjustedCountOf(threshold) : 0,
      tracestate: isKept && signal === "traces" ? this.#traceState(scan, record) : "",
      signal,
      ...(set > 0 ? { override: set - 1 } : {}),
    };
  }

  /** As it would be sent on: the one that was written, else the one that came. */
  #traceState({ bytes, records, layout }: SignalScan, record: number): string {
    const { edits } = this.#sampler;
    const row = record * layout.stride;
    if (!edits.isEdited(record)) {
      const start = records[row + spanWord.traceStateStart] ?? 0;
      return textAt(bytes, start, records[row + spanWord.traceStateEnd] ?? 0);
    }
    const end = edits.addEnd(record);
    const added = edits.added.bytes;
    // Behind the field's tag, one byte.
    return textAt(added, delimitedStart(added, edits.addStart(record) + 1, end), end);
  }
}

const idText = ({ bytes, records }: SignalScan, column: number, size: number): string => {
  const at = records[column] ?? 0;
  return at === 0 ? "" : hexAt(bytes, at, at + size);
};
