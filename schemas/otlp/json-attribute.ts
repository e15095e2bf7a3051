// An attribute as nearly all senders write it, {"key":"…","value":{"stringValue":"…"}} without white
// space or escapes, in one step: it is most of what a span consists of. Anything else is refused
// without a trace, for the encoder's general way; both write the same bytes.
import type { ByteWriter } from "./byte-writer.ts";
import { type JsonScanner, mark } from "./json-scanner.ts";
import { plainEnd } from "./plain-text.ts";
import { byteAt, lengthBytes, tagOf, wireType } from "./wire.ts";

const { quote, closeObject } = mark;

const wordOf = (text: string): number =>
  new DataView(new TextEncoder().encode(text).buffer).getInt32(0, true);

// `{"key":"`
const openWords = [wordOf('{"ke'), wordOf('y":"')] as const;
const [open0, open1] = openWords;
const openBytes = 4 * openWords.length;
// `","value":{"`
const middleWords = [wordOf('","v'), wordOf("alue"), wordOf('":{"')] as const;
const [middle0, middle1, middle2] = middleWords;
const middleBytes = 4 * middleWords.length;
// `stringValue":"` and `intValue":`, whose last words overlap the ones before.
const textName = 'stringValue":"';
const text0 = wordOf(textName);
const text1 = wordOf(textName.slice(4));
const text2 = wordOf(textName.slice(8));
const text3 = wordOf(textName.slice(-4));
const textBytes = textName.length;
const integerName = 'intValue":';
const integer0 = wordOf(integerName);
const integer1 = wordOf(integerName.slice(4));
const integer2 = wordOf(integerName.slice(-4));
const integerBytes = integerName.length;
/** From the end of the key, `1}}` included. */
const restBytesMin = middleBytes + integerBytes + 3;
/** More take the general way: so many are a number of 30 bits. */
const digitsMax = 9;

/** Longer keys take the general way, longer values `writeLong`: their lengths take two bytes. */
const textBytesMax = 128;
/** A tag and a length, twice: of the attribute and its key, of the value and its text. */
const headBytes = 4;
const attributeBytesMax = 2 * (headBytes + textBytesMax);
const none = -1;
const zero = "0".charCodeAt(0);

const keyTag = tagOf(1, wireType.delimited);
const valueTag = tagOf(2, wireType.delimited);
const stringTag = tagOf(1, wireType.delimited);
const intTag = tagOf(3, wireType.varint);

/** Takes the attribute that is next and writes it with this tag; false when it is another form. */
export const tryAttribute = (input: JsonScanner, out: ByteWriter, tag: number): boolean => {
  const before = out.to;
  const next = tag < 128 ? attributeEnd(input, out, tag) : none;
  if (next === none) out.to = before;
  else input.at = next;
  return next !== none;
};

/** Writes as far as it goes; returns the position behind the attribute, or `none`. */
const attributeEnd = (input: JsonScanner, out: ByteWriter, tag: number): number => {
  const { view, at, end } = input;
  const key = at + openBytes;
  if (key + restBytesMin > end) return none;
  if (view.getInt32(at, true) !== open0 || view.getInt32(at + 4, true) !== open1) return none;
  out.reserve(attributeBytesMax);
  const start = out.to;
  out.to += headBytes;
  const keyEnd = out.plain(view, key, Math.min(key + textBytesMax, end));
  // An empty key is left out.
  if (keyEnd === key || keyEnd + restBytesMin > end) return none;
  if (view.getInt32(keyEnd, true) !== middle0) return none;
  if (view.getInt32(keyEnd + 4, true) !== middle1) return none;
  if (view.getInt32(keyEnd + 8, true) !== middle2) return none;
  const value = out.to;
  const name = view.getInt32(keyEnd + middleBytes, true);
  let next = none;
  if (name === text0) next = stringEnd(input, out, keyEnd);
  else if (name === integer0) next = integerEnd(input, out, keyEnd);
  const bytes = out.to - start - 2;
  if (bytes > 127) {
    out.to = start;
    if (next !== none && name === text0) writeLong(input, out, { tag, keyEnd, next });
    return name === text0 ? next : none;
  }
  const keyBytes = value - start - headBytes;
  out.view.setInt32(start, tag | (bytes << 8) | (keyTag << 16) | (keyBytes << 24), true);
  return next;
};

/** Writes the value; returns the position behind the attribute, or `none`. */
const stringEnd = (input: JsonScanner, out: ByteWriter, keyEnd: number): number => {
  const { view, bytes, end } = input;
  const name = keyEnd + middleBytes;
  const start = name + textBytes;
  if (start + 3 > end) return none;
  if (view.getInt32(name + 4, true) !== text1) return none;
  if (view.getInt32(name + 8, true) !== text2) return none;
  if (view.getInt32(start - 4, true) !== text3) return none;
  const { to } = out;
  out.to = to + headBytes;
  let stop = out.plain(view, start, Math.min(start + textBytesMax, end));
  // What goes on is not copied here: `writeLong` writes it once more.
  if (stop - start > textBytesMax - 4) stop = plainEnd(view, stop, end);
  if (stop + 3 > end || byteAt(bytes, stop) !== quote || !isClosed(bytes, stop + 1)) return none;
  const length = stop - start;
  out.to = to + headBytes + length;
  out.view.setInt32(to, valueTag | ((length + 2) << 8) | (stringTag << 16) | (length << 24), true);
  return stop + 3;
};

type Long = { readonly tag: number; readonly keyEnd: number; readonly next: number };

/** Writes an attribute with a text of any length, which is known by now, behind `out.to`. */
const writeLong = (input: JsonScanner, out: ByteWriter, { tag, keyEnd, next }: Long): void => {
  const key = input.at + openBytes;
  const start = keyEnd + middleBytes + textBytes;
  const stop = next - 3;
  const valueBytes = delimitedBytes(stop - start);
  out.small(tag);
  out.small(delimitedBytes(keyEnd - key) + delimitedBytes(valueBytes));
  out.delimited(keyTag, input, key, keyEnd);
  out.small(valueTag);
  out.small(valueBytes);
  out.delimited(stringTag, input, start, stop);
};

/** Bytes of a field with a tag of one byte. */
const delimitedBytes = (length: number): number => 1 + lengthBytes(length) + length;

/** Writes the integer of a few digits; returns the position behind the attribute, or `none`. */
const integerEnd = (input: JsonScanner, out: ByteWriter, keyEnd: number): number => {
  const { view, bytes, end } = input;
  const name = keyEnd + middleBytes;
  let at = name + integerBytes;
  if (view.getInt32(name + 4, true) !== integer1) return none;
  if (view.getInt32(at - 4, true) !== integer2) return none;
  const quotes = byteAt(bytes, at) === quote ? 1 : 0;
  at += quotes;
  const start = at;
  let value = 0;
  let digit = byteAt(bytes, at) - zero;
  while (digit >= 0 && digit <= 9 && at - start < digitsMax) {
    value = value * 10 + digit;
    at += 1;
    digit = byteAt(bytes, at) - zero;
  }
  const close = at + quotes;
  if (at === start || close + 2 > end || !isClosed(bytes, close)) return none;
  if (quotes === 1 && byteAt(bytes, at) !== quote) return none;
  // Only in a string may a number begin with zeros.
  if (quotes === 0 && at > start + 1 && byteAt(bytes, start) === zero) return none;
  out.small(valueTag);
  out.small(1 + lengthBytes(value));
  out.small(intTag);
  out.small(value);
  return close + 2;
};

const isClosed = (bytes: Uint8Array, at: number): boolean =>
  byteAt(bytes, at) === closeObject && byteAt(bytes, at + 1) === closeObject;
