// OTLP/JSON to protobuf in one pass, without loss and without objects in between: table-driven by
// messages.ts, so what a sender may say in JSON is exactly what it may say in protobuf. Rules of
// OTLP: ids in hex of any case, enums as integers, 64-bit integers as text or number, unknown and
// snake_case names ignored, null = absent, of a repeated name the last counts.
import { ByteWriter } from "./byte-writer.ts";
import { FieldOrder, keyResult } from "./field-order.ts";
import { tryAttribute } from "./json-attribute.ts";
import { writeBase64, writeId } from "./json-binary.ts";
import { tryWriteText, tryWriteWords } from "./json-integer.ts";
import { DecimalWords, doubleOfText, integerRanges, numberCharsMax } from "./json-number.ts";
import { jsonDepthMax, JsonScanner, mark } from "./json-scanner.ts";
import { UsualValues } from "./json-usual.ts";
import type { Field, MessageType, Signal } from "./messages.ts";
import { messageType, messageTypes, signals } from "./messages.ts";
import { isUtf8 } from "./utf8.ts";
import { skipValue, tagSize, varintLow, wireType } from "./wire.ts";

/** The protobuf form, or where the JSON is wrong and how. */
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
// Names of this module's own: an object's property would be loaded anew at each comparison.
const { quote, minus, colon, comma, openObject, closeObject, openList, closeList } = mark;
const letterN = "n".charCodeAt(0);
const attributeType = messageType("KeyValue");
const nothing = new Uint8Array(0);

/** Which signal a request is, by its first known key; null when it has none (`{}` has none). */
export const jsonSignal = (json: Uint8Array, start: number, end: number): Signal | null => {
  const scanner = new JsonScanner();
  scanner.open(json, start, end);
  if (!scanner.tryTake(openObject)) return null;
  while (scanner.string()) {
    const key = scanner.text();
    for (const [signal, names] of Object.entries(signals)) {
      if (names.key === key) return signal as Signal;
    }
    if (!scanner.take(colon) || !scanner.skip()) return null;
    if (!scanner.tryTake(comma)) return null;
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
  /** By message: the bytes that the length of the last one took. */
  readonly #lengthBytes = new Uint8Array(messageTypes.length).fill(1);
  readonly #usual = new UsualValues(this.#in, this.#out, this.#words);
  readonly #order = new FieldOrder();

  /** Bounds the protobuf form: JSON of numbers takes four times its size. */
  constructor(bytesMax = messageBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Encodes the JSON text json[start, end), one object, as a message of this type. */
  encode(json: Uint8Array, start: number, end: number, type: MessageType): JsonEncoded {
    return this.#result(this.#write(json, start, end, type) ? this.#out.take() : null);
  }

  /** The same without a copy: the bytes are valid until the next call. */
  encodeLent(json: Uint8Array, start: number, end: number, type: MessageType): JsonEncoded {
    return this.#result(this.#write(json, start, end, type) ? this.#out.lend() : null);
  }

  #write(json: Uint8Array, start: number, end: number, type: MessageType): boolean {
    this.#in.open(json, start, end);
    this.#out.to = 0;
    this.#path = [];
    this.#depth = 0;
    this.#forgetBytes = 0;
    this.#isTooLarge = false;
    // Growing by doubling would leave as much garbage again.
    if (end - start > largeBytesMin) this.#out.reserve(Math.floor((end - start) * usualRatio));
    if (this.#object(type) && this.#in.peek() >= 0) this.#in.fail("more text after the end");
    return this.#in.fault === "";
  }

  /** The body is let go, whatever became of it. */
  #result(bytes: Uint8Array<ArrayBuffer> | null): JsonEncoded {
    const { fault, faultAt } = this.#in;
    this.#in.open(nothing, 0, 0);
    if (bytes !== null) return { ok: true, bytes };
    this.#out.clear();
    const path = this.#path.toReversed().join("").replace(/^\./, "");
    return { ok: false, at: faultAt, path, message: fault, isTooLarge: this.#isTooLarge };
  }

  #object(type: MessageType): boolean {
    const input = this.#in;
    if (this.#depth >= jsonDepthMax) return input.skip(this.#depth + 1);
    if (!input.take(openObject)) return false;
    if (input.tryTake(closeObject)) return true;
    const from = this.#out.to;
    let seen = 0;
    let index = -1;
    this.#depth += 1;
    do {
      const found = this.#order.take(input, type, index);
      if (found < 0) {
        if (found === keyResult.fault || !input.skip(this.#depth)) return false;
        continue;
      }
      index = found;
      const field = type.fields[index] as Field;
      const bit = 1 << field.number;
      if ((seen & bit) !== 0 && !this.#tryForget(from, field.number)) return false;
      seen |= bit;
      if (!this.#field(field) || !this.#fits()) {
        this.#path.push(`.${field.name}`);
        return false;
      }
    } while (input.tryNext(closeObject));
    this.#depth -= 1;
    return input.fault === "" && this.#isOneKind(seen & type.memberMask, type, from);
  }

  /** Whether at most one of `members`, bits of a oneof's messages, has written more than null. */
  #isOneKind(members: number, { fields }: MessageType, from: number): boolean {
    if ((members & (members - 1)) === 0) return true;
    const out = this.#out;
    let written = 0;
    for (let at = from; at < out.to;) {
      const tag = varintLow(out.bytes, at) >>> 0;
      written |= members & (1 << (tag >>> 3));
      at = skipValue(out.bytes, at + tagSize(out.bytes, at, out.to), out.to, tag & 7);
    }
    if ((written & (written - 1)) === 0) return true;
    const names = fields.filter(({ number }) => ((written >>> number) & 1) !== 0);
    return this.#in.fail(`only one may be set of ${names.map(({ name }) => name).join(", ")}`);
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
    if (this.#usual.tryTake(field)) return true;
    const { at } = this.#in;
    const first = this.#in.peek();
    if (this.#in.at !== at && this.#usual.tryTake(field)) return true;
    if (first === letterN && this.#in.tryWord("null")) return true;
    return field.repeated ? this.#list(field) : this.#value(field);
  }

  #list(field: Field): boolean {
    const input = this.#in;
    if (!input.take(openList)) return false;
    if (input.tryTake(closeList)) return true;
    const isPacked = field.tag !== field.elementTag;
    const start = isPacked ? this.#out.open(field.tag) : 0;
    // The general way counts the depth of an attribute and its value.
    const isAttributes = field.type === attributeType && this.#depth + 2 <= jsonDepthMax;
    let index = 0;
    do {
      const isDone = isAttributes && tryAttribute(input, this.#out, field.tag);
      if ((!isDone && !this.#value(field)) || !this.#fits()) {
        this.#path.push(`[${index}]`);
        return false;
      }
      index += 1;
    } while (input.tryNext(closeList));
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
    // Messages of a kind are of like size: with the length's size right, nothing has to move.
    const { index } = field.type;
    const guess = this.#lengthBytes[index] as number;
    const start = this.#out.open(field.tag, guess);
    if (!this.#object(field.type)) return false;
    this.#lengthBytes[index] = this.#out.close(start, guess);
    return true;
  }

  /** Text, bytes or an id; left out when it is empty and that says nothing. */
  #bytes(field: Field): boolean {
    const input = this.#in;
    const out = this.#out;
    if (input.peek() !== quote) return input.fail(`expected a string${input.found()}`);
    if (!input.string()) return false;
    const isOmittable = !field.presence && !field.repeated;
    const { tokenStart, tokenEnd } = input;
    if (field.kind === "text" && !input.isEscaped) {
      const isText = input.isAscii || isUtf8(input.bytes, tokenStart, tokenEnd);
      if (!isText) return input.fail("text is no UTF-8", input.tokenAt);
      if (tokenEnd > tokenStart || !isOmittable)
        out.delimited(field.tag, input, tokenStart, tokenEnd);
      return true;
    }
    const before = out.to;
    const start = out.open(field.tag);
    out.reserve(tokenEnd - tokenStart);
    if (!this.#content(field)) return false;
    if (out.to === start && isOmittable) out.to = before;
    else out.close(start);
    return true;
  }

  #content(field: Field): boolean {
    if (field.kind === "text") return this.#text();
    if (!this.#in.plainToken()) return false;
    if (field.kind === "bytes") return writeBase64(this.#in, this.#out);
    return writeId(this.#in, this.#out, field.kind === "id16" ? 16 : 8);
  }

  /** Text with escapes: these stand for valid text, as a lone surrogate is replaced. */
  #text(): boolean {
    const input = this.#in;
    const out = this.#out;
    const start = out.to;
    if (!input.unescape(out)) return false;
    const isText = input.isAscii || isUtf8(out.bytes, start, out.to);
    return isText || input.fail("text is no UTF-8", input.tokenAt);
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
    if (this.#in.peek() === quote) return this.#in.string() && this.#in.plainToken();
    const byte = this.#in.peek();
    if (byte === minus || (byte >= 48 && byte <= 57)) return this.#in.number();
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
    if (kind === "enum" && this.#in.peek() === quote) {
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
