// One pass over an Export{Trace,Metrics,Logs}ServiceRequest: rows of offsets for resources, scopes
// and records (record-layout.ts), nothing copied, no object per record. What is nested in a record
// (attributes, events, data points) is bounded and counted, not entered: attribute-table.ts walks
// it where wanted, check-message.ts proves all of it. The three signals differ in one table only,
// so there is one class: its code is compiled once, for all.
import { AttributeTable } from "./attribute-table.ts";
import type { OtlpLimits, ScanCode } from "./limits.ts";
import { defaultLimits, scanCode } from "./limits.ts";
import { checkSignal, type Signal } from "./messages.ts";
import type { RecordLayout } from "./record-layout.ts";
import {
  logLayout,
  metricLayout,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
  spanLayout,
} from "./record-layout.ts";
import { RecordReader } from "./record-reader.ts";
import { byteAt, delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "./wire.ts";

const rowsAtFirst = 64;
/** Words of a table that stay for the next request: 1 MiB. */
const rowWordsKeptMax = 1 << 18;
const nothing = new Uint8Array(0);
const word = recordWord;
const serviceName = new TextEncoder().encode("service.name");
const headTag = tagOf(1, wireType.delimited);
const itemsTag = tagOf(2, wireType.delimited);
const schemaUrlTag = tagOf(3, wireType.delimited);
const resourceAttributeTag = tagOf(1, wireType.delimited);

/**
 * The scanner of one signal. One instance per thread (or isolate), reused: a pass resets it. Rows
 * are valid until the next pass; they hold offsets into `bytes`, which must not change meanwhile.
 */
export class SignalScan {
  readonly layout: RecordLayout;
  readonly limits: OtlpLimits;
  /** The array that was scanned last. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Number of records; their rows are `layout.stride` words each in `records`. */
  count = 0;
  records: Int32Array;
  resourceCount = 0;
  resources: Int32Array;
  scopeCount = 0;
  scopes: Int32Array;
  /** After a refusal: offset of the field in `bytes`. */
  errorAt = 0;
  readonly #reader: RecordReader;
  readonly #attributes: AttributeTable;
  readonly #recordsMax: number;
  /** Column, limit and code of each counted field. */
  readonly #bounds: Int32Array;

  constructor(layout: RecordLayout, limits: OtlpLimits = defaultLimits) {
    this.layout = layout;
    this.#recordsMax = limits.recordsMax;
    this.limits = limits;
    this.records = new Int32Array(layout.stride * rowsAtFirst);
    this.resources = new Int32Array(resourceStride * rowsAtFirst);
    this.scopes = new Int32Array(scopeStride * rowsAtFirst);
    this.#attributes = new AttributeTable(limits);
    const bounds = layout.bounds.flatMap(([column, limit, code]) => [column, limits[limit], code]);
    this.#bounds = Int32Array.from(bounds);
    this.#reader = new RecordReader(Math.min(...layout.bounds.map(([, limit]) => limits[limit])));
  }

  /** Scans bytes[start, end). After a refusal the counts tell what was read before it. */
  scan(bytes: Uint8Array, start: number, end: number): ScanCode {
    this.#reset(bytes);
    if (end - start > this.limits.requestBytesMax || end > bytes.length) {
      this.errorAt = start;
      return end > bytes.length ? scanCode.truncated : scanCode.requestTooLarge;
    }
    let at = start;
    while (at < end) {
      const tag = this.#tag(at, end);
      if (tag < 0) return -tag as ScanCode;
      const fieldStart = at;
      at = this.#valueAt;
      if (tag === headTag) at = this.#resource(fieldStart, end);
      else at = skipValue(bytes, at, end, tag & 7);
      if (at < 0) return -at as ScanCode;
    }
    return scanCode.ok;
  }

  #valueAt = 0;

  /** Reads a tag; its value begins at `#valueAt`. */
  #tag(at: number, end: number): number {
    this.errorAt = at;
    const first = byteAt(this.bytes, at);
    if (first < 128) {
      this.#valueAt = at + 1;
      return first < 8 ? -scanCode.fieldZero : first;
    }
    const size = tagSize(this.bytes, at, end);
    if (size < 0) return size;
    this.#valueAt = at + size;
    const tag = varintLow(this.bytes, at) >>> 0;
    return tag < 8 ? -scanCode.fieldZero : tag;
  }

  #resource(fieldStart: number, outerEnd: number): number {
    const start = delimitedStart(this.bytes, this.#valueAt, outerEnd);
    if (start < 0) return start;
    const end = start + varintLow(this.bytes, this.#valueAt);
    if (this.resourceCount >= this.limits.resourcesMax) return -scanCode.tooManyResources;
    const row = this.resourceCount * resourceStride;
    if (row === this.resources.length) this.resources = doubled(this.resources);
    this.resourceCount += 1;
    this.resources[row + resourceWord.fieldStart] = fieldStart;
    this.resources[row + resourceWord.end] = end;
    this.resources[row + resourceWord.firstScope] = this.scopeCount;
    let at = start;
    while (at < end) {
      const tag = this.#tag(at, end);
      if (tag < 0) return tag;
      if (tag === itemsTag) at = this.#scope(at, end);
      else at = this.#envelope(this.resources, row, tag, end);
      if (at < 0) return at;
    }
    this.resources[row + resourceWord.scopes] =
      this.scopeCount - (this.resources[row + resourceWord.firstScope] as number);
    return this.#serviceName(row, end);
  }

  #scope(fieldStart: number, outerEnd: number): number {
    const start = delimitedStart(this.bytes, this.#valueAt, outerEnd);
    if (start < 0) return start;
    const end = start + varintLow(this.bytes, this.#valueAt);
    if (this.scopeCount >= this.limits.scopesMax) return -scanCode.tooManyScopes;
    const row = this.scopeCount * scopeStride;
    if (row === this.scopes.length) this.scopes = doubled(this.scopes);
    const firstRecord = this.count;
    this.scopeCount += 1;
    this.scopes[row + scopeWord.fieldStart] = fieldStart;
    this.scopes[row + scopeWord.end] = end;
    this.scopes[row + scopeWord.resource] = this.resourceCount - 1;
    this.scopes[row + scopeWord.firstRecord] = firstRecord;
    let at = start;
    while (at < end) {
      const tag = this.#tag(at, end);
      if (tag < 0) return tag;
      if (tag === itemsTag) at = this.#record(at, end);
      else at = this.#envelope(this.scopes, row, tag, end);
      if (at < 0) return at;
    }
    this.scopes[row + scopeWord.records] = this.count - firstRecord;
    return end;
  }

  #record(fieldStart: number, outerEnd: number): number {
    const { layout } = this;
    const start = delimitedStart(this.bytes, this.#valueAt, outerEnd);
    if (start < 0) return start;
    const end = start + varintLow(this.bytes, this.#valueAt);
    if (this.count >= this.#recordsMax) return -scanCode.tooManyRecords;
    const row = this.count * layout.stride;
    if (row === this.records.length) this.#grow();
    const { records } = this;
    records[row + word.fieldStart] = fieldStart;
    records[row + word.end] = end;
    records[row + word.start] = start;
    records[row + word.resource] = this.resourceCount - 1;
    records[row + word.scope] = this.scopeCount - 1;
    const next = this.#reader.read(start, end, row, layout.table);
    if (next < 0) {
      this.errorAt = this.#reader.errorAt;
      return next;
    }
    if (this.#reader.isCrowded) {
      this.#reader.isCrowded = false;
      const excess = this.#excess(row);
      if (excess !== 0) return -excess;
    }
    this.count += 1;
    return next;
  }

  /** The code of the first count of the row that is over its limit, or 0. */
  #excess(row: number): number {
    const { records } = this;
    const bounds = this.#bounds;
    for (let i = 0; i < bounds.length; i += 3) {
      const count = records[row + (bounds[i] as number)] as number;
      if (count > (bounds[i + 1] as number)) return bounds[i + 2] as number;
    }
    return 0;
  }

  /** What stands beside the items of a resource or scope: its head, its schema URL, the unknown. */
  #envelope(rows: Int32Array, row: number, tag: number, end: number): number {
    const at = this.#valueAt;
    if (tag !== headTag && tag !== schemaUrlTag) return skipValue(this.bytes, at, end, tag & 7);
    const start = delimitedStart(this.bytes, at, end);
    if (start < 0) return start;
    const next = start + varintLow(this.bytes, at);
    const column = row + (tag === headTag ? resourceWord.headFieldStart : schemaUrlFieldStart);
    if (tag === headTag && rows[column] !== 0) return -scanCode.repeatedMessage;
    rows[column] = this.errorAt;
    rows[column + 1] = next;
    rows[column + 2] = start;
    return next;
  }

  /** Finds service.name once for the resource; returns `end` or a negated code. */
  #serviceName(row: number, end: number): number {
    const { resources, bytes } = this;
    const start = resources[row + resourceWord.headStart] as number;
    if (start === 0) return end;
    const table = this.#attributes;
    const headEnd = resources[row + resourceWord.headEnd] as number;
    const code = table.read(bytes, start, headEnd, resourceAttributeTag);
    this.errorAt = table.errorAt;
    if (code !== scanCode.ok) return -code;
    const found = table.find(serviceName);
    if (found < 0 || !table.isText(found)) return end;
    resources[row + resourceWord.serviceNameStart] = table.valueStart(found);
    resources[row + resourceWord.serviceNameEnd] = table.valueEnd(found);
    return end;
  }

  #reset(bytes: Uint8Array): void {
    // A refused record has written into the row behind the last.
    this.records.fill(0, 0, (this.count + 1) * this.layout.stride);
    this.resources.fill(0, 0, this.resourceCount * resourceStride);
    this.scopes.fill(0, 0, this.scopeCount * scopeStride);
    this.count = 0;
    this.resourceCount = 0;
    this.scopeCount = 0;
    this.errorAt = 0;
    this.bytes = bytes;
    this.#reader.open(bytes);
    this.#reader.isCrowded = false;
    this.#reader.cells = this.records;
  }

  /**
   * Lets go of the bytes, and of rows beyond the usual: otherwise one large request would occupy
   * its memory until the next. Rows are not valid afterwards.
   */
  release(): void {
    this.#reset(nothing);
    this.#attributes.read(nothing, 0, 0, resourceAttributeTag);
    if (this.records.length > rowWordsKeptMax) {
      this.records = new Int32Array(this.layout.stride * rowsAtFirst);
      this.#reader.cells = this.records;
    }
    if (this.resources.length > rowWordsKeptMax)
      this.resources = new Int32Array(resourceStride * rowsAtFirst);
    if (this.scopes.length > rowWordsKeptMax)
      this.scopes = new Int32Array(scopeStride * rowsAtFirst);
  }

  #grow(): void {
    this.records = doubled(this.records);
    this.#reader.cells = this.records;
  }
}

const { schemaUrlFieldStart } = resourceWord;

const doubled = (rows: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(rows.length * 2);
  larger.set(rows);
  return larger;
};

/** Scanner of ExportTraceServiceRequest; rows of `spanWord`. */
export const createTraceScan = (limits?: OtlpLimits): SignalScan =>
  new SignalScan(spanLayout, limits);

/** Scanner of ExportLogsServiceRequest; rows of `logWord`. */
export const createLogScan = (limits?: OtlpLimits): SignalScan => new SignalScan(logLayout, limits);

/** Scanner of ExportMetricsServiceRequest; rows of `metricWord`. */
export const createMetricScan = (limits?: OtlpLimits): SignalScan =>
  new SignalScan(metricLayout, limits);

/** The same for a signal that is not known before. @throws RangeError for one that there is not. */
export const createSignalScan = (signal: Signal, limits?: OtlpLimits): SignalScan => {
  checkSignal(signal);
  if (signal === "traces") return createTraceScan(limits);
  return signal === "logs" ? createLogScan(limits) : createMetricScan(limits);
};
