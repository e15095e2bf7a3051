// Resources and scopes of a trace request: their rows, as signal-scan.ts makes them, and the check
// of their attributes, but for those that are known (known-heads.ts). The spans are read by the
// class that extends it: one class, so that V8 sees one shape on the hot path.
import { AttributeTable } from "../otlp/attribute-table.ts";
import { MessageCheck } from "../otlp/check-message.ts";
import type { OtlpLimits, ScanCode } from "../otlp/limits.ts";
import { scanCode } from "../otlp/limits.ts";
import type { MessageType } from "../otlp/messages.ts";
import { messageType } from "../otlp/messages.ts";
import { resourceStride, resourceWord, scopeStride, scopeWord } from "../otlp/record-layout.ts";
import { isUtf8 } from "../otlp/utf8.ts";
import {
  byteAt,
  delimitedStart,
  skipValue,
  tagOf,
  tagSize,
  varintLow,
  wireType,
} from "../otlp/wire.ts";
import { AttributeCheck } from "./attribute-check.ts";
import type { Found } from "./found.ts";
import { decision, placeList, placeOf } from "./found.ts";
import type { ValueRange } from "./known-heads.ts";
import { KnownHeads } from "./known-heads.ts";
import type { ValidationPlan } from "./plan.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const byteOf = byteAt;

const rowsAtFirst = 64;
const headTag = tagOf(1, wireType.delimited);
const itemsTag = tagOf(2, wireType.delimited);
const schemaUrlTag = tagOf(3, wireType.delimited);
const resourceAttributeTag = tagOf(1, wireType.delimited);
const scopeAttributeTag = tagOf(3, wireType.delimited);
const resourceMessage = messageType("Resource");
const scopeMessage = messageType("InstrumentationScope");
// Which message a known head is.
const resourceHead = 1;
const scopeHead = 2;
const nowhere: ValueRange = { start: 0, end: 0 };
const serviceName = new TextEncoder().encode("service.name");

/** Reads what lies around the spans; `item` is called for each of them. */
export abstract class EnvelopeReader {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  count = 0;
  /** Rows of `resourceWord`. */
  resources: Int32Array = new Int32Array(resourceStride * rowsAtFirst);
  resourceCount = 0;
  /** Rows of `scopeWord`. */
  scopes: Int32Array = new Int32Array(scopeStride * rowsAtFirst);
  scopeCount = 0;
  /** After a refusal: offset of the field. */
  errorAt = 0;
  readonly found: Found;
  /** The strictest decision on the resource and scope that the spans stand in. */
  protected resourceWorst = 0;
  readonly #limits: OtlpLimits;
  readonly #message: MessageCheck;
  readonly #table: AttributeTable;
  readonly #attributes: AttributeCheck;
  #plan: ValidationPlan | null = null;
  readonly #hasMemory: boolean;
  #heads = new KnownHeads();

  /** `hasMemory` false: every resource and scope is checked anew, for comparison. */
  constructor(found: Found, limits: OtlpLimits, hasMemory: boolean) {
    this.found = found;
    this.#hasMemory = hasMemory;
    this.#limits = limits;
    this.#message = new MessageCheck(limits);
    this.#table = new AttributeTable(limits);
    this.#attributes = new AttributeCheck(found);
  }

  /** Reads one span; returns `end` or a negated code. */
  protected abstract item(fieldStart: number, start: number, end: number): number;

  protected readEnvelope(bytes: Uint8Array, view: DataView, plan: ValidationPlan): ScanCode {
    this.bytes = bytes;
    this.view = view;
    this.#plan = plan;
    this.#heads = this.#hasMemory ? plan.heads : new KnownHeads();
    this.#heads.open(this.#limits);
    this.#attributes.open(bytes, view);
    this.#reset();
    if (bytes.length > this.#limits.requestBytesMax) return scanCode.requestTooLarge;
    let at = 0;
    while (at < bytes.length) {
      const tag = this.#tag(at, bytes.length);
      if (tag < 0) return -tag as ScanCode;
      at = tag === headTag ? this.#resource(at, bytes.length) : this.#skip(tag, bytes.length);
      if (at < 0) return -at as ScanCode;
    }
    return scanCode.ok;
  }

  #valueAt = 0;

  /** Reads a tag; its value begins at `#valueAt`. */
  #tag(at: number, end: number): number {
    this.errorAt = at;
    const first = byteOf(this.bytes, at);
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

  #skip(tag: number, end: number): number {
    return skipValue(this.bytes, this.#valueAt, end, tag & 7);
  }

  #resource(fieldStart: number, outerEnd: number): number {
    const start = delimitedStart(this.bytes, this.#valueAt, outerEnd);
    if (start < 0) return start;
    const end = start + varintLow(this.bytes, this.#valueAt);
    if (this.resourceCount >= this.#limits.resourcesMax) return -scanCode.tooManyResources;
    const row = this.resourceCount * resourceStride;
    if (row === this.resources.length) this.resources = doubled(this.resources);
    this.resourceCount += 1;
    this.resources[row + resourceWord.fieldStart] = fieldStart;
    this.resources[row + resourceWord.end] = end;
    this.resources[row + resourceWord.firstScope] = this.scopeCount;
    // The head first, wherever it stands: it decides on what follows.
    const head = this.#headFields(this.resources, row, start, end);
    if (head < 0) return head;
    this.resourceWorst = this.#checkResource(row);
    if (this.resourceWorst < 0) return this.resourceWorst;
    const worst = this.resourceWorst;
    let at = start;
    while (at < end) {
      const tag = this.#tag(at, end);
      this.resourceWorst = worst;
      at = tag === itemsTag ? this.#scope(at, end) : this.#skip(tag, end);
      if (at < 0) return at;
    }
    this.resources[row + resourceWord.scopes] =
      this.scopeCount - (this.resources[row + resourceWord.firstScope] as number);
    return end;
  }

  #scope(fieldStart: number, outerEnd: number): number {
    const start = delimitedStart(this.bytes, this.#valueAt, outerEnd);
    if (start < 0) return start;
    const end = start + varintLow(this.bytes, this.#valueAt);
    if (this.scopeCount >= this.#limits.scopesMax) return -scanCode.tooManyScopes;
    const row = this.scopeCount * scopeStride;
    if (row === this.scopes.length) this.scopes = doubled(this.scopes);
    const { scopes } = this;
    this.scopeCount += 1;
    scopes[row + scopeWord.fieldStart] = fieldStart;
    scopes[row + scopeWord.end] = end;
    scopes[row + scopeWord.resource] = this.resourceCount - 1;
    scopes[row + scopeWord.firstRecord] = this.count;
    // Every SDK writes the scope first; else it is looked for behind the spans.
    const isFirst = start < end && byteOf(this.bytes, start) === headTag;
    const head = isFirst
      ? this.#headField(scopes, row, start, end)
      : this.#headFields(scopes, row, start, end);
    if (head < 0) return head;
    const worst = this.#checkScope(row);
    if (worst < 0) return worst;
    this.resourceWorst = Math.max(this.resourceWorst, worst);
    this.#hasHeads = !isFirst;
    return this.#items(isFirst ? head : start, end, row);
  }

  /** The fields beside the spans are read already. */
  #hasHeads = false;

  #items(start: number, end: number, row: number): number {
    const { bytes } = this;
    let at = start;
    while (at < end) {
      // Most spans have a length of two bytes: 12 length length.
      const low = at + 2 < end ? byteOf(bytes, at + 1) : 0;
      const high = low > 127 ? byteOf(bytes, at + 2) : 128;
      let from = at + 3;
      let next = from + ((low & 127) | (high << 7));
      if (byteOf(bytes, at) !== itemsTag || high > 127) {
        const tag = this.#tag(at, end);
        if (tag < 0) return tag;
        next = this.#skip(tag, end);
        if (next < 0) return next;
        if (tag !== itemsTag) {
          at = this.#hasHeads ? next : this.#headField(this.scopes, row, at, end);
          if (at < 0) return at;
          continue;
        }
        from = delimitedStart(bytes, this.#valueAt, end);
      }
      if (next > end || this.count >= this.#limits.recordsMax) {
        this.errorAt = at;
        return next > end ? -scanCode.truncated : -scanCode.tooManyRecords;
      }
      const read = this.item(at, from, next);
      if (read < 0) return read;
      at = next;
    }
    this.scopes[row + scopeWord.records] =
      this.count - (this.scopes[row + scopeWord.firstRecord] as number);
    return end;
  }

  /** Finds head and schema URL among the fields; all others only have to be whole. */
  #headFields(rows: Int32Array, row: number, start: number, end: number): number {
    let at = start;
    while (at < end) {
      at = this.#headField(rows, row, at, end);
      if (at < 0) return at;
    }
    return end;
  }

  /** One field; returns the position behind it or a negated code. */
  #headField(rows: Int32Array, row: number, at: number, end: number): number {
    const tag = this.#tag(at, end);
    if (tag < 0) return tag;
    const next = this.#skip(tag, end);
    if (next < 0 || (tag !== headTag && tag !== schemaUrlTag)) return next;
    const from = delimitedStart(this.bytes, this.#valueAt, end);
    const isHead = tag === headTag;
    const column = row + (isHead ? resourceWord.headFieldStart : resourceWord.schemaUrlFieldStart);
    if (isHead && rows[column] !== 0) return -scanCode.repeatedMessage;
    if (!isHead && !isUtf8(this.bytes, from, next)) return -scanCode.badUtf8;
    rows[column] = at;
    rows[column + 1] = next;
    rows[column + 2] = from;
    return next;
  }

  /** The strictest decision on the resource, or a negated code. */
  #checkResource(row: number): number {
    const { resources } = this;
    const start = resources[row + resourceWord.headStart] as number;
    const end = resources[row + resourceWord.headEnd] as number;
    this.found.begin(-this.resourceCount);
    if (end === 0) return decision.none;
    const heads = this.#heads;
    const known = heads.find(this.view, start, end, resourceHead);
    if (known >= 0) {
      if (heads.nameEnd(known) === 0) return decision.none;
      resources[row + resourceWord.serviceNameStart] = start + heads.nameStart(known);
      resources[row + resourceWord.serviceNameEnd] = start + heads.nameEnd(known);
      return decision.none;
    }
    const before = this.found.count + this.found.dropped;
    const worst = this.#checkHead(start, end, resourceMessage, resourceAttributeTag);
    if (worst < 0) return worst;
    const named = this.#serviceName();
    resources[row + resourceWord.serviceNameStart] = named.start;
    resources[row + resourceWord.serviceNameEnd] = named.end;
    if (before === this.found.count + this.found.dropped) {
      heads.keep(this.bytes, { start, end }, resourceHead, named);
    }
    return worst;
  }

  /** The value of service.name in the table that was read last, when it is a text. */
  #serviceName(): ValueRange {
    const table = this.#table;
    const named = table.find(serviceName);
    if (named < 0 || !table.isText(named)) return nowhere;
    return { start: table.valueStart(named), end: table.valueEnd(named) };
  }

  #checkScope(row: number): number {
    const start = this.scopes[row + scopeWord.headStart] as number;
    const end = this.scopes[row + scopeWord.headEnd] as number;
    this.found.begin(-this.resourceCount);
    if (end === 0 || this.#heads.find(this.view, start, end, scopeHead) >= 0) {
      return decision.none;
    }
    const before = this.found.count + this.found.dropped;
    const worst = this.#checkHead(start, end, scopeMessage, scopeAttributeTag);
    if (worst >= 0 && before === this.found.count + this.found.dropped) {
      this.#heads.keep(this.bytes, { start, end }, scopeHead, nowhere);
    }
    return worst;
  }

  #checkHead(start: number, end: number, type: MessageType, tag: number): number {
    const plan = this.#plan;
    if (plan === null) return decision.none;
    const code = this.#message.check(this.bytes, start, end, type);
    this.errorAt = this.#message.errorAt;
    if (code !== scanCode.ok) return -code;
    const read = this.#table.read(this.bytes, start, end, tag);
    this.errorAt = this.#table.errorAt;
    if (read !== scanCode.ok) return -read;
    this.found.decisions = plan.resources.byMask(0);
    this.#attributes.begin(plan);
    const isScope = type === scopeMessage;
    const place = isScope ? placeOf(placeList.scope, this.scopeCount - 1, 0) : 0;
    this.#attributes.list(this.#table, place, true);
    return this.found.worst;
  }

  #reset(): void {
    this.resources.fill(0, 0, this.resourceCount * resourceStride);
    this.scopes.fill(0, 0, this.scopeCount * scopeStride);
    this.count = 0;
    this.resourceCount = 0;
    this.scopeCount = 0;
    this.resourceWorst = 0;
    this.errorAt = 0;
    this.found.clear();
  }
}

const doubled = (rows: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(rows.length * 2);
  larger.set(rows);
  return larger;
};
