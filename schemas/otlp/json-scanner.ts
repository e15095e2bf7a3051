// Tokens of JSON text, read from its UTF-8 bytes in place: no objects, no numbers through a double,
// no exceptions. Knows nothing of OTLP. The first fault is kept in `fault` and `faultAt`.
import { ByteWriter } from "./byte-writer.ts";
import { writeUnescaped } from "./json-escape.ts";
import type { JsonKey } from "./json-key.ts";
import { plainEnd } from "./plain-text.ts";
import { byteAt } from "./wire.ts";

const code = (text: string): number => text.charCodeAt(0);

/** The characters that structure JSON. */
export const mark = {
  quote: code('"'),
  backslash: code("\\"),
  openObject: code("{"),
  closeObject: code("}"),
  openList: code("["),
  closeList: code("]"),
  comma: code(","),
  colon: code(":"),
  minus: code("-"),
} as const;

// Names of this module's own: an object's property would be loaded anew at each comparison.
const { quote, backslash } = mark;

const zero = code("0");
const point = code(".");
const exponent = code("e");

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** Deepest nesting of lists and objects. */
export const jsonDepthMax = 256;

/** Characters of a token that `text` shows. */
const tokenTextMax = 512;

/** Position in one JSON text; reused. Methods that can fail return false and leave a fault. */
export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of the same bytes. */
  view: DataView = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;
  /** What is wrong, or "". */
  fault = "";
  faultAt = 0;
  /** Content of the last string, without quotes, or the last number; offsets into `tokenBytes`. */
  tokenBytes: Uint8Array = this.bytes;
  tokenStart = 0;
  /** Where the token began in `bytes`, for faults. */
  tokenAt = 0;
  tokenEnd = 0;
  /** The last string has escapes. */
  isEscaped = false;
  readonly #plain = new ByteWriter();
  /** The last string has no byte above 127; what its escapes stand for is apart. */
  isAscii = true;

  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.tokenBytes = bytes;
    this.#plain.clear();
    this.at = start;
    this.end = end;
    this.fault = "";
    this.faultAt = start;
  }

  /** Keeps the first fault. */
  fail(fault: string, at = this.at): false {
    if (this.fault === "") {
      this.fault = fault;
      this.faultAt = at;
    }
    return false;
  }

  /** The next byte that is no white space, not taken; -1 at the end. */
  peek(): number {
    if (this.at >= this.end) return -1;
    const byte = byteAt(this.bytes, this.at);
    return byte > 32 ? byte : this.#peekFar();
  }

  #peekFar(): number {
    const { bytes, end } = this;
    let { at } = this;
    let byte = -1;
    for (; at < end; at += 1) {
      byte = byteAt(bytes, at);
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    }
    this.at = at;
    return at < end ? byte : -1;
  }

  /** Takes this character if it is the next. */
  tryTake(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** Takes this character. */
  take(byte: number): boolean {
    return this.tryTake(byte) || this.fail(`expected ${String.fromCharCode(byte)}${this.found()}`);
  }

  /** ", found X" for a message. */
  found(): string {
    const byte = this.peek();
    if (byte < 0) return ", found the end";
    return byte > 32 && byte < 127
      ? `, found ${String.fromCharCode(byte)}`
      : `, found byte ${byte}`;
  }

  /** Takes a string; its content is the token. */
  string(): boolean {
    if (!this.take(quote)) return false;
    const { bytes, at: start } = this;
    const at = plainEnd(this.view, start, this.end);
    this.tokenBytes = bytes;
    this.tokenStart = start;
    this.tokenAt = start;
    this.isEscaped = false;
    this.isAscii = true;
    if (at >= this.end || byteAt(bytes, at) !== quote) return this.#stringFrom(at);
    this.tokenEnd = at;
    this.at = at + 1;
    return true;
  }

  /** Goes on in a string that is plain up to here. */
  #stringFrom(start: number): boolean {
    const { bytes, end } = this;
    let at = start;
    let bits = 0;
    while (at < end) {
      const byte = byteAt(bytes, at);
      if (byte > quote && byte !== backslash) {
        bits |= byte;
        at += 1;
      } else if (byte === quote) {
        this.tokenEnd = at;
        this.isAscii = bits < 128;
        this.at = at + 1;
        return true;
      } else if (byte < 32) {
        return this.fail("control character in a string", at);
      } else if (byte === backslash) {
        this.isEscaped = true;
        // Plain text between two escapes, such as lines, is walked by words again.
        at = plainEnd(this.view, at + 2, end);
      } else at += 1;
    }
    return this.fail("string without end", this.tokenStart);
  }

  /** Takes this key and its colon if that is next, written plainly. */
  tryKey({ words, bytes }: JsonKey): boolean {
    this.peek();
    const { view, at } = this;
    if (at + bytes > this.end) return false;
    const last = words.length - 1;
    for (let i = 0; i < last; i += 1) {
      if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    }
    if (view.getInt32(at + bytes - 4, true) !== words[last]) return false;
    this.at = at + bytes;
    return true;
  }

  /** Takes a number; its characters are the token. */
  number(): boolean {
    const first = this.peek();
    const { bytes, at: start } = this;
    this.tokenBytes = bytes;
    this.tokenStart = start;
    this.tokenAt = start;
    const count = this.#digits();
    this.tokenEnd = this.at;
    // Digits and nothing more is how nearly all numbers come.
    const next = this.at < this.end ? byteAt(bytes, this.at) : 0;
    const isWhole = count === 1 || (count > 1 && first !== zero);
    if (isWhole && next !== point && (next | 32) !== exponent) return true;
    this.at = start;
    return this.#anyNumber(first);
  }

  #anyNumber(first: number): boolean {
    if (first === mark.minus) this.at += 1;
    const digitsAt = this.at;
    let isGood = this.#digits() > 0;
    if (byteAt(this.bytes, digitsAt) === zero && this.at > digitsAt + 1) isGood = false;
    if (this.#is(point)) {
      this.at += 1;
      isGood &&= this.#digits() > 0;
    }
    if (this.#is(exponent) || this.#is(exponent - 32)) {
      this.at += 1;
      if (this.#is(43) || this.#is(45)) this.at += 1;
      isGood &&= this.#digits() > 0;
    }
    this.tokenEnd = this.at;
    return isGood || this.fail("malformed number", this.tokenStart);
  }

  #is(byte: number): boolean {
    return this.at < this.end && byteAt(this.bytes, this.at) === byte;
  }

  #digits(): number {
    const { bytes, end, at: from } = this;
    let at = from;
    while (at < end && isDigit(byteAt(bytes, at))) at += 1;
    this.at = at;
    return at - from;
  }

  /** Takes `true`, `false` or `null`, if that is next. */
  tryWord(word: string): boolean {
    this.peek();
    if (this.at + word.length > this.end) return false;
    for (let i = 0; i < word.length; i += 1) {
      if (byteAt(this.bytes, this.at + i) !== word.charCodeAt(i)) return false;
    }
    this.at += word.length;
    return true;
  }

  /** Takes any value, and forgets it. */
  skip(depth = 0): boolean {
    if (depth > jsonDepthMax) return this.fail(`nested deeper than jsonDepthMax=${jsonDepthMax}`);
    const byte = this.peek();
    if (byte === quote) return this.string();
    if (byte === mark.openObject) return this.#skipItems(mark.closeObject, depth);
    if (byte === mark.openList) return this.#skipItems(mark.closeList, depth);
    if (byte === mark.minus || isDigit(byte)) return this.number();
    if (this.tryWord("true") || this.tryWord("false") || this.tryWord("null")) return true;
    return this.fail(`expected a value${this.found()}`);
  }

  #skipItems(close: number, depth: number): boolean {
    this.at += 1;
    if (this.tryTake(close)) return true;
    do {
      if (close === mark.closeObject && !(this.string() && this.take(mark.colon))) return false;
      if (!this.skip(depth + 1)) return false;
    } while (this.tryTake(mark.comma));
    return this.take(close);
  }

  /** Takes a comma, and true; or the end of the list or object, and false (or a fault). */
  tryNext(close: number): boolean {
    if (this.tryTake(mark.comma)) return true;
    this.take(close);
    return false;
  }

  /**
   * The token's text, unescaped, its first `tokenTextMax` characters: for short things such as
   * numbers and messages. A token may be as long as the body, and a text costs much more.
   */
  text(): string {
    let text = "";
    const end = Math.min(this.tokenEnd, this.tokenStart + tokenTextMax);
    for (let at = this.tokenStart; at < end; at += 1) {
      text += String.fromCharCode(byteAt(this.tokenBytes, at));
    }
    return text;
  }

  /**
   * Puts what the string's escapes stand for in place of the token, for ids, numbers and base64:
   * some senders write every "/" as "\/". The token is then elsewhere, until the next such call.
   */
  plainToken(): boolean {
    if (!this.isEscaped) return true;
    const plain = this.#plain;
    plain.clear();
    if (!this.unescape(plain)) return false;
    this.tokenBytes = plain.bytes;
    this.tokenStart = 0;
    this.tokenEnd = plain.to;
    this.isEscaped = false;
    return true;
  }

  /** Writes what the string token with escapes stands for, as UTF-8. */
  unescape(out: ByteWriter): boolean {
    const wrongAt = writeUnescaped(this, out);
    return wrongAt < 0 || this.fail("unknown escape in a string", wrongAt);
  }
}
