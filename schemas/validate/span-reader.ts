// Reads one span from bytes: its fields, and its attributes along the tree of known shapes, in one
// walk with the position in a local. The usual encodings (lengths of one byte, fields in order) are
// read on straight lines; any other field by field. Everything is proven well formed on the way, as
// check-message.ts would: what it refuses, this refuses.
import { AttributeTable, attributeWord } from "../otlp/attribute-table.ts";
import { MessageCheck } from "../otlp/check-message.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { scanCode } from "../otlp/limits.ts";
import type { MessageType } from "../otlp/messages.ts";
import { messageType } from "../otlp/messages.ts";
import { isUtf8 } from "../otlp/utf8.ts";
import {
  delimitedStart,
  skipValue,
  tagOf,
  tagSize,
  varintLow,
  varintSize,
  wireType,
} from "../otlp/wire.ts";
import { sampleType } from "../weaver/table-layout.ts";
import type { Found } from "./found.ts";
import { attributeOf } from "./key-check.ts";
import type { ValidationPlan } from "./plan.ts";
import { isWholeVarint, sampleTypeAt } from "./sample-type.ts";
import { edgeWord, rootState, stateStride } from "./shapes.ts";
import type { ValueCheck } from "./value-check.ts";
import { isWatched } from "./value-check.ts";

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
const attributeTag = tag.attribute;
/** Two bytes of a tag, or a tag and the length that its id has. */
const traceIdHead = 0x0a10;
const spanIdHead = 0x1208;
const parentHead = 0x2208;
const flagsHead = 0x8501;
/** A status of nothing but the code of an error. */
const errorHead = 0x7a021802;
const valueTag = 0x12;
const keyTag = 0x0a;
const statusCodeTag = tagOf(3, wireType.varint);
const errorStatus = 2;
const highBits = 0x80808080 | 0;
const { string: stringType, boolean: booleanType, int: intType, double: doubleType } = sampleType;
const eventMessage = messageType("Event");
const linkMessage = messageType("Link");
const statusMessage = messageType("Status");
const keyValueMessage = messageType("KeyValue");

/** No state: the span is off the tree. */
const offTree = 0;

/** True for ASCII; false may also mean a byte shortly before `start`. Reads four bytes at a time. */
const isPlain = (view: DataView, start: number, end: number): boolean => {
  let all = 0;
  for (let at = end - 4; at > start - 4; at -= 4) all |= view.getInt32(at, true);
  return (all & highBits) === 0;
};

/** One per pass, reused: `open` a request, `read` its spans one by one. */
export class SpanReader {
  /** Offset of the field that was refused. */
  errorAt = 0;
  // What the last span held; offsets, 0 = absent.
  traceIdAt = 0;
  spanIdAt = 0;
  parentSpanIdAt = 0;
  traceStateStart = 0;
  traceStateEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  startTimeAt = 0;
  endTimeAt = 0;
  /** 2 = error. */
  statusCode = 0;
  /** First byte of the first attribute's field, end of the last. */
  attributesStart = 0;
  attributesEnd = 0;
  attributes = 0;
  events = 0;
  links = 0;
  /** The state of its shape; 0 when it has none. */
  state = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #plan: ValidationPlan;
  // The attribute that `#unusual` read.
  #keyAt = 0;
  #keyBytes = 0;
  #type = 0;
  readonly #found: Found;
  readonly #values: ValueCheck;
  readonly #limits: OtlpLimits;
  /** Longer keys and values are left to `#unusual`, which names the limit. */
  readonly #shortMax: number;
  readonly #message: MessageCheck;
  readonly #table: AttributeTable;

  constructor(plan: ValidationPlan, found: Found, values: ValueCheck, limits: OtlpLimits) {
    this.#plan = plan;
    this.#found = found;
    this.#values = values;
    this.#limits = limits;
    this.#shortMax = Math.min(limits.keyBytesMax, limits.valueBytesMax);
    this.#message = new MessageCheck(limits);
    this.#table = new AttributeTable(limits);
  }

  open(bytes: Uint8Array, view: DataView, plan: ValidationPlan): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#plan = plan;
  }

  /** Reads the span message at [start, end); returns `end` or a negated code. */
  read(start: number, end: number): number {
    this.#reset();
    const bytes = this.#bytes;
    let at = this.#head(start, end);
    while (at < end) {
      if (at < 0) return at;
      const found = bytes[at] as number;
      if (found === attributeTag) at = this.#run(at, end);
      else if (at + 6 <= end && this.#view.getUint16(at) === flagsHead) at += 6;
      else if (at + 4 <= end && this.#view.getUint32(at) === errorHead) {
        this.statusCode = errorStatus;
        at += 4;
      } else at = this.#field(at, end);
    }
    if (this.attributes > this.#limits.attributesMax) return -scanCode.tooManyAttributes;
    return at;
  }

  #reset(): void {
    this.traceIdAt = 0;
    this.spanIdAt = 0;
    this.parentSpanIdAt = 0;
    this.traceStateStart = 0;
    this.traceStateEnd = 0;
    this.nameStart = 0;
    this.nameEnd = 0;
    this.kind = 0;
    this.startTimeAt = 0;
    this.endTimeAt = 0;
    this.statusCode = 0;
    this.attributesStart = 0;
    this.attributesEnd = 0;
    this.events = 0;
    this.links = 0;
    this.state = rootState;
    this.attributes = 0;
  }

  /** The fields before the attributes as every SDK writes them; stops at the first other one. */
  #head(start: number, end: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    let at = start;
    if (at + 18 <= end && view.getUint16(at) === traceIdHead) {
      this.traceIdAt = at + 2;
      at += 18;
    }
    if (at + 10 <= end && view.getUint16(at) === spanIdHead) {
      this.spanIdAt = at + 2;
      at += 10;
    }
    if (at < end && bytes[at] === tag.traceState) {
      at = this.#field(at, end);
      if (at < 0) return at;
    }
    if (at + 10 <= end && view.getUint16(at) === parentHead) {
      this.parentSpanIdAt = at + 2;
      at += 10;
    }
    if (at + 1 < end && bytes[at] === tag.name) {
      const next = at + 2 + (bytes[at + 1] as number);
      if ((bytes[at + 1] as number) < 128 && next <= end && isPlain(view, at + 2, next)) {
        this.nameStart = at + 2;
        this.nameEnd = next;
        at = next;
      }
    }
    return this.#times(at, end);
  }

  #times(start: number, end: number): number {
    const bytes = this.#bytes;
    let at = start;
    if (at + 1 < end && bytes[at] === tag.kind && (bytes[at + 1] as number) < 128) {
      this.kind = bytes[at + 1] as number;
      at += 2;
    }
    if (at + 18 <= end && bytes[at] === tag.startTime && bytes[at + 9] === tag.endTime) {
      this.startTimeAt = at + 1;
      this.endTimeAt = at + 10;
      at += 18;
    }
    return at;
  }

  /** A run of attributes; returns the position behind it or a negated code. */
  #run(start: number, end: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const shortMax = this.#shortMax;
    if (this.attributesStart === 0) this.attributesStart = start;
    let state = this.#stateForRun();
    let count = this.attributes;
    let at = start;
    while (at < end && bytes[at] === attributeTag) {
      // 4a length 0a keyBytes key 12 valueBytes tag value
      const length = at + 1 < end ? (bytes[at + 1] as number) : 128;
      const next = at + 2 + length;
      const keyAt = at + 4;
      let head = -1;
      if (length < 128 && length >= 6 && next <= end && length <= shortMax) {
        head = this.#usual(keyAt, next, view);
      }
      if (head >= 0) {
        state = this.#step(state, keyAt, head, count);
        at = next;
      } else {
        const from = at;
        at = this.#unusual(from, from + 1, end);
        if (at < 0) return at;
        state = this.#step(state, this.#keyAt, (this.#keyBytes << 4) | this.#type, count);
      }
      if (state < 0) return state;
      count += 1;
    }
    this.attributes = count;
    this.attributesEnd = at;
    this.state = state;
    return at;
  }

  /** With rules that look at names, values can only be judged when the name is known. */
  #stateForRun(): number {
    if (!this.#plan.rulesUseNames) return this.state;
    if (this.nameStart === 0) return offTree;
    const length = this.nameEnd - this.nameStart;
    const name = this.#plan.names.find(this.#bytes, this.#view, this.nameStart, length);
    this.#found.decisions = name.decisions;
    return this.state;
  }

  /**
   * The usual attribute whose key is at `keyAt` and which ends at `next`: key length and value
   * type as in an edge, and the value's range for its check; -1 for any other.
   */
  #usual(keyAt: number, next: number, view: DataView): number {
    const bytes = this.#bytes;
    const keyBytes = bytes[keyAt - 1] as number;
    const valueAt = keyAt + keyBytes;
    if (bytes[keyAt - 2] !== keyTag || valueAt + 4 > next) return -1;
    // 12, bytes of the value, tag, length of a text or first byte of a number.
    const word = view.getInt32(valueAt, true);
    if ((word & 255) !== valueTag || valueAt + 2 + ((word >>> 8) & 255) !== next) return -1;
    const found = (word >>> 16) & 255;
    if (found === 0x0a) {
      const start = valueAt + 4;
      if (start + (word >>> 24) !== next) return -1;
      if (!isPlain(view, start, next) && !isUtf8(bytes, start, next)) return -1;
      this.#values.start = start;
      this.#values.end = next;
      return (keyBytes << 4) | stringType;
    }
    this.#values.start = valueAt + 3;
    this.#values.end = next;
    if (found === 0x21) return valueAt + 11 === next ? (keyBytes << 4) | doubleType : -1;
    if (found !== 0x18 && found !== 0x10) return -1;
    // One byte of a number is the word's last: below 128 it ends there.
    const isWhole = valueAt + 4 === next ? word >= 0 : isWholeVarint(bytes, valueAt + 3, next);
    if (!isWhole) return -1;
    return (keyBytes << 4) | (found === 0x18 ? intType : booleanType);
  }

  /** Reads an attribute in any encoding; returns the position behind it or a negated code. */
  #unusual(at: number, lengthAt: number, end: number): number {
    const bytes = this.#bytes;
    this.errorAt = at;
    const start = delimitedStart(bytes, lengthAt, end);
    if (start < 0) return start;
    const next = start + varintLow(bytes, lengthAt);
    const code = this.#message.check(bytes, start, next, keyValueMessage);
    if (code !== scanCode.ok) {
      this.errorAt = this.#message.errorAt;
      return -code;
    }
    const read = this.#table.read(bytes, at, next, attributeTag);
    if (read !== scanCode.ok) return -read;
    const { rows } = this.#table;
    this.#keyAt = rows[attributeWord.keyStart] as number;
    this.#keyBytes = (rows[attributeWord.keyEnd] as number) - this.#keyAt;
    this.#type = sampleTypeAt(bytes, rows, 0);
    this.#values.start = rows[attributeWord.valueStart] as number;
    this.#values.end = rows[attributeWord.valueEnd] as number;
    return next;
  }

  /** One attribute along the tree; its value's range is set. The next state, or a negated code. */
  #step(state: number, keyAt: number, head: number, index: number): number {
    const { shapes } = this.#plan;
    const { edges, keysView } = shapes;
    const view = this.#view;
    let edge = shapes.states[state * stateStride] as number;
    while (edge !== 0) {
      if (edges[edge] === head) {
        const own = edges[edge + 1] as number;
        const last = (head >>> 4) - 4;
        if (last < 0) {
          if (this.#isShortKey(own, keyAt, last + 4)) break;
        } else if (view.getInt32(keyAt + last, true) === keysView.getInt32(own + last, true)) {
          // The last word first: beginnings are shared, ends are not.
          let i = 0;
          while (i < last && view.getInt32(keyAt + i, true) === keysView.getInt32(own + i, true)) {
            i += 4;
          }
          if (i >= last) break;
        }
      }
      edge = edges[edge + 3] as number;
    }
    if (edge === 0) return this.#grow(state, keyAt, head, index);
    const watched = edges[edge + 4] as number;
    if (watched >= 0) this.#watch(watched, head & 15, index);
    return edges[edge + 2] as number;
  }

  #isShortKey(own: number, keyAt: number, length: number): boolean {
    const { keys } = this.#plan.shapes;
    for (let i = 0; i < length; i += 1) if (keys[own + i] !== this.#bytes[keyAt + i]) return false;
    return true;
  }

  #watch(attribute: number, type: number, index: number): void {
    this.#found.place = index;
    this.#values.check(this.#plan, attribute, type);
  }

  /** A key and type that no span brought to this state before. */
  #grow(state: number, keyAt: number, head: number, index: number): number {
    const { tables, shapes } = this.#plan;
    const length = head >>> 4;
    // The keys of edges were looked at when the edge was made: here for the first time.
    if (!isUtf8(this.#bytes, keyAt, keyAt + length)) return -scanCode.badUtf8;
    if (state === offTree) return offTree;
    const attribute = attributeOf(tables.findKey(this.#view, keyAt, length));
    let watched = -1;
    if (attribute >= 0 && isWatched(tables, attribute)) {
      const accepted = tables.sections.attributeAccept[attribute] as number;
      if (((accepted >>> (head & 15)) & 1) === 1) watched = attribute;
    }
    const edge = shapes.addEdge(state, { bytes: this.#bytes, keyAt, head, watched });
    if (edge === 0) return offTree;
    if (watched >= 0) this.#watch(watched, head & 15, index);
    return shapes.edges[edge + edgeWord.target] as number;
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
    switch (found) {
      case tag.kind: {
        const bytesOfKind = varintSize(bytes, at, end);
        if (bytesOfKind < 0) return bytesOfKind;
        this.kind = varintLow(bytes, at);
        return at + bytesOfKind;
      }
      case tag.startTime:
        this.startTimeAt = at;
        break;
      case tag.endTime:
        this.endTimeAt = at;
        break;
      default:
        if ((found & 7) === wireType.delimited) return this.#delimited(found, at, end);
    }
    return skipValue(bytes, at, end, found & 7);
  }

  #longTag(start: number, lengthAt: number, end: number): number {
    const next = this.#unusual(start, lengthAt, end);
    if (next < 0) return next;
    if (this.attributesStart === 0) this.attributesStart = start;
    const head = (this.#keyBytes << 4) | this.#type;
    const state = this.#step(this.#stateForRun(), this.#keyAt, head, this.attributes);
    if (state < 0) return state;
    this.state = state;
    this.attributes += 1;
    this.attributesEnd = next;
    return next;
  }

  #delimited(found: number, at: number, end: number): number {
    const start = delimitedStart(this.#bytes, at, end);
    if (start < 0) return start;
    const next = start + varintLow(this.#bytes, at);
    switch (found) {
      case tag.traceId:
        this.traceIdAt = start === next ? 0 : start;
        return next - start === 16 || start === next ? next : -scanCode.badIdLength;
      case tag.spanId:
        this.spanIdAt = start === next ? 0 : start;
        return next - start === 8 || start === next ? next : -scanCode.badIdLength;
      case tag.parentSpanId:
        this.parentSpanIdAt = start === next ? 0 : start;
        return next - start === 8 || start === next ? next : -scanCode.badIdLength;
      case tag.traceState:
        this.traceStateStart = start;
        this.traceStateEnd = next;
        return this.#text(start, next);
      case tag.name:
        return this.#name(start, next);
      case tag.status:
        return this.#status(start, next);
      case tag.event:
        this.events += 1;
        if (this.events > this.#limits.eventsMax) return -scanCode.tooManyEvents;
        return this.#checked(start, next, eventMessage);
      case tag.link:
        this.links += 1;
        if (this.links > this.#limits.linksMax) return -scanCode.tooManyLinks;
        return this.#checked(start, next, linkMessage);
      default:
        return next;
    }
  }

  #text(start: number, end: number): number {
    return isUtf8(this.#bytes, start, end) ? end : -scanCode.badUtf8;
  }

  #name(start: number, end: number): number {
    this.nameStart = start;
    this.nameEnd = end;
    // Values may have been judged by another name.
    if (this.#plan.rulesUseNames && this.attributes > 0) this.state = offTree;
    return this.#text(start, end);
  }

  /** A second status merges into the first. */
  #status(start: number, end: number): number {
    const bytes = this.#bytes;
    const next = this.#checked(start, end, statusMessage);
    if (next < 0) return next;
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const found = varintLow(bytes, at) >>> 0;
      if (found === statusCodeTag) this.statusCode = varintLow(bytes, at + size);
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
