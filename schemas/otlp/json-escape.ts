// What a JSON string stands for, as UTF-8: escapes, surrogate pairs among them, are written out. A
// lone surrogate becomes U+FFFD, as TextEncoder has it. No state, any thread.
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

/** By byte: the value of a hex digit of either case, or -1. */
export const hexDigits = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit += 1) {
  const text = digit.toString(16);
  hexDigits[code(text)] = digit;
  hexDigits[code(text.toUpperCase())] = digit;
}

/** The content of a string, without its quotes. */
type JsonToken = {
  readonly tokenBytes: Uint8Array;
  readonly tokenStart: number;
  readonly tokenEnd: number;
};

/** Copies the token to out[start...], which has room for it; returns the position behind. */
export const writeAsIs = (
  { tokenBytes, tokenStart, tokenEnd }: JsonToken,
  out: Uint8Array,
  start: number,
): number => {
  let to = start;
  for (let at = tokenStart; at < tokenEnd; at += 1, to += 1) out[to] = byteAt(tokenBytes, at);
  return to;
};

/** The same with its escapes resolved; ~position of an escape that there is not, below 0. */
export const writeUnescaped = (token: JsonToken, out: Uint8Array, start: number): number => {
  const { tokenBytes: bytes, tokenStart, tokenEnd } = token;
  let to = start;
  let at = tokenStart;
  while (at < tokenEnd) {
    const byte = byteAt(bytes, at);
    if (byte !== backslash) {
      out[to] = byte;
      to += 1;
      at += 1;
      continue;
    }
    const name = byteAt(bytes, at + 1);
    const plain = name < 128 ? byteAt(escapes, name) : 0;
    if (plain !== 0) {
      out[to] = plain;
      to += 1;
      at += 2;
      continue;
    }
    const unit = name === unicodeEscape ? unitAt(token, at) : -1;
    if (unit < 0) return ~at;
    const low = unit >= 0xd800 && unit < 0xdc00 ? lowAfter(token, at + 6) : -1;
    const point = low < 0 ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    to = writePoint(out, to, point);
    at += low < 0 ? 6 : 12;
  }
  return to;
};

/** The code unit of `\uXXXX` at `at`, or -1. */
const unitAt = ({ tokenBytes, tokenEnd }: JsonToken, at: number): number => {
  if (at + 6 > tokenEnd) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + 6; i += 1) {
    const digit = hexDigits[byteAt(tokenBytes, i)] as number;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
};

/** The low surrogate that is escaped at `at`, or -1. */
const lowAfter = (token: JsonToken, at: number): number => {
  const { tokenBytes, tokenEnd } = token;
  if (at + 6 > tokenEnd || byteAt(tokenBytes, at) !== backslash) return -1;
  if (byteAt(tokenBytes, at + 1) !== unicodeEscape) return -1;
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
