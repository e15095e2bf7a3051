// One pass over an ExportTraceServiceRequest: scan, proof of every byte, binding, check, verdict and
// partition of each span. Afterwards the rows are those of a trace scan, so that sampling and
// regrouping go on from them. Text and objects are made for nothing; a known shape costs a walk in
// its tree, an unknown one the direct path (span-check.ts), once.
import type { OtlpLimits, ScanCode } from "../otlp/limits.ts";
import { defaultLimits, scanCode } from "../otlp/limits.ts";
import { spanLayout, spanWord } from "../otlp/record-layout.ts";
import type { PartitionRule } from "../otlp/trace-partition.ts";
import { EnvelopeReader } from "./envelope-reader.ts";
import { Found, decision } from "./found.ts";
import { NestedCheck } from "./nested-check.ts";
import type { ValidationPlan } from "./plan.ts";
import { stateStride, stateWord, verdictWord } from "./shapes.ts";
import { SpanCheck } from "./span-check.ts";
import { SpanEntities } from "./span-entities.ts";
import type { NameClass } from "./span-names.ts";
import { unkeptClass } from "./span-names.ts";
import { SpanPartition } from "./span-partition.ts";
import { SpanReader } from "./span-reader.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const word = spanWord;
const { stride } = spanLayout;
const { none, warn, reject, quarantine } = decision;
const verdictCell = verdictWord;
const { verdict: firstVerdict } = stateWord;
const stateCells = stateStride;
const noClass = unkeptClass;

/** Entries of `partitionOf` below 0: why a record is out. -1 is left to sampling. */
export const outcome = { sampledOut: -1, rejected: -2, quarantined: -3, overLimit: -4 } as const;

/** Kinds beyond those of OTLP are one. */
const strangeKind = 6;
const rowsAtFirst = 64;

/** Codes that a span is rejected for alone; every other one refuses the request. */
const spanLimits = new Set<number>([
  scanCode.tooDeep,
  scanCode.tooManyAttributes,
  scanCode.tooManyEvents,
  scanCode.tooManyLinks,
  scanCode.keyTooLong,
  scanCode.valueTooLong,
]);

/** Spans by what became of them; a span with a warning counts as warned only when it stays. */
export type TraceTally = {
  warned: number;
  rejected: number;
  quarantined: number;
  overLimit: number;
  /** Spans that took the direct path. */
  direct: number;
};

const emptyTally = (): TraceTally => ({
  warned: 0,
  rejected: 0,
  quarantined: 0,
  overLimit: 0,
  direct: 0,
});

/** One per isolate or thread, reused; results hold until the next pass. */
export class TracePass extends EnvelopeReader {
  readonly layout = spanLayout;
  /** Rows of `spanWord`. Of events and links only the numbers are filled in. */
  records: Int32Array = new Int32Array(stride * rowsAtFirst);
  /** Partition of each span, or an `outcome`. */
  partitionOf: Int32Array = new Int32Array(rowsAtFirst);
  /** Definition that each span is bound to, or -1. */
  groupOf: Int32Array = new Int32Array(rowsAtFirst);
  /** Code of the limit that a span with outcome overLimit is over. */
  limitOf: Uint8Array = new Uint8Array(rowsAtFirst);
  tally: TraceTally = emptyTally();
  readonly #check: SpanCheck;
  readonly #nested: NestedCheck;
  readonly #entities: SpanEntities;
  readonly #reader: SpanReader;
  readonly #partition = new SpanPartition();
  readonly #usesShapes: boolean;
  #plan: ValidationPlan;

  /** `usesShapes` false: every span takes the direct path, for comparison. */
  constructor(plan: ValidationPlan, limits: OtlpLimits = defaultLimits, usesShapes = true) {
    const found = new Found();
    super(found, limits, usesShapes);
    this.#plan = plan;
    this.#check = new SpanCheck(found, limits);
    this.#nested = new NestedCheck(this.#check.attributes, limits);
    this.#entities = new SpanEntities(found, limits);
    this.#reader = new SpanReader(plan, found, this.#check.attributes.values, limits);
    this.#usesShapes = usesShapes;
    this.#reader.cells = this.records;
  }

  /** Reads a request with a tenant's plan. Not ok = refuse it as a whole; see `errorAt`. */
  run(bytes: Uint8Array, plan: ValidationPlan, partitions: PartitionRule): ScanCode {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    plan.shapes.refresh();
    this.#plan = plan;
    this.tally = emptyTally();
    this.#check.attributes.open(bytes, view);
    this.#nested.open(bytes);
    this.#entities.open(bytes, view);
    this.#reader.open(bytes, view, plan);
    // The row behind the last may hold a span that was refused.
    this.records.fill(0, 0, (this.count + 1) * stride);
    this.#partition.open(bytes, view, partitions);
    return this.readEnvelope(bytes, view, plan);
  }

  /** One span: its field begins at `fieldStart`, its message is [start, end). */
  protected override item(fieldStart: number, start: number, end: number): number {
    const index = this.count;
    const row = index * stride;
    if (row === this.records.length) this.#grow();
    const found = this.found;
    const reader = this.#reader;
    found.begin(index);
    found.decisions = this.#plan.names.other.decisions;
    const from = found.count;
    const { records } = this;
    records[row + word.fieldStart] = fieldStart;
    records[row + word.end] = end;
    records[row + word.start] = start;
    records[row + word.resource] = this.resourceCount - 1;
    records[row + word.scope] = this.scopeCount - 1;
    const next = reader.read(start, end, row);
    this.count = index + 1;
    if (next < 0) return this.#overLimit(index, -next, from, end);
    this.#judge(index, row, from);
    return end;
  }

  /** A span over a limit is out alone; anything else ends the pass. */
  #overLimit(index: number, code: number, from: number, end: number): number {
    this.errorAt = this.#reader.errorAt;
    if (!spanLimits.has(code)) return -code;
    this.found.count = from;
    this.partitionOf[index] = outcome.overLimit;
    this.groupOf[index] = -1;
    this.limitOf[index] = code;
    this.tally.overLimit += 1;
    return end;
  }

  #judge(index: number, row: number, from: number): void {
    const verdict = this.#knownVerdict(row);
    if (verdict > 0) this.#replay(index, verdict);
    else this.#judgeAnew(index, row, from);
    const group = this.groupOf[index] as number;
    if (group >= 0 && this.#plan.tables.associates[group] === 1) this.#lookAtResource(row, group);
    const found = this.found.worst;
    const worst = found > this.resourceWorst ? found : this.resourceWorst;
    if (worst < reject) {
      if (found === warn) this.tally.warned += 1;
      this.partitionOf[index] = this.#partition.of(this.records[row + word.traceIdAt] as number);
    } else this.partitionOf[index] = this.#out(worst);
  }

  /** The verdict of a span of known shape and name without events and links; 0 = to be judged. */
  #knownVerdict(row: number): number {
    const { records } = this;
    const { nameClass, walk } = this.#reader;
    const nested = (records[row + word.events] as number) | (records[row + word.links] as number);
    if (nameClass < 0 || nested !== 0 || !this.#usesShapes) return 0;
    return this.#findVerdict(walk.state, this.#selector(row, nameClass));
  }

  #judgeAnew(index: number, row: number, from: number): void {
    const found = this.found;
    const { records } = this;
    const plan = this.#plan;
    const nameStart = records[row + word.nameStart] as number;
    const length = (records[row + word.nameEnd] as number) - nameStart;
    const name = plan.names.find(this.bytes, this.view, nameStart, length);
    found.decisions = name.decisions;
    const state = this.#usesShapes ? this.#reader.walk.state : 0;
    const verdict = state > 0 ? this.#verdict(state, row, name) : 0;
    if (verdict > 0) this.#replay(index, verdict);
    else {
      found.count = from;
      found.worst = none;
      this.#direct(row, name, true);
      this.groupOf[index] = this.#check.group;
    }
    if (((records[row + word.events] as number) | (records[row + word.links] as number)) > 0)
      this.#nested.check(
        plan,
        records[row + word.start] as number,
        records[row + word.end] as number,
      );
  }

  /** What the span's entities ask of its resource; no verdict of a shape holds it. */
  #lookAtResource(row: number, group: number): void {
    const { records } = this;
    const plan = this.#plan;
    const nameStart = records[row + word.nameStart] as number;
    const length = (records[row + word.nameEnd] as number) - nameStart;
    this.found.decisions = plan.names.find(this.bytes, this.view, nameStart, length).decisions;
    this.#entities.check(plan, group, this.resources, this.resourceCount - 1);
  }

  #out(worst: number): number {
    if (worst === quarantine) {
      this.tally.quarantined += 1;
      return outcome.quarantined;
    }
    this.tally.rejected += 1;
    return outcome.rejected;
  }

  /** What of the verdict depends on the span beside its shape. */
  #selector(row: number, nameClass: number): number {
    const kind = this.records[row + word.kind] as number;
    const statusCode = this.records[row + word.statusCode];
    const known = kind >= 0 && kind < strangeKind ? kind : strangeKind;
    return (nameClass << 4) | (known << 1) | (statusCode === 2 ? 1 : 0);
  }

  /** The verdict of spans that end in this state, or 0; state 0 has none. */
  #findVerdict(state: number, selector: number): number {
    const { verdicts, states } = this.#plan.shapes;
    let verdict = states[state * stateCells + firstVerdict] as number;
    while (verdict !== 0 && verdicts[verdict] !== selector)
      verdict = verdicts[verdict + verdictCell.next] as number;
    return verdict;
  }

  /** The same, made when it is new; 0 = there is none. */
  #verdict(state: number, row: number, name: NameClass): number {
    if (name.number === noClass) return 0;
    const selector = this.#selector(row, name.number);
    const verdict = this.#findVerdict(state, selector);
    return verdict > 0 ? verdict : this.#made(state, selector, row, name);
  }

  /** Asks the direct path for all that does not depend on values, and keeps it. */
  #made(state: number, selector: number, row: number, name: NameClass): number {
    const found = this.found;
    const { shapes, tables } = this.#plan;
    const { count: from, dropped, worst } = found;
    found.worst = none;
    this.#direct(row, name, false);
    const { group } = this.#check;
    const added = found.count - from;
    const isWhole = found.dropped === dropped;
    const readsValues = group >= 0 && tables.readsValues[group] === 1;
    const verdict = isWhole && !readsValues ? shapes.addVerdict(state, selector, added) : 0;
    if (verdict > 0) {
      const { rows } = found;
      for (let i = from; i < found.count; i += 1) {
        const row = i * 4;
        const place = rows[row + 3] as number;
        shapes.addFinding(verdict, rows[row] as number, rows[row + 1] as number, place);
      }
      shapes.verdicts[verdict + verdictCell.decision] = found.worst;
      shapes.verdicts[verdict + verdictCell.group] = group;
    }
    found.count = from;
    found.worst = worst;
    return verdict;
  }

  #replay(index: number, verdict: number): void {
    const { verdicts, findings } = this.#plan.shapes;
    this.groupOf[index] = verdicts[verdict + verdictCell.group] as number;
    const count = verdicts[verdict + verdictCell.count] as number;
    if (count === 0) return;
    const at = verdicts[verdict + verdictCell.findings] as number;
    this.found.addAll(findings, at, count, verdicts[verdict + verdictCell.decision] as number);
  }

  /** The span's attributes were read already, so that they can be read cannot fail. */
  #direct(row: number, name: NameClass, withValues: boolean): void {
    const check = this.#check;
    const { records } = this;
    this.tally.direct += 1;
    check.attributesStart = records[row + word.attributesStart] as number;
    check.attributesEnd = records[row + word.attributesEnd] as number;
    check.kind = records[row + word.kind] as number;
    check.isError = records[row + word.statusCode] === 2;
    check.check(this.#plan, this.bytes, name, withValues);
  }

  #grow(): void {
    const larger = new Int32Array(this.records.length * 2);
    larger.set(this.records);
    this.records = larger;
    this.#reader.cells = larger;
    const rows = larger.length / stride;
    this.partitionOf = grown(this.partitionOf, rows);
    this.groupOf = grown(this.groupOf, rows);
    const limits = new Uint8Array(rows);
    limits.set(this.limitOf);
    this.limitOf = limits;
  }
}

const grown = (cells: Int32Array, length: number): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(length);
  larger.set(cells);
  return larger;
};
