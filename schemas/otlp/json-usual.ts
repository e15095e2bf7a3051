// Values in the form that nearly all senders write, taken and written in one step: ids, times, short
// plain text, small integers, right behind their key. Any other form is refused without a trace, for
// the encoder's general way, which also finds what is wrong; both write the same bytes.
import type { ByteWriter } from "./byte-writer.ts";
import { hexDigits } from "./json-escape.ts";
import type { DecimalWords } from "./json-number.ts";
import { type JsonScanner, mark } from "./json-scanner.ts";
import { type Field, usualForm } from "./messages.ts";
import { byteAt } from "./wire.ts";

const { quote, comma, closeObject } = mark;
const { text, id16, id8, time, varint, fixed32 } = usualForm;
/** Longer text takes the general way: its length takes more than a byte. */
const textBytesMax = 128;
/** More take the general way: so many are a number of 30 bits. */
const digitsMax = 9;
const timeDigits = 19;
const zero = "0".charCodeAt(0);

/** The tags are below 128 but for numbers. */
export class UsualValues {
  readonly #in: JsonScanner;
  readonly #out: ByteWriter;
  readonly #words: DecimalWords;

  constructor(input: JsonScanner, out: ByteWriter, words: DecimalWords) {
    this.#in = input;
    this.#out = out;
    this.#words = words;
  }

  /** Takes the value that is next as this field's; false when it has another form. */
  tryTake(field: Field): boolean {
    const { usual } = field;
    if (usual === text) return this.#text(field.tag);
    if (usual === varint || usual === fixed32) return this.#number(field);
    if (usual === time) return this.#time(field.tag);
    if (usual === id16) return this.#id(field.tag, 16);
    return usual === id8 && this.#id(field.tag, 8);
  }

  #text(tag: number): boolean {
    const { bytes, view, at, end } = this.#in;
    if (byteAt(bytes, at) !== quote) return false;
    const out = this.#out;
    out.reserve(textBytesMax + 2);
    const before = out.to;
    const start = at + 1;
    out.to = before + 2;
    const stop = out.plain(view, start, Math.min(start + textBytesMax, end));
    const length = stop - start;
    // Empty text is left out or not, by the field.
    if (length < 1 || length > 127 || stop >= end || byteAt(bytes, stop) !== quote) {
      out.to = before;
      return false;
    }
    out.bytes[before] = tag;
    out.bytes[before + 1] = length;
    this.#in.at = stop + 1;
    return true;
  }

  #id(tag: number, count: number): boolean {
    const { bytes, at, end } = this.#in;
    const stop = at + 1 + 2 * count;
    if (stop >= end || byteAt(bytes, at) !== quote || byteAt(bytes, stop) !== quote) return false;
    const out = this.#out;
    out.reserve(count + 2);
    const { bytes: written } = out;
    let to = out.to + 2;
    let bits = 0;
    for (let i = at + 1; i < stop; i += 2, to += 1) {
      const high = hexDigits[byteAt(bytes, i)] as number;
      const byte = (high << 4) | (hexDigits[byteAt(bytes, i + 1)] as number);
      // A character that is no digit makes it negative.
      bits |= byte;
      written[to] = byte;
    }
    if (bits < 0) return false;
    written[out.to] = tag;
    written[out.to + 1] = count;
    out.to = to;
    this.#in.at = stop + 1;
    return true;
  }

  /** Nanoseconds since 1970 have 19 digits from 2001 to 2286. */
  #time(tag: number): boolean {
    const { bytes, view, at, end } = this.#in;
    const stop = at + 1 + timeDigits;
    if (stop >= end || byteAt(bytes, at) !== quote || byteAt(bytes, stop) !== quote) return false;
    const words = this.#words;
    if (!words.readLong(view, at + 1)) return false;
    this.#out.small(tag);
    this.#out.fixedWords(words.low, words.high);
    this.#in.at = stop + 1;
    return true;
  }

  #number(field: Field): boolean {
    const { bytes, at: start } = this.#in;
    let at = start;
    let value = 0;
    let byte = byteAt(bytes, at);
    while (byte >= zero && byte <= zero + 9 && at - start < digitsMax) {
      value = value * 10 + byte - zero;
      at += 1;
      byte = byteAt(bytes, at);
    }
    const isZeroFirst = byteAt(bytes, start) === zero;
    if (at === start || at >= this.#in.end || isZeroFirst) return false;
    if (byte !== comma && byte !== closeObject) return false;
    this.#in.at = at;
    this.#out.small(field.tag);
    if (field.usual === fixed32) this.#out.fixed32(value);
    else this.#out.small(value);
    return true;
  }
}
