// Proves a whole message well formed: every nested field, length, string, id, depth and count. The
// scanner leaves what is nested in a record unread; a receiver that answers for its input checks
// the request here first, or the parts that it is going to use.
import type { OtlpLimits, ScanCode } from "./limits.ts";
import { defaultLimits, scanCode } from "./limits.ts";
import type { Field, MessageType } from "./messages.ts";
import { messageType } from "./messages.ts";
import { isUtf8 } from "./utf8.ts";
import { delimitedStart, skipValue, tagSize, varintLow, wireType } from "./wire.ts";

const anyValue = messageType("AnyValue");
const keyValue = messageType("KeyValue");

/** Bytes of one element of a packed field; varints are walked. */
const elementBytes = (field: Field): number => {
  const wire = field.elementTag & 7;
  if (wire === wireType.fixed64) return 8;
  return wire === wireType.fixed32 ? 4 : 0;
};

/** One per thread, reused. */
export class MessageCheck {
  /** After a refusal: offset of the field. */
  errorAt = 0;
  readonly #limits: OtlpLimits;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(limits: OtlpLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Checks bytes[start, end) as a message of this type. */
  check(bytes: Uint8Array, start: number, end: number, type: MessageType): ScanCode {
    this.#bytes = bytes;
    this.errorAt = start;
    if (end > bytes.length) return scanCode.truncated;
    if (end - start > this.#limits.requestBytesMax) return scanCode.requestTooLarge;
    return this.#message(start, end, type, type === anyValue ? 1 : 0) as ScanCode;
  }

  /** Returns a code. `depth` counts the values around this message. */
  #message(start: number, end: number, type: MessageType, depth: number): number {
    const bytes = this.#bytes;
    let attributes = 0;
    let singles = 0;
    let at = start;
    while (at < end) {
      this.errorAt = at;
      const size = tagSize(bytes, at, end);
      if (size < 0) return -size;
      const tag = varintLow(bytes, at) >>> 0;
      if (tag < 8) return scanCode.fieldZero;
      at += size;
      const next = skipValue(bytes, at, end, tag & 7);
      if (next < 0) return -next;
      const field = tag < type.byTag.length ? type.byTag[tag] : undefined;
      if (field !== undefined && (tag & 7) === wireType.delimited) {
        const from = delimitedStart(bytes, at, end);
        if (field.type === keyValue) attributes += 1;
        if (attributes > this.#limits.attributesMax) return scanCode.tooManyAttributes;
        const bit = isSingle(field) ? 1 << field.number : 0;
        if ((singles & bit) !== 0) return scanCode.repeatedMessage;
        singles |= bit;
        const code = this.#delimited(from, next, field, depth);
        if (code !== scanCode.ok) return code;
      }
      at = next;
    }
    return scanCode.ok;
  }

  #delimited(start: number, end: number, field: Field, depth: number): number {
    const { type, kind } = field;
    if (type === anyValue) {
      if (depth >= this.#limits.valueDepthMax) return scanCode.tooDeep;
      if (end - start > this.#limits.valueBytesMax) return scanCode.valueTooLong;
      return this.#message(start, end, type, depth + 1);
    }
    if (type !== null) return this.#message(start, end, type, depth);
    if (kind === "text") return this.#text(start, end, field);
    if (kind === "bytes") return scanCode.ok;
    const length = end - start;
    if (kind === "id16") return length === 16 || length === 0 ? scanCode.ok : scanCode.badIdLength;
    if (kind === "id8") return length === 8 || length === 0 ? scanCode.ok : scanCode.badIdLength;
    return this.#packed(start, end, field);
  }

  #text(start: number, end: number, field: Field): number {
    // Only KeyValue has a field of this name.
    if (field.name === "key" && end - start > this.#limits.keyBytesMax) return scanCode.keyTooLong;
    return isUtf8(this.#bytes, start, end) ? scanCode.ok : scanCode.badUtf8;
  }

  #packed(start: number, end: number, field: Field): number {
    const size = elementBytes(field);
    if (size > 0) return (end - start) % size === 0 ? scanCode.ok : scanCode.truncated;
    let at = start;
    while (at < end) {
      at = skipValue(this.#bytes, at, end, wireType.varint);
      if (at < 0) return -at;
    }
    return scanCode.ok;
  }
}

/** A nested message that is refused when it comes twice: merging would need a copy. */
const isSingle = (field: Field): boolean =>
  field.type !== null && !field.repeated && field.type.name !== "Status";
