// Integers of OTLP/JSON into protobuf fields: which values a kind holds, and how each kind is
// written. Digits alone, nearly all there is, need no BigInt; `1e3` and `12.0` take the long way.
import type { ByteWriter } from "./byte-writer.ts";
import { type DecimalWords, integerOf, integerRanges, numberCharsMax } from "./json-number.ts";
import type { Field } from "./messages.ts";
import { wireType } from "./wire.ts";

const isOmitted = (field: Field): boolean => !field.presence && !field.repeated;

/** Whether the kind holds the value; a signed one is two's complement afterwards. */
const isInRange = (words: DecimalWords, kind: Field["kind"]): boolean => {
  if (kind === "int64" || kind === "sfixed64") return words.toSigned();
  const isZero = words.low === 0 && words.high === 0;
  if (kind === "fixed64" || kind === "uint64") return !words.isNegative || isZero;
  if (kind === "uint32" || kind === "fixed32") {
    return words.high === 0 && (!words.isNegative || isZero);
  }
  const limit = words.isNegative ? 0x8000_0000 : 0x7fff_ffff;
  return words.high === 0 && words.low <= limit && words.toSigned();
};

/** Writes the field with the value in `words`; false when its kind does not hold it. */
export const tryWriteWords = (out: ByteWriter, field: Field, words: DecimalWords): boolean => {
  const { kind, elementTag } = field;
  if (!isInRange(words, kind)) return false;
  if (words.low === 0 && words.high === 0 && isOmitted(field)) return true;
  if (!field.repeated) out.small(field.tag);
  const wire = elementTag & 7;
  if (wire === wireType.fixed64) out.fixedWords(words.low, words.high);
  else if (wire === wireType.fixed32) out.fixed32(words.low);
  // Zigzag of 32 bits: the sign goes to the lowest bit.
  else if (kind === "sint32") out.small(((words.low << 1) ^ (words.low >> 31)) >>> 0);
  else out.varintWords(words.low, words.high);
  return true;
};

/** The same for a number of any form; false when it is none or its kind does not hold it. */
export const tryWriteText = (out: ByteWriter, field: Field, text: string): boolean => {
  const { kind, elementTag } = field;
  const range = integerRanges[kind];
  const value = text.length <= numberCharsMax ? integerOf(text) : null;
  if (value === null || range === undefined || value < range.min || value > range.max) return false;
  if (value === 0n && isOmitted(field)) return true;
  if (!field.repeated) out.small(field.tag);
  const wire = elementTag & 7;
  if (wire === wireType.fixed64) out.fixed64(value);
  else if (wire === wireType.fixed32) out.fixed32(Number(value));
  else if (kind !== "sint32") out.varint(value);
  else out.varint(value < 0n ? -value * 2n - 1n : value * 2n);
  return true;
};
