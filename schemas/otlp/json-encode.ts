// OTLP/JSON to protobuf in one pass, without loss and without objects in between: table-driven by
// messages.ts, so what a sender may say in JSON is exactly what it may say in protobuf. Rules of
// OTLP: ids in hex of any case, enums as integers, 64-bit integers as text or number, unknown and
// snake_case names ignored, null = absent, of a repeated name the last counts.
import { ByteWriter } from "./byte-writer.ts";
import { tryWriteText, tryWriteWords } from "./json-integer.ts";
import { DecimalWords, doubleOfText, integerRanges, numberCharsMax } from "./json-number.ts";
import { hexDigit, jsonDepthMax, JsonScanner, mark } from "./json-scanner.ts";
import type { Field, MessageType, Signal } from "./messages.ts";
import { signals } from "./messages.ts";
import { isUtf8 } from "./utf8.ts";
import { byteAt, skipValue, tagSize, varintLow, wireType } from "./wire.ts";

export type JsonEncoded =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly ok: false;
      /** Byte offset in the JSON text. */
      readonly at: number;
      /** `resourceSpans[0].scopeSpans[1].spans[7].traceId`; "" = the whole. */
      readonly path: string;
      /** What was found and what was expected. */
      readonly message: string;
      /** The fault is the size of what the JSON stands for. */
      readonly isTooLarge: boolean;
    };

/** Default of the largest protobuf form, in bytes. */
const messageBytesMax = 64 << 20;
/**
 * Bytes that may be looked through in all for what a repeated name makes obsolete. No sender repeats
 * names; without a bound, a body of nothing else would take the square of its size in time.
 */
const forgetBytesMax = 32 << 20;
const largeBytesMin = 1 << 20;
/** Bytes of protobuf for one of JSON, at most usually. */
const usualRatio = 0.6;
const nothing = new Uint8Array(0);

const base64Digits = new Int8Array(128).fill(-1);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
for (let i = 0; i < alphabet.length; i += 1) base64Digits[alphabet.charCodeAt(i)] = i;
// The standard alphabet's last two, and those of the one for URLs.
for (const [text, digit] of [
  ["+", 62],
  ["/", 63],
  ["-", 62],
  ["_", 63],
] as const) {
  base64Digits[text.charCodeAt(0)] = digit;
}
const padding = "=".charCodeAt(0);

/** Which signal a request is, by its first known key; null when it has none (`{}` has none). */
export const jsonSignal = (json: Uint8Array, start: number, end: number): Signal | null => {
  const scanner = new JsonScanner();
  scanner.open(json, start, end);
  if (!scanner.tryTake(mark.openObject)) return null;
  while (scanner.string()) {
    const key = scanner.text();
    for (const [signal, names] of Object.entries(signals)) {
      if (names.key === key) return signal as Signal;
    }
    if (!scanner.take(mark.colon) || !scanner.skip()) return null;
    if (!scanner.tryTake(mark.comma)) return null;
  }
  return null;
};

/** One per thread, reused. */
export class JsonEncoder {
  readonly #in = new JsonScanner();
  readonly #out = new ByteWriter();
  /** Of a fault, innermost first. */
  #path: string[] = [];
  #depth = 0;
  #forgetBytes = 0;
  #bytesMax = messageBytesMax;
  #isTooLarge = false;
  readonly #words = new DecimalWords();

  /** Bounds the protobuf form: JSON of numbers takes four times its size. */
  constructor(bytesMax = messageBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Encodes the JSON text json[start, end), one object, as a message of this type. */
  encode(json: Uint8Array, start: number, end: number, type: MessageType): JsonEncoded {
    this.#in.open(json, start, end);
    this.#out.to = 0;
    this.#path = [];
    this.#depth = 0;
    this.#forgetBytes = 0;
    this.#isTooLarge = false;
    // Growing by doubling would leave as much garbage again.
    if (end - start > largeBytesMin) this.#out.reserve(Math.floor((end - start) * usualRatio));
    const result = this.#encoded(type);
    this.#in.open(nothing, 0, 0);
    return result;
  }

  #encoded(type: MessageType): JsonEncoded {
    if (this.#object(type) && this.#in.peek() >= 0) this.#in.fail("more text after the end");
    const { fault, faultAt } = this.#in;
    if (fault === "") return { ok: true, bytes: this.#out.take() };
    this.#out.take();
    const path = this.#path.toReversed().join("").replace(/^\./, "");
    return { ok: false, at: faultAt, path, message: fault, isTooLarge: this.#isTooLarge };
  }

  #object(type: MessageType): boolean {
    const input = this.#in;
    if (this.#depth >= jsonDepthMax) return input.skip(this.#depth + 1);
    if (!input.take(mark.openObject)) return false;
    if (input.tryTake(mark.closeObject)) return true;
    const from = this.#out.to;
    const { fields } = type;
    let seen = 0;
    let next = 0;
    this.#depth += 1;
    do {
      if (!input.string()) return false;
      const index = this.#fieldOf(type, next);
      const field = index < 0 ? null : (fields[index] as Field);
      if (!input.take(mark.colon)) return false;
      if (field === null) {
        if (!input.skip(this.#depth)) return false;
        continue;
      }
      next = index + 1;
      const bit = 1 << field.number;
      if ((seen & bit) !== 0 && !this.#tryForget(from, field.number)) return false;
      seen |= bit;
      if (!this.#field(field) || !this.#fits()) {
        this.#path.push(`.${field.name}`);
        return false;
      }
    } while (input.tryNext(mark.closeObject));
    this.#depth -= 1;
    return input.fault === "";
  }

  /**
   * Index of the field that the key names, or -1. The search begins at `next`, for senders write
   * fields in the order of their numbers.
   */
  #fieldOf(type: MessageType, next: number): number {
    const { bytes, tokenStart, tokenEnd, isEscaped } = this.#in;
    if (isEscaped) return this.#escapedFieldOf(type);
    const { fields } = type;
    const length = tokenEnd - tokenStart;
    for (let tried = 0, at = next; tried < fields.length; tried += 1, at += 1) {
      if (at >= fields.length) at = 0;
      const name = (fields[at] as Field).nameBytes;
      if (name.length !== length) continue;
      let i = 0;
      while (i < length && byteAt(bytes, tokenStart + i) === name[i]) i += 1;
      if (i === length) return at;
    }
    return -1;
  }

  #escapedFieldOf(type: MessageType): number {
    const { tokenStart, tokenEnd } = this.#in;
    const name = new Uint8Array(tokenEnd - tokenStart);
    const length = this.#in.unescape(name, 0);
    const text = String.fromCharCode(...name.subarray(0, Math.min(length, 64)));
    return type.fields.findIndex((field) => field.name === text);
  }

  #fits(): boolean {
    if (this.#out.to <= this.#bytesMax) return true;
    this.#isTooLarge = true;
    return this.#in.fail(`larger than ${this.#bytesMax} bytes in protobuf`);
  }

  /** Takes out what an earlier occurrence of the same name has written since `from`. */
  #tryForget(from: number, number: number): boolean {
    const out = this.#out;
    this.#forgetBytes += out.to - from;
    if (this.#forgetBytes > forgetBytesMax) return this.#in.fail("names are repeated too often");
    let at = from;
    while (at < out.to) {
      const tag = varintLow(out.bytes, at) >>> 0;
      const next = skipValue(out.bytes, at + tagSize(out.bytes, at, out.to), out.to, tag & 7);
      if (tag >>> 3 === number) out.remove(at, next);
      else at = next;
    }
    return true;
  }

  #field(field: Field): boolean {
    if (this.#in.tryWord("null")) return true;
    return field.repeated ? this.#list(field) : this.#value(field);
  }

  #list(field: Field): boolean {
    const input = this.#in;
    if (!input.take(mark.openList)) return false;
    if (input.tryTake(mark.closeList)) return true;
    const isPacked = field.tag !== field.elementTag;
    const start = isPacked ? this.#out.open(field.tag) : 0;
    let index = 0;
    do {
      if (!this.#value(field) || !this.#fits()) {
        this.#path.push(`[${index}]`);
        return false;
      }
      index += 1;
    } while (input.tryNext(mark.closeList));
    if (isPacked) this.#out.close(start);
    return input.fault === "";
  }

  #value(field: Field): boolean {
    const { kind } = field;
    if (kind === "message") return this.#message(field);
    if (kind === "bool") return this.#bool(field);
    if (kind === "double") return this.#double(field);
    return (field.elementTag & 7) === wireType.delimited
      ? this.#bytes(field)
      : this.#integer(field);
  }

  #message(field: Field): boolean {
    if (field.type === null) return false;
    const start = this.#out.open(field.tag);
    if (!this.#object(field.type)) return false;
    this.#out.close(start);
    return true;
  }

  /** Text, bytes or an id; left out when it is empty and that says nothing. */
  #bytes(field: Field): boolean {
    const out = this.#out;
    const before = out.to;
    if (this.#in.peek() !== mark.quote) {
      return this.#in.fail(`expected a string${this.#in.found()}`);
    }
    if (!this.#in.string()) return false;
    const start = out.open(field.tag);
    out.reserve(this.#in.tokenEnd - this.#in.tokenStart);
    if (!this.#content(field)) return false;
    if (out.to === start && !field.presence && !field.repeated) out.to = before;
    else out.close(start);
    return true;
  }

  #content(field: Field): boolean {
    if (field.kind === "text") return this.#text();
    if (!this.#in.plainToken()) return false;
    return field.kind === "bytes" ? this.#base64() : this.#id(field.kind === "id16" ? 16 : 8);
  }

  #text(): boolean {
    const input = this.#in;
    const out = this.#out;
    const start = out.to;
    const end = input.unescape(out.bytes, start);
    if (end < 0) return false;
    out.to = end;
    // Escapes stand for valid text by themselves; a lone surrogate was replaced.
    return (
      input.isAscii ||
      isUtf8(out.bytes, start, end) ||
      input.fail("text is no UTF-8", input.tokenAt)
    );
  }

  #id(bytes: number): boolean {
    const { tokenBytes, tokenStart, tokenEnd } = this.#in;
    const length = tokenEnd - tokenStart;
    if (length === 0) return true;
    if (length !== 2 * bytes) return this.#badId(bytes);
    for (let at = tokenStart; at < tokenEnd; at += 2) {
      const high = hexDigit(byteAt(tokenBytes, at));
      const low = hexDigit(byteAt(tokenBytes, at + 1));
      if (high < 0 || low < 0) return this.#badId(bytes);
      this.#out.bytes[this.#out.to] = high * 16 + low;
      this.#out.to += 1;
    }
    return true;
  }

  #badId(bytes: number): false {
    const { tokenStart, tokenEnd } = this.#in;
    const length = tokenEnd - tokenStart;
    const isBase64 = length === 4 * Math.ceil(bytes / 3);
    const hint = isBase64 ? " (base64? OTLP/JSON writes ids in hex)" : "";
    return this.#in.fail(
      `expected ${2 * bytes} hex characters or "", found ${length} characters${hint}`,
      this.#in.tokenAt,
    );
  }

  #base64(): boolean {
    const { tokenBytes: bytes, tokenStart, tokenEnd } = this.#in;
    let end = tokenEnd;
    while (end > tokenStart && byteAt(bytes, end - 1) === padding) end -= 1;
    let bits = 0;
    let count = 0;
    for (let at = tokenStart; at < end; at += 1) {
      const byte = byteAt(bytes, at);
      const digit = byte < 128 ? (base64Digits[byte] as number) : -1;
      if (digit < 0) return this.#in.fail("expected base64", this.#in.tokenAt);
      bits = ((bits << 6) | digit) & 0xfff;
      count += 6;
      if (count < 8) continue;
      count -= 8;
      this.#out.bytes[this.#out.to] = (bits >> count) & 255;
      this.#out.to += 1;
    }
    // Six bits left over are a digit that belongs to no byte.
    return count < 6 || this.#in.fail("base64 of an impossible length", this.#in.tokenAt);
  }

  #bool(field: Field): boolean {
    const isTrue = this.#in.tryWord("true");
    if (!isTrue && !this.#in.tryWord("false")) {
      return this.#in.fail(`expected true or false${this.#in.found()}`);
    }
    if (!isTrue && !field.presence) return true;
    this.#out.small(field.tag);
    this.#out.small(Number(isTrue));
    return true;
  }

  /** Takes a number, or a string that holds one. */
  #numeric(): boolean {
    if (this.#in.peek() === mark.quote) return this.#in.string() && this.#in.plainToken();
    const byte = this.#in.peek();
    if (byte === mark.minus || (byte >= 48 && byte <= 57)) return this.#in.number();
    return this.#in.fail(`expected a number${this.#in.found()}`);
  }

  #double(field: Field): boolean {
    if (!this.#numeric()) return false;
    const isShort = this.#in.tokenEnd - this.#in.tokenStart <= numberCharsMax;
    const value = isShort ? doubleOfText(this.#in.text()) : null;
    if (value === null) return this.#notA("a number, NaN, Infinity or -Infinity");
    if (Object.is(value, 0) && !field.presence && !field.repeated) return true;
    if (!field.repeated) this.#out.small(field.tag);
    this.#out.double(value);
    return true;
  }

  #integer(field: Field): boolean {
    const { kind } = field;
    if (kind === "enum" && this.#in.peek() === mark.quote) {
      if (!this.#in.string()) return false;
      return this.#notA("an integer (enum names are not sent in OTLP/JSON)");
    }
    if (!this.#numeric()) return false;
    const { tokenBytes, tokenStart, tokenEnd } = this.#in;
    const words = this.#words;
    const isWritten = words.read(tokenBytes, tokenStart, tokenEnd)
      ? tryWriteWords(this.#out, field, words)
      : tryWriteText(this.#out, field, this.#in.text());
    if (isWritten) return true;
    const range = integerRanges[kind];
    return this.#notA(`an integer from ${range?.min} to ${range?.max}`);
  }

  #notA(expected: string): false {
    const found = this.#in.text().slice(0, 40);
    return this.#in.fail(`expected ${expected}, found ${found}`, this.#in.tokenAt);
  }
}
