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
import { byteAt, delimitedStart, skipValue, tagSize, varintLow, wireType } from "./wire.ts";

// Names of this module's own: an imported object's property is loaded anew at each comparison.
const { message, value, text, key, id16, id8, words } = rule;
const { ok } = scanCode;

/** One per thread, reused. */
export class MessageCheck {
  /** After a refusal: offset of the field. */
  errorAt = 0;
  readonly #limits: OtlpLimits;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Values around the message that is being read. */
  #depth = 0;

  constructor(limits: OtlpLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Checks bytes[start, end) as a message of this type. */
  check(bytes: Uint8Array, start: number, end: number, type: MessageType): ScanCode {
    this.#bytes = bytes;
    this.errorAt = start;
    if (end > bytes.length) return scanCode.truncated;
    if (end - start > this.#limits.requestBytesMax) return scanCode.requestTooLarge;
    this.#depth = type.name === "AnyValue" ? 1 : 0;
    return this.#message(start, end, checkPlan(type)) as ScanCode;
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
        const code = this.#part(delimitedStart(bytes, at, end), next, found & 15, child);
        if (code !== ok) return code;
      }
      at = next;
    }
    return ok;
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
