// Reads one span from bytes into its row: fields on straight lines where they come as every SDK
// writes them, else one by one in any order and encoding; attributes by the walk along known shapes.
// Everything is proven well formed on the way: what check-message.ts refuses, this refuses.
import { MessageCheck } from "../otlp/check-message.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { scanCode } from "../otlp/limits.ts";
import type { MessageType } from "../otlp/messages.ts";
import { messageType } from "../otlp/messages.ts";
import { spanWord } from "../otlp/record-layout.ts";
import { isUtf8 } from "../otlp/utf8.ts";
import { delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "../otlp/wire.ts";
import { AttributeWalk, offTree } from "./attribute-walk.ts";
import type { Found } from "./found.ts";
import { isPlainText } from "./plain-text.ts";
import type { ValidationPlan } from "./plan.ts";
import type { SpanNames } from "./span-names.ts";
import type { ValueCheck } from "./value-check.ts";

// Names of this module's own: an imported object's property is loaded anew at each comparison.
const tag = {
  traceId: 0x0a,
  spanId: 0x12,
  traceState: 0x1a,
  parentSpanId: 0x22,
  name: 0x2a,
  kind: 0x30,
  startTime: 0x39,
  endTime: 0x41,
  attribute: 0x4a,
  event: 0x5a,
  link: 0x6a,
  status: 0x7a,
} as const;
const word = spanWord;
const isText = isPlainText;
const attributeTag = tag.attribute;
const flagsTag = tagOf(16, wireType.fixed32);
/** Two bytes of a tag, or a tag and the length that its id has. */
const traceIdHead = 0x0a10;
const spanIdHead = 0x1208;
const parentHead = 0x2208;
const flagsHead = 0x8501;
/** Of a tag and the byte behind it, little-endian: the tag, and whether that byte is below 128. */
const shortMask = 0x80ff;
const statusCodeTag = tagOf(3, wireType.varint);
const { traceIdAt, spanIdAt, parentSpanIdAt, nameStart, nameEnd, kind, startTimeLow } = spanWord;
const { endTimeLow, attributes, attributesStart, attributesEnd, traceStateStart } = spanWord;
const eventMessage = messageType("Event");
const linkMessage = messageType("Link");
const statusMessage = messageType("Status");

/** One per pass, reused: `open` a request, `read` its spans one by one. */
export class SpanReader {
  /** Offset of the field that was refused. */
  errorAt = 0;
  /** Where the rows are; `read` fills one that is all zeros. */
  cells: Int32Array = new Int32Array(0);
  readonly walk: AttributeWalk;
  /** Number of the name's class when it is one that was met before, else -1. */
  nameClass = -1;
  #row = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #plan: ValidationPlan;
  #names: SpanNames;
  readonly #found: Found;
  readonly #limits: OtlpLimits;
  readonly #message: MessageCheck;

  constructor(plan: ValidationPlan, found: Found, values: ValueCheck, limits: OtlpLimits) {
    this.#plan = plan;
    this.#names = plan.names;
    this.#found = found;
    this.#limits = limits;
    this.#message = new MessageCheck(limits);
    this.walk = new AttributeWalk(plan, found, values, limits);
  }

  open(bytes: Uint8Array, view: DataView, plan: ValidationPlan): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#plan = plan;
    this.#names = plan.names;
    this.walk.open(bytes, view, plan);
  }

  /** Reads the span message at [start, end) into the row; returns `end` or a negated code. */
  read(start: number, end: number, row: number): number {
    this.#row = row;
    this.walk.begin();
    this.nameClass = -1;
    let at = this.#ids(start, end, row);
    if (at < end && this.#bytes[at] === tag.traceState) {
      at = this.#field(at, end);
      if (at < 0) return at;
    }
    at = this.#usualName(this.#parent(at, end, row), end, row);
    at = this.#rest(this.#times(at, end, row), end);
    const { count } = this.walk;
    this.cells[row + attributes] = count;
    return count > this.#limits.attributesMax ? -scanCode.tooManyAttributes : at;
  }

  /** Trace and span id as every SDK writes them; the position behind, or `start`. */
  #ids(start: number, end: number, row: number): number {
    const view = this.#view;
    const at = start | 0;
    if (at + 28 > end || view.getUint16(at) !== traceIdHead) return start;
    if (view.getUint16(at + 18) !== spanIdHead) return start;
    const { cells } = this;
    cells[row + traceIdAt] = at + 2;
    cells[row + spanIdAt] = at + 20;
    return at + 28;
  }

  #parent(at: number, end: number, row: number): number {
    if (at + 10 > end || this.#view.getUint16(at) !== parentHead) return at;
    this.cells[row + parentSpanIdAt] = at + 2;
    return at + 10;
  }

  /** A name of known class needs no proof. The position behind it, or `at`. */
  #usualName(at: number, end: number, row: number): number {
    if (at + 2 > end) return at;
    const view = this.#view;
    const head = view.getUint16(at, true);
    const length = head >>> 8;
    const next = (at + 2 + length) | 0;
    if ((head & shortMask) !== tag.name || next > end) return at;
    const found = this.#names.known(view, at + 2, length);
    if (found < 0 && !isText(view, at + 2, next)) return at;
    this.nameClass = found;
    const { cells } = this;
    cells[row + nameStart] = at + 2;
    cells[row + nameEnd] = next;
    return next;
  }

  /** Kind, which may be absent, start and end; the position behind what is there. */
  #times(start: number, end: number, row: number): number {
    if (start + 20 > end) return start;
    const view = this.#view;
    const { cells } = this;
    let at = start | 0;
    const head = view.getUint16(at, true);
    if ((head & shortMask) === tag.kind) {
      cells[row + kind] = head >>> 8;
      at += 2;
    }
    if (view.getUint8(at) !== tag.startTime || view.getUint8(at + 9) !== tag.endTime) return at;
    cells[row + startTimeLow] = view.getInt32(at + 1, true);
    cells[row + startTimeLow + 1] = view.getInt32(at + 5, true);
    cells[row + endTimeLow] = view.getInt32(at + 10, true);
    cells[row + endTimeLow + 1] = view.getInt32(at + 14, true);
    return at + 18;
  }

  /** Attributes and whatever follows; returns `end` or a negated code. */
  #rest(start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (at < 0) return at;
      if (this.#bytes[at] === attributeTag) at = this.#run(at, end);
      else if (at + 6 <= end && this.#view.getUint16(at) === flagsHead) at = this.#flags(at);
      else at = this.#field(at, end);
    }
    return at;
  }

  #flags(at: number): number {
    this.cells[this.#row + word.flags] = this.#view.getInt32(at + 2, true);
    return at + 6;
  }

  /** A run of attributes; returns the position behind it or a negated code. */
  #run(start: number, end: number): number {
    const { cells } = this;
    const row = this.#row;
    if (cells[row + attributesStart] === 0) cells[row + attributesStart] = start;
    if (this.#plan.rulesUseNames) this.#judgeByName();
    const next = this.walk.run(start, end);
    if (next < 0) this.errorAt = this.walk.errorAt;
    cells[row + attributesEnd] = next;
    return next;
  }

  /** With rules that look at names, values can only be judged when the name is known. */
  #judgeByName(): void {
    const at = this.cells[this.#row + nameStart] as number;
    const length = (this.cells[this.#row + nameEnd] as number) - at;
    const name = this.#plan.names.find(this.#bytes, this.#view, at, length);
    this.#found.decisions = name.decisions;
    if (at === 0) this.walk.state = offTree;
  }

  /** Any other field, in any encoding; returns the position behind it or a negated code. */
  #field(start: number, end: number): number {
    const bytes = this.#bytes;
    this.errorAt = start;
    const size = tagSize(bytes, start, end);
    if (size < 0) return size;
    const found = varintLow(bytes, start) >>> 0;
    if (found < 8) return -scanCode.fieldZero;
    const at = start + size;
    // Its tag took more bytes than it needs.
    if (found === attributeTag) return this.#longTag(start, at, end);
    if ((found & 7) === wireType.delimited) return this.#delimited(found, at, end);
    const next = skipValue(bytes, at, end, found & 7);
    if (next >= 0) this.#scalar(found, at);
    return next;
  }

  #scalar(found: number, at: number): void {
    const { cells } = this;
    const view = this.#view;
    const row = this.#row;
    if (found === tag.kind) cells[row + kind] = varintLow(this.#bytes, at);
    else if (found === flagsTag) cells[row + word.flags] = view.getInt32(at, true);
    else if (found === tag.startTime || found === tag.endTime) {
      const times = row + (found === tag.startTime ? startTimeLow : endTimeLow);
      cells[times] = view.getInt32(at, true);
      cells[times + 1] = view.getInt32(at + 4, true);
    }
  }

  #longTag(start: number, lengthAt: number, end: number): number {
    const { cells } = this;
    const row = this.#row;
    if (this.#plan.rulesUseNames) this.#judgeByName();
    const next = this.walk.one(start, lengthAt, end);
    if (next < 0) this.errorAt = this.walk.errorAt;
    if (cells[row + attributesStart] === 0) cells[row + attributesStart] = start;
    cells[row + attributesEnd] = next;
    return next;
  }

  #delimited(found: number, at: number, end: number): number {
    const start = delimitedStart(this.#bytes, at, end);
    if (start < 0) return start;
    const next = start + varintLow(this.#bytes, at);
    switch (found) {
      case tag.traceId:
        return this.#id(start, next, traceIdAt, 16);
      case tag.spanId:
        return this.#id(start, next, spanIdAt, 8);
      case tag.parentSpanId:
        return this.#id(start, next, parentSpanIdAt, 8);
      case tag.traceState:
        return this.#text(start, next, traceStateStart);
      case tag.name:
        return this.#name(start, next);
      case tag.status:
        return this.#status(start, next);
      case tag.event:
        return this.#nested(start, next, word.events);
      case tag.link:
        return this.#nested(start, next, word.links);
      default:
        return next;
    }
  }

  #id(start: number, end: number, column: number, size: number): number {
    if (end - start !== size && start !== end) return -scanCode.badIdLength;
    this.cells[this.#row + column] = start === end ? 0 : start;
    return end;
  }

  #text(start: number, end: number, column: number): number {
    this.cells[this.#row + column] = start;
    this.cells[this.#row + column + 1] = end;
    return isUtf8(this.#bytes, start, end) ? end : -scanCode.badUtf8;
  }

  #name(start: number, end: number): number {
    // Values may have been judged by another name.
    if (this.#plan.rulesUseNames && this.walk.count > 0) this.walk.state = offTree;
    this.nameClass = -1;
    return this.#text(start, end, nameStart);
  }

  #nested(start: number, end: number, column: number): number {
    const count = (this.cells[this.#row + column] as number) + 1;
    this.cells[this.#row + column] = count;
    const isEvent = column === word.events;
    if (isEvent && count > this.#limits.eventsMax) return -scanCode.tooManyEvents;
    if (!isEvent && count > this.#limits.linksMax) return -scanCode.tooManyLinks;
    return this.#checked(start, end, isEvent ? eventMessage : linkMessage);
  }

  /** A second status merges into the first. */
  #status(start: number, end: number): number {
    const bytes = this.#bytes;
    // Nothing but a code, as nearly always.
    if (end - start === 2 && bytes[start] === statusCodeTag && (bytes[start + 1] as number) < 128) {
      this.cells[this.#row + word.statusCode] = bytes[start + 1] as number;
      return end;
    }
    const next = this.#checked(start, end, statusMessage);
    if (next < 0) return next;
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const found = varintLow(bytes, at) >>> 0;
      if (found === statusCodeTag) {
        this.cells[this.#row + word.statusCode] = varintLow(bytes, at + size);
      }
      at = skipValue(bytes, at + size, end, found & 7);
    }
    return next;
  }

  #checked(start: number, end: number, type: MessageType): number {
    const code = this.#message.check(this.#bytes, start, end, type);
    if (code === scanCode.ok) return end;
    this.errorAt = this.#message.errorAt;
    return -code;
  }
}
