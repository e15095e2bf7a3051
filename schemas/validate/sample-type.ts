// What an attribute's value is, as one of the sample types, to us and to Weaver: an array is read as
// far as the types of its elements. Bytes are well formed already (check-message.ts).
import { attributeStride, attributeWord, valueType } from "../otlp/attribute-table.ts";
import { byteAt, delimitedStart, skipValue, tagSize, varintLow } from "../otlp/wire.ts";
import { sampleType } from "../weaver/table-layout.ts";

const { string, double, emptyArray, strings, ints, doubles, mixedArray, none } = sampleType;
const { boolean, int, list, bytes: bytesType } = sampleType;
// Names of this module's own: an imported one is loaded and looked at anew at each use.
const word = attributeWord;
const stride = attributeStride;
const valueOf = valueType;
const byteOf = byteAt;

const elementTag = 0x0a;

const typeOfTag = new Uint8Array(128);
typeOfTag[0x0a] = string;
typeOfTag[0x10] = boolean;
typeOfTag[0x18] = int;
typeOfTag[0x21] = double;
typeOfTag[0x2a] = mixedArray;
typeOfTag[0x32] = list;
typeOfTag[0x3a] = bytesType;

/** Offset of the last member of an AnyValue that is set, or -1. */
const memberAt = (bytes: Uint8Array, start: number, end: number): number => {
  let found = -1;
  let at = start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    if (size < 0) return -1;
    const tag = varintLow(bytes, at) >>> 0;
    if (tag < 128 && typeOfTag[tag] !== none) found = at;
    at = skipValue(bytes, at + size, end, tag & 7);
    if (at < 0) return -1;
  }
  return found;
};

/** Type of an AnyValue in an array; `none` = as if it were not there. */
type ElementType = (bytes: Uint8Array, start: number, end: number) => number;

/** One that has no value is an element all the same. */
const elementType: ElementType = (bytes, start, end) => {
  const at = memberAt(bytes, start, end);
  return at < 0 ? mixedArray : (typeOfTag[varintLow(bytes, at)] as number);
};

/** Infinity and what is no number: all bits of the exponent are set. */
const isFiniteAt = (bytes: Uint8Array, at: number): boolean =>
  (byteOf(bytes, at + 7) & 0x7f) !== 0x7f || (byteOf(bytes, at + 6) & 0xf0) !== 0xf0;

/** Weaver leaves out maps, bytes, and what is not finite, which JSON has no word for. */
const weaverElementType: ElementType = (bytes, start, end) => {
  const at = memberAt(bytes, start, end);
  const type = at < 0 ? none : (typeOfTag[varintLow(bytes, at)] as number);
  if (type === list || type === bytesType) return none;
  return type === double && !isFiniteAt(bytes, at + tagSize(bytes, at, end)) ? none : type;
};

/** Ints among doubles are doubles: senders write 1.0 as an int. */
const joined = (type: number, found: number): number => {
  if (type === found) return type;
  const areNumbers = type === ints || type === doubles;
  return areNumbers && (found === ints || found === doubles) ? doubles : mixedArray;
};

/** Type of an ArrayValue's message bytes[start, end). */
const arrayTypeOf = (
  bytes: Uint8Array,
  start: number,
  end: number,
  typeOf: ElementType,
): number => {
  let type: number = emptyArray;
  let at = start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    if (size < 0) return mixedArray;
    const tag = varintLow(bytes, at) >>> 0;
    const next = skipValue(bytes, at + size, end, tag & 7);
    if (next < 0) return mixedArray;
    const isElement = tag === elementTag;
    const element = isElement ? typeOf(bytes, delimitedStart(bytes, at + size, end), next) : none;
    if (element !== none) {
      const isPlain = element >= string && element <= double;
      const found = isPlain ? strings + element - string : mixedArray;
      type = type === emptyArray ? found : joined(type, found);
    }
    at = next;
  }
  return type;
};

/** The sample type of a row of an AttributeTable. */
export type SampleTypeAt = (bytes: Uint8Array, rows: Int32Array, index: number) => number;

export const sampleTypeAt: SampleTypeAt = (bytes, rows, index) => {
  const row = index * stride;
  const type = rows[row + word.valueType] as number;
  if (type !== valueOf.array) return type;
  const start = rows[row + word.valueStart] as number;
  return arrayTypeOf(bytes, start, rows[row + word.valueEnd] as number, elementType);
};

/** The same to Weaver, which has fewer types: what has none of them is `none`, and any will do. */
export const weaverTypeAt: SampleTypeAt = (bytes, rows, index) => {
  const row = index * stride;
  const type = rows[row + word.valueType] as number;
  const start = rows[row + word.valueStart] as number;
  if (type === valueOf.list || type === valueOf.bytes) return none;
  if (type === valueOf.double) return isFiniteAt(bytes, start) ? type : none;
  if (type !== valueOf.array) return type;
  const end = rows[row + word.valueEnd] as number;
  const found = arrayTypeOf(bytes, start, end, weaverElementType);
  return found === emptyArray || found === mixedArray ? none : found;
};

/** Whether bytes[start, end) is one varint, whatever its value. */
export const isWholeVarint = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end - 1; at += 1) if (byteOf(bytes, at) < 128) return false;
  return end > start && end - start <= 10 && byteOf(bytes, end - 1) < 128;
};
