// The attributes of one span along the tree of known shapes (shapes.ts). One that was found in order
// before, key and value, is only compared (known-attributes.ts); any other costs a look-up in a list
// of a few edges, mostly of one, and a look at the value where the registry wants it. The usual
// encoding is read on a straight line, any other by the general readers. Every attribute is proven
// well formed on the way, whether its shape is known or not.
import { AttributeTable, attributeWord } from "../otlp/attribute-table.ts";
import { MessageCheck } from "../otlp/check-message.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { scanCode } from "../otlp/limits.ts";
import { messageType } from "../otlp/messages.ts";
import { isUtf8 } from "../otlp/utf8.ts";
import { delimitedStart, varintLow } from "../otlp/wire.ts";
import { sampleType } from "../weaver/table-layout.ts";
import type { Found } from "./found.ts";
import { attributeOf } from "./key-check.ts";
import {
  KnownAttributes,
  knownBytesMin,
  knownEntryBytes,
  knownSet,
  knownTargetAt,
  knownTextAt,
} from "./known-attributes.ts";
import { isPlainKey, isPlainText } from "./plain-text.ts";
import type { ValidationPlan } from "./plan.ts";
import { isWholeVarint } from "./sample-type.ts";
import { beyond, edgeWord, rootState, stateStride } from "./shapes.ts";
import { spanAttributeTag } from "./span-check.ts";
import type { ValueCheck } from "./value-check.ts";
import { fineRange, isWatched } from "./value-check.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const attributeTag = spanAttributeTag;
const isText = isPlainText;
const isNumber = isWholeVarint;
const stateCells = stateStride;
const edgeCell = edgeWord;
const bytesMin = knownBytesMin;
const entryBytes = knownEntryBytes;
const targetAt = knownTargetAt;
const textAt = knownTextAt;
const setOf = knownSet;
/** 4a, a length below 128, 0a, the length of the key: read as one little-endian word. */
const usualMask = 0x00ff80ff;
const usualHead = 0x000a004a;
/** 12, length, 0a, length. */
const stringHead = 0x000a0012;
const valueTag = 0x12;
const boolTag = 0x10;
const intTag = 0x18;
const doubleTag = 0x21;
/** Of an attribute, without tag and length. */
const usualBytesMax = 127;
/** The smallest usual attribute: an empty key and one byte of a number. */
const usualBytesMin = 8;
const { string: stringType, boolean: booleanType, int: intType, double: doubleType } = sampleType;
const keyValueMessage = messageType("KeyValue");

/** For limits below what is usual. */
const nothingKnown = new KnownAttributes(0);

/** No state: the span is off the tree. */
export const offTree = 0;

/** One per pass, reused: `open` a request, `begin` a span, then its runs of attributes. */
export class AttributeWalk {
  /** The state that the span's attributes led to; 0 when they lead nowhere. */
  state = 0;
  /** Attributes of the span that were read. */
  count = 0;
  /** Offset of the attribute that was refused. */
  errorAt = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #keysView: DataView = this.#view;
  #plan: ValidationPlan;
  #known: KnownAttributes;
  #entries: DataView;
  #valueStart = 0;
  #valueEnd = 0;
  /** To Weaver the type of a double depends on its value: none is usual then. */
  #doubleType: number = doubleType;
  readonly #found: Found;
  readonly #values: ValueCheck;
  /** With limits below what is usual, nothing is: `one` names the limit. */
  readonly #usualMask: number;
  readonly #message: MessageCheck;
  readonly #table: AttributeTable;

  constructor(plan: ValidationPlan, found: Found, values: ValueCheck, limits: OtlpLimits) {
    this.#plan = plan;
    this.#known = plan.shapes.known;
    this.#entries = this.#known.entries;
    this.#found = found;
    this.#values = values;
    const lengthMax = Math.min(limits.keyBytesMax, limits.valueBytesMax);
    this.#usualMask = lengthMax < usualBytesMax ? 0 : usualMask;
    this.#message = new MessageCheck(limits);
    this.#table = new AttributeTable(limits);
  }

  open(bytes: Uint8Array, view: DataView, plan: ValidationPlan): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#plan = plan;
    this.#doubleType = plan.isWeaver ? 0 : doubleType;
    this.#known = this.#usualMask === 0 ? nothingKnown : plan.shapes.known;
    this.#entries = this.#known.entries;
  }

  begin(): void {
    this.state = rootState;
    this.count = 0;
  }

  /** Reads attributes as long as one follows the other; the position behind or a negated code. */
  run(start: number, end: number): number {
    let at = start;
    for (;;) {
      at = this.#knownRun(at, end);
      // In a state to which ever new values come, no known one is looked for.
      do {
        if (at >= end || this.#bytes[at] !== attributeTag) return at;
        at = this.#read(at, end);
        if (at < 0) return at;
      } while (this.#known.isGivenUp(this.state));
    }
  }

  /** One attribute that is not first in its set; the position behind it or a negated code. */
  #read(at: number, end: number): number {
    let next = this.#known.isGivenUp(this.state) ? at : this.#knownSecond(at, end);
    if (next === at) next = this.#usual(at, end);
    return next === at ? this.one(at, at + 1, end) : next;
  }

  /**
   * Attributes whose bytes were found in order before and are first in their set; the position of
   * the first other one. The first four bytes, compared like all, tell the length: a wrong one
   * compares with bytes of other entries, in vain.
   */
  #knownRun(start: number, end: number): number {
    const view = this.#view;
    const entries = this.#entries;
    let state = this.state | 0;
    let index = this.count | 0;
    let at = start | 0;
    while (at + bytesMin <= end) {
      const first = view.getInt32(at, true);
      const next = (at + 2 + ((first >>> 8) & 255)) | 0;
      if (next > end) break;
      const entry = setOf(state, first, view.getInt32(next - 4, true));
      if (entries.getInt32(entry, true) !== state) break;
      // From an offset of the attribute to that of the text.
      const shift = (entry + textAt - at) | 0;
      const last = (next - 8) | 0;
      if (view.getFloat64(last, true) !== entries.getFloat64((last + shift) | 0, true)) break;
      let from = at;
      while (
        from < last &&
        view.getFloat64(from, true) === entries.getFloat64((from + shift) | 0, true)
      )
        from = (from + 8) | 0;
      if (from < last) break;
      state = entries.getInt32((entry + targetAt) | 0, true);
      index = (index + 1) | 0;
      at = next;
    }
    this.state = state;
    this.count = index;
    return at;
  }

  /** The same for one that is second in its set; the position behind it, or `at`. */
  #knownSecond(at: number, end: number): number {
    const view = this.#view;
    const entries = this.#entries;
    if (at + bytesMin > end) return at;
    const first = view.getInt32(at, true);
    const next = at + 2 + ((first >>> 8) & 255);
    if (next > end) return at;
    const entry = setOf(this.state, first, view.getInt32(next - 4, true)) + entryBytes;
    if (entries.getInt32(entry, true) !== this.state) return at;
    const shift = entry + textAt - at;
    const last = next - 8;
    if (view.getFloat64(last, true) !== entries.getFloat64(last + shift, true)) return at;
    for (let from = at; from < last; from += 8) {
      if (view.getFloat64(from, true) !== entries.getFloat64(from + shift, true)) return at;
    }
    this.state = entries.getInt32(entry + targetAt, true);
    this.count += 1;
    return next;
  }

  /**
   * Attributes in the usual encoding: 4a length 0a keyBytes key 12 valueBytes tag value. One, and
   * more as long as their states are given up. Returns the position behind, which is `start` when
   * the first has another encoding, or a negated code.
   */
  #usual(start: number, end: number): number {
    const view = this.#view;
    const { edges, states, keysView } = this.#plan.shapes;
    this.#keysView = keysView;
    let at = start | 0;
    while (at + usualBytesMin <= end) {
      const first = view.getInt32(at, true);
      const valueAt = (at + 4 + (first >>> 24)) | 0;
      const next = (at + 2 + ((first >>> 8) & 255)) | 0;
      if ((first & this.#usualMask) !== usualHead || valueAt + 4 > next || next > end) break;
      const type = this.#usualType(view.getInt32(valueAt, true), valueAt, next);
      if (type === 0) break;
      const head = ((first >>> 24) << 4) | type;
      const edge = this.#edge(states[this.state * stateCells] as number, head, at + 4);
      const isShort = next - valueAt - 4 <= (edges[edge + edgeCell.fineBytes] as number);
      if (!isShort && (type !== intType || !this.#isInRange(edge, valueAt + 3, next))) {
        this.#valueStart = type === stringType ? valueAt + 4 : valueAt + 3;
        this.#valueEnd = next;
        return this.#stepOn(at, next, edge, head);
      }
      this.#goOn(at, next, edges[edge + edgeCell.target] as number);
      at = next;
      if (!this.#known.isGivenUp(this.state)) break;
    }
    return at;
  }

  /** The rest of a usual attribute that has no edge or whose value is to be looked at. */
  #stepOn(at: number, next: number, edge: number, head: number): number {
    this.errorAt = at;
    const target = this.#step(this.state, edge, head, at + 4);
    if (target < 0) return target;
    if (edge !== 0 && this.#values.isFine) this.#goOn(at, next, target);
    else {
      this.state = target;
      this.count += 1;
    }
    return next;
  }

  /** Remembers an attribute that is fine and goes to the state behind it. */
  #goOn(at: number, next: number, target: number): void {
    const { state } = this;
    if (!this.#known.isGivenUp(state)) this.#known.keep(this.#view, { at, next, state, target });
    this.state = target;
    this.count += 1;
  }

  /** Sample type of the usual value at `at`, whose first four bytes are `word`; 0 for any other. */
  #usualType(word: number, at: number, next: number): number {
    // 12, bytes of the value, tag, length of a text or first byte of a number.
    const length = next - at - 2;
    if (word === (stringHead | (length << 8) | ((length - 2) << 24))) {
      const isValid = isText(this.#view, at + 4, next) || isUtf8(this.#bytes, at + 4, next);
      return isValid ? stringType : 0;
    }
    return (word & 0xffff) === (valueTag | (length << 8)) ? this.#numberType(word, at, next) : 0;
  }

  #numberType(word: number, at: number, next: number): number {
    const found = (word >>> 16) & 255;
    if (found === doubleTag) return at + 11 === next ? this.#doubleType : 0;
    if (found !== intTag && found !== boolTag) return 0;
    const bytes = this.#bytes;
    // The first byte of a number is the word's last: below 128 it ends there.
    const isShort = at + 5 === next && word < 0 && (bytes[at + 4] as number) < 128;
    const isWhole = at + 4 === next ? word >= 0 : isShort || isNumber(bytes, at + 3, next);
    if (!isWhole) return 0;
    return found === intTag ? intType : booleanType;
  }

  /** The edge of this key and type in a state's list, or 0. */
  #edge(first: number, head: number, keyAt: number): number {
    const { edges } = this.#plan.shapes;
    let edge = first;
    while (edge !== 0) {
      if (edges[edge] === head && this.#isKey(edges[edge + 1] as number, keyAt, head >>> 4)) break;
      edge = edges[edge + 3] as number;
    }
    return edge;
  }

  /**
   * Whether the key at `keyAt` is the edge's. Edges have keys without zero bytes and bytes above
   * 127, so eight of them are never NaN or -0 and may be compared as one double.
   */
  #isKey(own: number, keyAt: number, length: number): boolean {
    const keysView = this.#keysView;
    const view = this.#view;
    const last = length - 8;
    if (last < 0) return this.#isShortKey(own, keyAt, length);
    // The last ones first: beginnings are shared, ends are not.
    if (view.getFloat64(keyAt + last, true) !== keysView.getFloat64(own + last, true)) return false;
    for (let i = 0; i < last; i += 8) {
      if (view.getFloat64(keyAt + i, true) !== keysView.getFloat64(own + i, true)) return false;
    }
    return true;
  }

  #isShortKey(own: number, keyAt: number, length: number): boolean {
    const { keys } = this.#plan.shapes;
    for (let i = 0; i < length; i += 1) if (keys[own + i] !== this.#bytes[keyAt + i]) return false;
    return true;
  }

  /** Whether the number at `at` needs no look for this edge. */
  #isInRange(edge: number, at: number, end: number): boolean {
    if (edge === 0) return false;
    const { edges } = this.#plan.shapes;
    const value = this.#smallInteger(at, end);
    return value >= (edges[edge + 6] as number) && value <= (edges[edge + 5] as number);
  }

  /** A number of up to four bytes; any other is beyond every range. */
  #smallInteger(at: number, end: number): number {
    const bytes = this.#bytes;
    if (end - at === 2) return ((bytes[at] as number) & 127) | ((bytes[at + 1] as number) << 7);
    let value = 0;
    let shift = 0;
    for (let i = at; i < end; i += 1) {
      value |= ((bytes[i] as number) & 127) << shift;
      shift += 7;
    }
    return end - at > 4 ? beyond : value;
  }

  /** The rare part of a step: a new key, or a value to look at. The next state or a negated code. */
  #step(state: number, edge: number, head: number, keyAt: number): number {
    if (edge === 0) return this.#grow(state, head, keyAt);
    const { edges } = this.#plan.shapes;
    const watched = edges[edge + edgeCell.watched] as number;
    if (watched >= 0) this.#watch(watched, head & 15);
    return edges[edge + edgeCell.target] as number;
  }

  #watch(attribute: number, type: number): void {
    const values = this.#values;
    values.start = this.#valueStart;
    values.end = this.#valueEnd;
    this.#found.place = this.count;
    values.check(this.#plan, attribute, type);
  }

  /** A key and type that no span brought to this state before. */
  #grow(state: number, head: number, keyAt: number): number {
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
    // Keys of edges are compared eight bytes at a time: see #isKey.
    if (!isPlainKey(this.#bytes, keyAt, keyAt + length)) return offTree;
    const { low, high } = fineRange(tables, watched, head & 15);
    const edge = shapes.addEdge(state, { bytes: this.#bytes, keyAt, head, watched, low, high });
    if (edge === 0) return offTree;
    if (watched >= 0) this.#watch(watched, head & 15);
    return shapes.edges[edge + edgeCell.target] as number;
  }

  /**
   * One attribute in any encoding, whose length is at `lengthAt`; the position behind it or a
   * negated code.
   */
  one(at: number, lengthAt: number, end: number): number {
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
    const keyAt = rows[attributeWord.keyStart] as number;
    const keyBytes = (rows[attributeWord.keyEnd] as number) - keyAt;
    this.#valueStart = rows[attributeWord.valueStart] as number;
    this.#valueEnd = rows[attributeWord.valueEnd] as number;
    const head = (keyBytes << 4) | this.#plan.typeAt(bytes, rows, 0);
    this.#keysView = this.#plan.shapes.keysView;
    const first = this.#plan.shapes.states[this.state * stateCells] as number;
    const state = this.#step(this.state, this.#edge(first, head, keyAt), head, keyAt);
    if (state < 0) return state;
    this.state = state;
    this.count += 1;
    return next;
  }
}
