// Proves a whole message well formed: every nested field, length, string, id, depth and count. The
// scanner leaves what is nested in a record unread; a receiver that answers for its input checks
// the request here first, or the parts that it is going to use.
import type { CheckPlan } from "./check-plan.ts";
import {
  checkPlan,
  childOf,
  fieldOf,
  isAttribute,
  isSingle,
  planTags,
  rule,
} from "./check-plan.ts";
import type { OtlpLimits, ScanCode } from "./limits.ts";
import { defaultLimits, scanCode } from "./limits.ts";
import type { MessageType } from "./messages.ts";
import { isUtf8 } from "./utf8.ts";
import { byteAt, delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "./wire.ts";

// Names of this module's own: an imported object's property is loaded anew at each comparison.
const { message, value, text, key, id16, id8, words } = rule;
const { ok } = scanCode;
const nothing = new Uint8Array(0);
const keyTag = tagOf(1, wireType.delimited);
const valueTag = tagOf(2, wireType.delimited);
const stringTag = tagOf(1, wireType.delimited);
const boolTag = tagOf(2, wireType.varint);
const intTag = tagOf(3, wireType.varint);
const doubleTag = tagOf(4, wireType.fixed64);

const isAscii = (bytes: Uint8Array, start: number, end: number): boolean => {
  let bits = 0;
  for (let at = start; at < end; at += 1) bits |= byteAt(bytes, at);
  return bits < 128;
};

/** Whether bytes are a good message within the limits, before `readMessage`. One per thread, reused. */
export class MessageCheck {
  /** After a refusal: offset of the field. */
  errorAt = 0;
  readonly #limits: OtlpLimits;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Values around the message that is being read. */
  #depth = 0;
  readonly #shortKeyMax: number;
  readonly #shortValueMax: number;

  constructor(limits: OtlpLimits = defaultLimits) {
    this.#limits = limits;
    this.#shortKeyMax = Math.min(127, limits.keyBytesMax);
    this.#shortValueMax = Math.min(127, limits.valueBytesMax);
  }

  /** Checks bytes[start, end) as a message of this type. */
  check(bytes: Uint8Array, start: number, end: number, type: MessageType): ScanCode {
    this.#bytes = bytes;
    this.errorAt = start;
    if (end > bytes.length) return scanCode.truncated;
    if (end - start > this.#limits.requestBytesMax) return scanCode.requestTooLarge;
    this.#depth = type.name === "AnyValue" ? 1 : 0;
    const code = this.#message(start, end, checkPlan(type)) as ScanCode;
    // A large request must not live on in here.
    this.#bytes = nothing;
    return code;
  }

  /** Returns a code. */
  #message(start: number, end: number, plan: CheckPlan): number {
    const bytes = this.#bytes;
    const { rules } = plan;
    let attributes = 0;
    let singles = 0;
    let at = start;
    while (at < end) {
      this.errorAt = at;
      let tag = byteAt(bytes, at);
      let size = 1;
      if (tag > 127) {
        size = tagSize(bytes, at, end);
        if (size < 0) return -size;
        tag = varintLow(bytes, at) >>> 0;
      }
      if (tag < 8) return scanCode.fieldZero;
      at += size;
      const next = skipValue(bytes, at, end, tag & 7);
      if (next < 0) return -next;
      const found = tag < planTags ? (rules[tag] as number) : 0;
      if (found !== 0) {
        attributes += found & isAttribute ? 1 : 0;
        if (attributes > this.#limits.attributesMax) return scanCode.tooManyAttributes;
        const bit = found & isSingle ? 1 << fieldOf(found) : 0;
        if ((singles & bit) !== 0) return scanCode.repeatedMessage;
        singles |= bit;
        const child = plan.children[childOf(found)];
        if ((found & isAttribute) !== 0 && this.#isUsualAttribute(at, next)) {
          at = next;
          continue;
        }
        const code = this.#part(delimitedStart(bytes, at, end), next, found & 15, child);
        if (code !== ok) return code;
      }
      at = next;
    }
    return ok;
  }

  /**
   * Whether the attribute whose length stands at `at` is good and in the usual form: short key, then
   * short value, both ASCII or a number, nothing else. False says nothing: the whole check follows.
   */
  #isUsualAttribute(at: number, end: number): boolean {
    const bytes = this.#bytes;
    const keyAt = at + 3;
    if (byteAt(bytes, at) > 127 || end - at < 6 || byteAt(bytes, at + 1) !== keyTag) return false;
    const keyBytes = byteAt(bytes, at + 2);
    const valueAt = keyAt + keyBytes + 2;
    if (keyBytes > this.#shortKeyMax || valueAt + 2 > end) return false;
    if (byteAt(bytes, valueAt - 2) !== valueTag) return false;
    const valueBytes = byteAt(bytes, valueAt - 1);
    if (valueAt + valueBytes !== end || valueBytes > this.#shortValueMax) return false;
    if (this.#depth >= this.#limits.valueDepthMax) return false;
    return isAscii(bytes, keyAt, valueAt - 2) && this.#isUsualValue(valueAt, end);
  }

  #isUsualValue(at: number, end: number): boolean {
    const bytes = this.#bytes;
    const tag = byteAt(bytes, at);
    const first = byteAt(bytes, at + 1);
    if (tag === stringTag) return at + 2 + first === end && isAscii(bytes, at + 2, end);
    if (tag === doubleTag) return at + 9 === end;
    if (tag !== boolTag && tag !== intTag) return false;
    return skipValue(bytes, at + 1, end, wireType.varint) === end;
  }

  /** What a known field holds; `child` is the plan of a nested message. */
  #part(start: number, end: number, kind: number, child: CheckPlan | undefined): number {
    if (child !== undefined && kind === message) return this.#message(start, end, child);
    if (child !== undefined && kind === value) return this.#value(start, end, child);
    const length = end - start;
    if (kind === key && length > this.#limits.keyBytesMax) return scanCode.keyTooLong;
    if (kind === key || kind === text) {
      return isUtf8(this.#bytes, start, end) ? ok : scanCode.badUtf8;
    }
    if (kind === id16) return idLengthCode(length, 16);
    if (kind === id8) return idLengthCode(length, 8);
    if (kind === words) return length % 8 === 0 ? ok : scanCode.truncated;
    return this.#varints(start, end);
  }

  #value(start: number, end: number, plan: CheckPlan): number {
    if (this.#depth >= this.#limits.valueDepthMax) return scanCode.tooDeep;
    if (end - start > this.#limits.valueBytesMax) return scanCode.valueTooLong;
    this.#depth += 1;
    const code = this.#message(start, end, plan);
    this.#depth -= 1;
    return code;
  }

  #varints(start: number, end: number): number {
    let at = start;
    while (at < end) {
      at = skipValue(this.#bytes, at, end, wireType.varint);
      if (at < 0) return -at;
    }
    return ok;
  }
}

const idLengthCode = (length: number, expected: number): number =>
  length === expected || length === 0 ? ok : scanCode.badIdLength;
