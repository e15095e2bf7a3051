// What a JSON string stands for, as UTF-8: escapes, surrogate pairs among them, are written out. A
// lone surrogate becomes U+FFFD, as TextEncoder has it. No state, any thread.
import type { ByteWriter } from "./byte-writer.ts";
import { byteAt } from "./wire.ts";

const code = (text: string): number => text.charCodeAt(0);
const backslash = code("\\");

// By the character after a backslash: what it stands for; 0 = no such escape, `u` is apart.
const escapes = new Uint8Array(128);
for (const [name, value] of Object.entries({
  '"': 34,
  "\\": 92,
  "/": 47,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
})) {
  escapes[code(name)] = value;
}
const unicodeEscape = code("u");
/** Of `\\u00e9`. */
const unitBytes = 6;

/** By byte: the value of a hex digit of either case, or -1. */
export const hexDigits = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit += 1) {
  const text = digit.toString(16);
  hexDigits[code(text)] = digit;
  hexDigits[code(text.toUpperCase())] = digit;
}

/** The content of a string in a text, without its quotes. */
type JsonToken = {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly tokenStart: number;
  readonly tokenEnd: number;
};

/**
 * Writes the token with its escapes resolved, at most as many bytes as it has. Returns the position
 * of an escape that there is not, or -1 when all is written.
 */
export const writeUnescaped = (token: JsonToken, out: ByteWriter): number => {
  const { view, bytes, tokenStart, tokenEnd } = token;
  out.reserve(tokenEnd - tokenStart);
  let at = out.plain(view, tokenStart, tokenEnd);
  while (at < tokenEnd) {
    const byte = byteAt(bytes, at);
    if (byte === backslash) {
      const taken = writeEscape(token, at, out);
      if (taken === 0) return at;
      // Plain text between two escapes, such as lines, is copied by words.
      at = out.plain(view, at + taken, tokenEnd);
    } else {
      out.bytes[out.to] = byte;
      out.to += 1;
      at += 1;
    }
  }
  return -1;
};

/** Writes what the escape at `at` stands for; returns its length, 0 when there is no such escape. */
const writeEscape = (token: JsonToken, at: number, out: ByteWriter): number => {
  const name = byteAt(token.bytes, at + 1);
  const plain = name < 128 ? byteAt(escapes, name) : 0;
  if (plain !== 0) {
    out.bytes[out.to] = plain;
    out.to += 1;
    return 2;
  }
  const unit = name === unicodeEscape ? unitAt(token, at) : -1;
  if (unit < 0) return 0;
  const low = unit >= 0xd800 && unit < 0xdc00 ? lowAfter(token, at + unitBytes) : -1;
  const point = low < 0 ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  out.to = writePoint(out.bytes, out.to, point);
  return low < 0 ? unitBytes : 2 * unitBytes;
};

/** The code unit of `\uXXXX` at `at`, or -1. */
const unitAt = ({ bytes, tokenEnd }: JsonToken, at: number): number => {
  if (at + unitBytes > tokenEnd) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + unitBytes; i += 1) {
    const digit = hexDigits[byteAt(bytes, i)] as number;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
};

/** The low surrogate that is escaped at `at`, or -1. */
const lowAfter = (token: JsonToken, at: number): number => {
  const { bytes, tokenEnd } = token;
  if (at + unitBytes > tokenEnd || byteAt(bytes, at) !== backslash) return -1;
  if (byteAt(bytes, at + 1) !== unicodeEscape) return -1;
  const unit = unitAt(token, at);
  return unit >= 0xdc00 && unit < 0xe000 ? unit : -1;
};

const replacement = 0xfffd;

/** Writes one code point as UTF-8. */
const writePoint = (out: Uint8Array, to: number, given: number): number => {
  const point = given >= 0xd800 && given < 0xe000 ? replacement : given;
  if (point < 0x80) {
    out[to] = point;
    return to + 1;
  }
  let shift = 6;
  let lead = 0xc0;
  if (point >= 0x10000) [shift, lead] = [18, 0xf0];
  else if (point >= 0x800) [shift, lead] = [12, 0xe0];
  out[to] = lead | (point >> shift);
  let next = to + 1;
  for (shift -= 6; shift >= 0; shift -= 6) {
    out[next] = 0x80 | ((point >> shift) & 63);
    next += 1;
  }
  return next;
};
