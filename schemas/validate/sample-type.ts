// What an attribute's value is, as one of the sample types: an array is read as far as the types
// of its elements. Bytes are well formed already (check-message.ts).
import { attributeStride, attributeWord, valueType } from "../otlp/attribute-table.ts";
import { byteAt, delimitedStart, skipValue, tagSize, varintLow } from "../otlp/wire.ts";
import { sampleType } from "../weaver/table-layout.ts";

const { string, double, emptyArray, strings, ints, doubles, mixedArray, none } = sampleType;
const { boolean, int } = sampleType;
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
typeOfTag[0x32] = sampleType.list;
typeOfTag[0x3a] = sampleType.bytes;

/** Type of an AnyValue by its last member that is set. */
const valueTypeOf = (bytes: Uint8Array, start: number, end: number): number => {
  let type: number = none;
  let at = start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    if (size < 0) return none;
    const tag = varintLow(bytes, at) >>> 0;
    const found = tag < 128 ? (typeOfTag[tag] as number) : none;
    if (found !== none) type = found;
    at = skipValue(bytes, at + size, end, tag & 7);
    if (at < 0) return none;
  }
  return type;
};

/** Ints among doubles are doubles: senders write 1.0 as an int. */
const joined = (type: number, found: number): number => {
  if (type === found) return type;
  const areNumbers = type === ints || type === doubles;
  return areNumbers && (found === ints || found === doubles) ? doubles : mixedArray;
};

/** Type of an ArrayValue's message bytes[start, end). */
const arrayTypeOf = (bytes: Uint8Array, start: number, end: number): number => {
  let type: number = emptyArray;
  let at = start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    if (size < 0) return mixedArray;
    const tag = varintLow(bytes, at) >>> 0;
    const next = skipValue(bytes, at + size, end, tag & 7);
    if (next < 0) return mixedArray;
    if (tag === elementTag) {
      const element = valueTypeOf(bytes, delimitedStart(bytes, at + size, end), next);
      const isPlain = element >= string && element <= double;
      const found = isPlain ? strings + element - string : mixedArray;
      type = type === emptyArray ? found : joined(type, found);
    }
    at = next;
  }
  return type;
};

/** The sample type of a row of an AttributeTable. */
export const sampleTypeAt = (bytes: Uint8Array, rows: Int32Array, index: number): number => {
  const row = index * stride;
  const type = rows[row + word.valueType] as number;
  if (type !== valueOf.array) return type;
  const start = rows[row + word.valueStart] as number;
  return arrayTypeOf(bytes, start, rows[row + word.valueEnd] as number);
};

/** Whether bytes[start, end) is one varint, whatever its value. */
export const isWholeVarint = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end - 1; at += 1) if (byteOf(bytes, at) < 128) return false;
  return end > start && end - start <= 10 && byteOf(bytes, end - 1) < 128;
};
