// Head sampling over the rows of a scan: every span or log record is kept or dropped by the rules
// of its tenant, and a kept one gets the edit that writes its threshold (tracestate of a span,
// attributes of a log record). Nothing is allocated per record; a span without incoming tracestate
// costs a few dozen nanoseconds. Metrics are not sampled: dropping points breaks sums.
//
// Every kept record carries its threshold, `th:0` too: an absent one means "weight unknown", and
// forced keeps (errors) would then be weighed by guess.
import { RecordEdits } from "../otlp/record-edits.ts";
import { resourceStride, resourceWord, spanWord } from "../otlp/record-layout.ts";
import type { ScannedRows } from "../otlp/scanned-rows.ts";
import { byteAt, lengthBytes, tagOf, wireType } from "../otlp/wire.ts";
import { HeadDecision } from "./head-decision.ts";
import type { HeadTally } from "./head-decisions.ts";
import { HeadDecisions, headTally } from "./head-decisions.ts";
import type { HeadRules } from "./head-rules.ts";
import { headRule, ruleStride, ruleWord } from "./head-rules.ts";
import { LogMarks } from "./log-marks.ts";
import {
  isZeroTraceId,
  readHashRandomness,
  readTraceIdRandomness,
  traceIdHigh,
  traceIdLow,
} from "./randomness.ts";
import { isSame } from "./threshold.ts";
import { TraceState } from "./trace-state.ts";

const traceStateTag = tagOf(3, wireType.delimited);
const statusError = 2;
/** Entry of `partitionOf` for a record that is out. */
const out = -1;
/** Ranges of ready-made bytes for each rule set: one for each rule and one for logs. */
const readyPerSet = 4;
const readyLogs = 3;

// Names of this module's own: an imported object's property is loaded anew at each use.
const { statusCode, startTimeLow, startTimeHigh, endTimeLow, endTimeHigh } = spanWord;
const { traceIdAt, traceStateStart, traceStateEnd, nameStart, nameEnd } = spanWord;
const { start: messageStart, end: messageEnd, resource: resourceIndex } = spanWord;
const { attributesStart, attributesEnd } = spanWord;
const { slowNsHigh, slowNsLow, logs: logsWord } = ruleWord;
const { error: errorRule, slow: slowRule, base: baseRule } = headRule;

const cell = (rows: Int32Array, index: number): number => rows[index] as number;

/** What `lasted` says of a span whose times run backwards. */
const negative = -1;

/** 1 when the span lasted longer than the set's limit, 0 when not. 64-bit unsigned nanoseconds. */
const lasted = (records: Int32Array, row: number, words: Int32Array, set: number): number => {
  const startHigh = cell(records, row + startTimeHigh) >>> 0;
  const endHigh = cell(records, row + endTimeHigh) >>> 0;
  const startLow = cell(records, row + startTimeLow) >>> 0;
  const endLow = cell(records, row + endTimeLow) >>> 0;
  const borrow = endLow < startLow ? 1 : 0;
  const high = endHigh - startHigh - borrow;
  if (high < 0) return negative;
  const limitHigh = cell(words, set + slowNsHigh);
  if (high !== limitHigh) return high > limitHigh ? 1 : 0;
  return (endLow - startLow) >>> 0 > cell(words, set + slowNsLow) >>> 0 ? 1 : 0;
};

/** What the threshold in `words` says of a trace id; nothing of 0 = none, or one that may be none. */
const unsaid = -1;
const drops = 0;
const keeps = 1;

const saidBy = (view: DataView, id: number, words: Int32Array, column: number): number => {
  if (id === 0) return unsaid;
  const high = traceIdHigh(view, id);
  const low = traceIdLow(view, id);
  if ((high | low) === 0) return unsaid;
  const limit = cell(words, column);
  return high > limit || (high === limit && low >= cell(words, column + 1)) ? keeps : drops;
};

/** One per thread or isolate, reused: results hold until the next pass. */
export class HeadSampler {
  /** Filled when asked for at construction; a pass is a third slower then. */
  readonly decisions = new HeadDecisions();
  readonly #hasDecisions: boolean;
  /** For Regroup.build. */
  readonly edits = new RecordEdits();
  tally: HeadTally = headTally();
  readonly #decision = new HeadDecision();
  readonly #state = new TraceState();
  readonly #marks = new LogMarks();
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** By rule set and rule: start and end, in the edits, of the bytes for a record without any. */
  #ready = new Int32Array(2 * readyPerSet);
  #hasHash = false;
  /** Of the rules of this pass. */
  #words: Int32Array = new Int32Array(0);

  constructor({ hasDecisions }: { readonly hasDecisions: boolean }) {
    this.#hasDecisions = hasDecisions;
  }

  /**
   * Decides the spans of a trace scan. `partitionOf` has an entry for each: below 0 = already out
   * (rejected), which stays; dropped ones become -1; kept ones are left as they are.
   */
  passSpans(scan: ScannedRows, rules: HeadRules, partitionOf: Int32Array): void {
    this.#begin(scan, rules);
    const { records, bytes, count } = scan;
    const { stride } = scan.layout;
    const { words } = rules;
    const { kept, dropped } = this.tally;
    const view = this.#view;
    let resource = -1;
    for (let i = 0, row = 0; i < count; i += 1, row += stride) {
      if (cell(partitionOf, i) < 0) continue;
      if (cell(records, row + resourceIndex) !== resource) {
        resource = cell(records, row + resourceIndex);
        chooseService(scan, rules, resource);
      }
      const from = cell(records, row + nameStart);
      const set = rules.spanSet(bytes, from, cell(records, row + nameEnd));
      const rule = this.#ruleOf(records, row, words, set * ruleStride);
      const ready = set * readyPerSet + rule;
      const isPlain = !this.#hasDecisions && cell(records, row + traceStateStart) === 0;
      const id = isPlain ? cell(records, row + traceIdAt) : 0;
      const said = saidBy(view, id, words, set * ruleStride + 2 * rule);
      if (said === unsaid) this.#decideSpan(i, scan, ready, partitionOf);
      else {
        const counts = said === keeps ? kept : dropped;
        counts[rule] = cell(counts, rule) + 1;
        if (said === keeps) this.#editPlain(i, ready);
        else partitionOf[i] = out;
      }
    }
  }

  /** A span with tracestate, without a usable trace id, or whose decision is to be told. */
  #decideSpan(record: number, scan: ScannedRows, ready: number, partitionOf: Int32Array): void {
    const decision = this.#decision;
    const { records } = scan;
    const row = record * scan.layout.stride;
    const set = Math.floor(ready / readyPerSet);
    const rule = ready % readyPerSet;
    const column = set * ruleStride + 2 * rule;
    const hasState = cell(records, row + traceStateStart) > 0;
    this.#readSpan(scan, row, hasState);
    const isKept = decision.decide(cell(this.#words, column), cell(this.#words, column + 1));
    this.#note(record, isKept, set, rule);
    if (!isKept) partitionOf[record] = out;
    else if (hasState || this.#hasHash) this.#editState(record, scan, row);
    else this.#editPlain(record, ready);
  }

  /** The same for the log records of a log scan; they are all of the base rule. */
  passLogs(scan: ScannedRows, rules: HeadRules, partitionOf: Int32Array): void {
    this.#begin(scan, rules);
    const { records, count } = scan;
    const { stride } = scan.layout;
    const decision = this.#decision;
    let resource = -1;
    let set = 0;
    for (let i = 0, row = 0; i < count; i += 1, row += stride) {
      if (cell(partitionOf, i) < 0) continue;
      if (cell(records, row + resourceIndex) !== resource) {
        resource = cell(records, row + resourceIndex);
        chooseService(scan, rules, resource);
        set = rules.logSet();
      }
      const column = set * ruleStride + logsWord;
      this.#readLog(scan, row);
      const isKept = decision.decide(cell(rules.words, column), cell(rules.words, column + 1));
      this.#note(i, isKept, set, baseRule);
      if (!isKept) partitionOf[i] = out;
      else if (this.#marks.count > 0 || this.#hasHash) this.#editMarks(i, scan, row);
      else this.#editPlainLog(i, set * readyPerSet + readyLogs);
    }
  }

  #begin({ bytes, count }: ScannedRows, rules: HeadRules): void {
    this.#words = rules.words;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.tally = headTally();
    this.#state.forget();
    if (this.#hasDecisions) this.decisions.begin(count);
    this.edits.begin(count);
    const ready = rules.sets * 2 * readyPerSet;
    if (this.#ready.length < ready) this.#ready = new Int32Array(ready);
    else this.#ready.fill(0, 0, ready);
  }

  #ruleOf(records: Int32Array, row: number, words: Int32Array, set: number): number {
    if (cell(records, row + statusCode) === statusError) return errorRule;
    const slow = lasted(records, row, words, set);
    if (slow === negative) this.tally.negativeDurations += 1;
    return slow > 0 ? slowRule : baseRule;
  }

  /** Randomness and incoming threshold of a span with tracestate or without trace id. */
  #readSpan(scan: ScannedRows, row: number, hasState: boolean): void {
    const decision = this.#decision;
    this.#hasHash = false;
    decision.hasThreshold = false;
    if (hasState) {
      const state = this.#state;
      const start = cell(scan.records, row + traceStateStart);
      state.read(scan.bytes, start, cell(scan.records, row + traceStateEnd));
      if (!state.isClean) this.tally.repaired += 1;
      this.#takeThreshold(state);
      if (state.hasRandomness) {
        decision.randomness.high = state.randomness.high;
        decision.randomness.low = state.randomness.low;
        return;
      }
    }
    this.#takeTrace(scan, row);
  }

  #readLog(scan: ScannedRows, row: number): void {
    const decision = this.#decision;
    const marks = this.#marks;
    this.#hasHash = false;
    const start = cell(scan.records, row + attributesStart);
    marks.read(scan.bytes, start, cell(scan.records, row + attributesEnd));
    if (!marks.isClean) this.tally.repaired += 1;
    this.#takeThreshold(marks);
    if (!marks.hasRandomness) this.#takeTrace(scan, row);
    else {
      decision.randomness.high = marks.randomness.high;
      decision.randomness.low = marks.randomness.low;
    }
  }

  #takeThreshold(from: TraceState | LogMarks): void {
    const decision = this.#decision;
    decision.hasThreshold = from.hasThreshold;
    if (!from.hasThreshold) return;
    decision.threshold.high = from.threshold.high;
    decision.threshold.low = from.threshold.low;
  }

  /** The randomness of the trace id at this offset, 0 = none; false when it has none to give. */
  #takeTraceId(id: number): boolean {
    const { randomness } = this.#decision;
    if (id === 0) return false;
    this.#hasHash = false;
    readTraceIdRandomness(this.#view, id, randomness);
    return (randomness.high | randomness.low) !== 0 || !isZeroTraceId(this.#view, id);
  }

  /** Spans and log records keep trace id, start and end in the same words. */
  #takeTrace({ bytes, records }: ScannedRows, row: number): void {
    if (this.#takeTraceId(cell(records, row + traceIdAt))) return;
    const start = cell(records, row + messageStart);
    const { randomness } = this.#decision;
    readHashRandomness(bytes, start, cell(records, row + messageEnd), randomness);
    this.#hasHash = true;
    this.tally.hashed += 1;
  }

  #note(record: number, isKept: boolean, set: number, rule: number): void {
    const { tally } = this;
    const counts = isKept ? tally.kept : tally.dropped;
    counts[rule] = cell(counts, rule) + 1;
    if (this.#decision.isInconsistent) tally.inconsistent += 1;
    if (!this.#hasDecisions) return;
    this.decisions.put(record, isKept, set, rule);
    this.decisions.putWords(record, this.#decision.randomness, this.#decision.threshold);
  }

  /** A span without tracestate gets the bytes that its rule set and rule have in common. */
  #editPlain(record: number, ready: number): void {
    if (cell(this.#ready, 2 * ready) === 0) this.#makeReady(ready);
    this.edits.add(record, cell(this.#ready, 2 * ready), cell(this.#ready, 2 * ready + 1));
  }

  #makeReady(ready: number): void {
    const { threshold } = this.#decision;
    const set = Math.floor(ready / readyPerSet);
    const column = set * ruleStride + 2 * (ready % readyPerSet);
    threshold.high = cell(this.#words, column);
    threshold.low = cell(this.#words, column + 1);
    this.#state.read(this.edits.added.bytes, 0, 0);
    this.#ready[2 * ready] = this.#writeState(false);
    this.#ready[2 * ready + 1] = this.edits.added.to;
  }

  #editPlainLog(record: number, ready: number): void {
    const { added } = this.edits;
    if (cell(this.#ready, 2 * ready) === 0) {
      this.#ready[2 * ready] = added.to;
      this.#marks.write(added, this.#decision.threshold, null);
      this.#ready[2 * ready + 1] = added.to;
    }
    this.edits.add(record, cell(this.#ready, 2 * ready), cell(this.#ready, 2 * ready + 1));
  }

  /** A span with tracestate, or with randomness of ours to tell. */
  #editState(record: number, { bytes, records }: ScannedRows, row: number): void {
    const state = this.#state;
    const start = cell(records, row + traceStateStart);
    const end = cell(records, row + traceStateEnd);
    if (start === 0) state.read(bytes, 0, 0);
    const isSaid = state.hasThreshold && isSame(state.threshold, this.#decision.threshold);
    if (isSaid && state.isClean && !this.#hasHash) return;
    const from = this.#writeState(this.#hasHash);
    this.edits.add(record, from, this.edits.added.to);
    const fieldStart = stateFieldStart(bytes, start, end);
    if (fieldStart > 0) this.edits.cut(record, fieldStart, end);
  }

  /** Writes the tracestate field; returns where it begins. */
  #writeState(hasHash: boolean): number {
    const { added } = this.edits;
    const { threshold, randomness } = this.#decision;
    const at = added.to;
    const start = added.open(traceStateTag);
    if (!this.#state.write(added, threshold, hasHash ? randomness : null)) {
      this.tally.unweighted += 1;
    }
    added.close(start);
    return at;
  }

  /** A log record with marks, or with randomness of ours to tell. */
  #editMarks(record: number, { records }: ScannedRows, row: number): void {
    const marks = this.#marks;
    const { added } = this.edits;
    const { threshold, randomness } = this.#decision;
    const isSaid = marks.hasThreshold && isSame(marks.threshold, threshold);
    if (isSaid && marks.isClean && !this.#hasHash) return;
    const from = added.to;
    const start = cell(records, row + messageStart);
    const end = cell(records, row + messageEnd);
    if (marks.count > 0 && marks.writeWithout(added, start, end)) {
      this.edits.cut(record, start, end);
    }
    marks.write(added, threshold, marks.hasRandomness || this.#hasHash ? randomness : null);
    this.edits.add(record, from, added.to);
  }
}

/**
 * Where the field of the tracestate bytes[start, end) begins, or 0 when its tag and length are not
 * in the usual, shortest form: then it stays, and the one that is added behind it counts.
 */
const stateFieldStart = (bytes: Uint8Array, start: number, end: number): number => {
  if (start === 0) return 0;
  const size = lengthBytes(end - start);
  let length = 0;
  for (let i = 0; i < size; i += 1) length |= (byteAt(bytes, start - size + i) & 127) << (7 * i);
  const at = start - size - 1;
  return length === end - start && byteAt(bytes, at) === traceStateTag ? at : 0;
};

const chooseService = (scan: ScannedRows, rules: HeadRules, resource: number): void => {
  const row = resource * resourceStride;
  const start = cell(scan.resources, row + resourceWord.serviceNameStart);
  rules.chooseService(scan.bytes, start, cell(scan.resources, row + resourceWord.serviceNameEnd));
};
