// The attributes of one list (of a span, an event, a resource) as rows of offsets: key range, type
// and range of the value. No text is made; a nested value is a range that can be read in turn. The
// usual encoding (key, then value, nothing else) is read on a short path, any other field by field.
import type { OtlpLimits, ScanCode } from "./limits.ts";
import { defaultLimits, scanCode } from "./limits.ts";
import { byteAt, delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "./wire.ts";

/** The member of AnyValue that is set: its field number; 0 = none. */
export const valueType = {
  none: 0,
  string: 1,
  bool: 2,
  int: 3,
  double: 4,
  array: 5,
  list: 6,
  bytes: 7,
} as const;

/** Words of a row. */
export const attributeWord = {
  keyStart: 0,
  keyEnd: 1,
  valueType: 2,
  /** Text, bytes or nested message without its length; varint or 8 bytes of a number. */
  valueStart: 3,
  valueEnd: 4,
} as const;

export const attributeStride = 5;

const rowsAtFirst = 32;
const keyTag = tagOf(1, wireType.delimited);
const valueTag = tagOf(2, wireType.delimited);
const stringTag = tagOf(valueType.string, wireType.delimited);

// Value type by the tag of the AnyValue's field; 0 for every other tag.
const typeOfTag = new Uint8Array(128);
typeOfTag[tagOf(valueType.bool, wireType.varint)] = valueType.bool;
typeOfTag[tagOf(valueType.int, wireType.varint)] = valueType.int;
typeOfTag[tagOf(valueType.double, wireType.fixed64)] = valueType.double;
for (const type of [valueType.string, valueType.array, valueType.list, valueType.bytes]) {
  typeOfTag[tagOf(type, wireType.delimited)] = type;
}

/** One per thread and purpose, reused; rows hold until the next read. */
export class AttributeTable {
  /** Rows of `attributeStride` words. */
  rows = new Int32Array(rowsAtFirst * attributeStride);
  count = 0;
  /** After a refusal: offset of the field. */
  errorAt = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #attributesMax: number;
  readonly #keyBytesMax: number;
  readonly #valueBytesMax: number;
  /** The short path leaves longer ones to the other, which names the limit. */
  readonly #shortMax: number;

  constructor(limits: OtlpLimits = defaultLimits) {
    this.#attributesMax = limits.attributesMax;
    this.#keyBytesMax = limits.keyBytesMax;
    this.#valueBytesMax = limits.valueBytesMax;
    this.#shortMax = Math.min(limits.keyBytesMax, limits.valueBytesMax);
  }

  /**
   * Reads the attributes of bytes[start, end): the fields with this tag, which is 0x4a in a span;
   * other fields are skipped. A record's row tells where its first attribute starts and its last
   * ends, so only those bytes need to be given.
   */
  read(bytes: Uint8Array, start: number, end: number, tag: number): ScanCode {
    this.#bytes = bytes;
    this.count = 0;
    let at = start;
    while (at < end) {
      this.errorAt = at;
      let next = -1;
      if (byteAt(bytes, at) === tag && at + 1 < end) next = this.#usual(bytes, at + 1, end);
      if (next < 0) {
        next = this.#any(at, end, tag);
        if (next < 0) return -next as ScanCode;
      }
      at = next;
    }
    return scanCode.ok;
  }

  /** The attribute with this key that counts, the last one, or -1. */
  find(key: Uint8Array): number {
    for (let index = this.count - 1; index >= 0; index -= 1) {
      const row = index * attributeStride;
      const start = this.rows[row + attributeWord.keyStart] as number;
      const end = this.rows[row + attributeWord.keyEnd] as number;
      if (end - start === key.length && this.#equals(start, key)) return index;
    }
    return -1;
  }

  isText(index: number): boolean {
    const row = index * attributeStride;
    return this.rows[row + attributeWord.valueType] === valueType.string;
  }

  valueStart(index: number): number {
    return this.rows[index * attributeStride + attributeWord.valueStart] as number;
  }

  valueEnd(index: number): number {
    return this.rows[index * attributeStride + attributeWord.valueEnd] as number;
  }

  #equals(start: number, key: Uint8Array): boolean {
    for (let i = 0; i < key.length; i += 1) {
      if (byteAt(this.#bytes, start + i) !== byteAt(key, i)) return false;
    }
    return true;
  }

  /** The row of the next attribute. */
  #nextRow(): number {
    const row = this.count * attributeStride;
    if (row === this.rows.length) {
      const larger = new Int32Array(row * 2);
      larger.set(this.rows);
      this.rows = larger;
    }
    return row;
  }

  /** The short path: `len 0a keylen key 12 vallen tag value`, lengths of one byte; else -1. */
  #usual(bytes: Uint8Array, at: number, end: number): number {
    const next = at + 1 + byteAt(bytes, at);
    const keyStart = at + 3;
    // Seven bytes at least, so that all that is read below lies before `next`.
    if (next > end || next - at < 7 || byteAt(bytes, at + 1) !== keyTag) return -1;
    const keyEnd = keyStart + byteAt(bytes, at + 2);
    const typeAt = keyEnd + 2;
    if (typeAt + 1 >= next || byteAt(bytes, keyEnd) !== valueTag) return -1;
    if (typeAt + byteAt(bytes, keyEnd + 1) !== next) return -1;
    const tag = byteAt(bytes, typeAt);
    let valueStart = typeAt + 1;
    if (tag === stringTag) {
      valueStart += 1;
      if (valueStart + byteAt(bytes, typeAt + 1) !== next) return -1;
    } else if (!this.#isUsualNumber(tag, valueStart, next)) return -1;
    if (this.count >= this.#attributesMax || next - keyStart > this.#shortMax) return -1;
    const row = this.#nextRow();
    const { rows } = this;
    this.count += 1;
    rows[row] = keyStart;
    rows[row + 1] = keyEnd;
    rows[row + 2] = typeOfTag[tag] as number;
    rows[row + 3] = valueStart;
    rows[row + 4] = next;
    return next;
  }

  #isUsualNumber(tag: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (tag > 127) return false;
    const type = typeOfTag[tag];
    if (type === valueType.double) return end - start === 8;
    if (type !== valueType.int && type !== valueType.bool) return false;
    for (let at = start; at < end - 1; at += 1) if (byteAt(bytes, at) < 128) return false;
    return end - start <= 10 && byteAt(bytes, end - 1) < 128;
  }

  /** Reads any field: an attribute in whatever encoding, or another one to be skipped. */
  #any(at: number, end: number, tag: number): number {
    const bytes = this.#bytes;
    const size = tagSize(bytes, at, end);
    if (size < 0) return size;
    const found = varintLow(bytes, at) >>> 0;
    if (found < 8) return -scanCode.fieldZero;
    if (found !== tag) return skipValue(bytes, at + size, end, found & 7);
    const start = delimitedStart(bytes, at + size, end);
    if (start < 0) return start;
    if (this.count >= this.#attributesMax) return -scanCode.tooManyAttributes;
    const row = this.#nextRow();
    this.rows.fill(0, row, row + attributeStride);
    this.count += 1;
    return this.#keyValue(start, start + varintLow(bytes, at + size), row);
  }

  #keyValue(start: number, end: number, row: number): number {
    const bytes = this.#bytes;
    let hasValue = false;
    let at = start;
    while (at < end) {
      this.errorAt = at;
      const size = tagSize(bytes, at, end);
      if (size < 0) return size;
      const tag = varintLow(bytes, at) >>> 0;
      at += size;
      if (tag < 8) return -scanCode.fieldZero;
      if (tag !== keyTag && tag !== valueTag) {
        at = skipValue(bytes, at, end, tag & 7);
        if (at < 0) return at;
        continue;
      }
      const from = delimitedStart(bytes, at, end);
      if (from < 0) return from;
      const next = from + varintLow(bytes, at);
      if (tag === keyTag) at = this.#key(from, next, row);
      else {
        if (hasValue) return -scanCode.repeatedMessage;
        hasValue = true;
        at = this.#value(from, next, row);
      }
      if (at < 0) return at;
    }
    return end;
  }

  #key(start: number, end: number, row: number): number {
    if (end - start > this.#keyBytesMax) return -scanCode.keyTooLong;
    this.rows[row + attributeWord.keyStart] = start;
    this.rows[row + attributeWord.keyEnd] = end;
    return end;
  }

  /** Reads an AnyValue into the row; the last member that is set counts. */
  #value(start: number, end: number, row: number): number {
    const bytes = this.#bytes;
    if (end - start > this.#valueBytesMax) return -scanCode.valueTooLong;
    let at = start;
    while (at < end) {
      this.errorAt = at;
      const size = tagSize(bytes, at, end);
      if (size < 0) return size;
      const tag = varintLow(bytes, at) >>> 0;
      if (tag < 8) return -scanCode.fieldZero;
      const next = skipValue(bytes, at + size, end, tag & 7);
      if (next < 0) return next;
      const type = tag < 128 ? (typeOfTag[tag] as number) : valueType.none;
      if (type !== valueType.none) {
        const isNested = type === valueType.array || type === valueType.list;
        if (isNested && this.rows[row + attributeWord.valueType] === type) {
          return -scanCode.repeatedMessage;
        }
        const isText = (tag & 7) === wireType.delimited;
        this.rows[row + attributeWord.valueType] = type;
        this.rows[row + attributeWord.valueStart] = isText
          ? delimitedStart(bytes, at + size, end)
          : at + size;
        this.rows[row + attributeWord.valueEnd] = next;
      }
      at = next;
    }
    return end;
  }
}
