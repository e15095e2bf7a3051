// A message as the object that OTLP/JSON shows: ids in lower-case hex, other bytes in base64, 64-bit
// integers as decimal text, enums as integers. For files, tools and messages to people; the hot path
// stays with offsets. Fields that are absent stay absent.
import { scanCodeText } from "./limits.ts";
import type { Field, MessageType } from "./messages.ts";
import { byteAt, delimitedStart, skipValue, tagSize, varintHigh, varintLow } from "./wire.ts";
import { wireType } from "./wire.ts";

type JsonValue = string | number | boolean | JsonObject | readonly JsonValue[];
/** An object of JSON; 64-bit integers are decimal texts, ids are hex. */
export type JsonObject = { [name: string]: JsonValue };

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** bytes[start, end) as text; what is no UTF-8 becomes U+FFFD. */
export const textAt = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end));

/** bytes[start, end) in lower-case hex. */
export const hexAt = (bytes: Uint8Array, start: number, end: number): string => {
  let text = "";
  for (let at = start; at < end; at += 1) text += byteAt(bytes, at).toString(16).padStart(2, "0");
  return text;
};

const base64At = (bytes: Uint8Array, start: number, end: number): string => {
  let text = "";
  for (let at = start; at < end; at += 3) {
    const count = Math.min(3, end - at);
    const second = count > 1 ? byteAt(bytes, at + 1) : 0;
    const third = count > 2 ? byteAt(bytes, at + 2) : 0;
    const word = (byteAt(bytes, at) << 16) | (second << 8) | third;
    for (let i = 0; i < 4; i += 1) {
      text += i <= count ? alphabet.charAt((word >>> (18 - 6 * i)) & 63) : "=";
    }
  }
  return text;
};

/** A 64-bit integer in two words as decimal text. */
export const decimalOf = (high: number, low: number, signed: boolean): string => {
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return (signed ? BigInt.asIntN(64, value) : value).toString();
};

const eightBytes = new DataView(new ArrayBuffer(8));

const doubleOf = (high: number, low: number): number | string => {
  eightBytes.setInt32(0, low, true);
  eightBytes.setInt32(4, high, true);
  const value = eightBytes.getFloat64(0, true);
  // JSON has no other way to write these.
  return Number.isFinite(value) && !Object.is(value, -0) ? value : textOfDouble(value);
};

const textOfDouble = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

const wordAt = (bytes: Uint8Array, at: number): number =>
  byteAt(bytes, at) |
  (byteAt(bytes, at + 1) << 8) |
  (byteAt(bytes, at + 2) << 16) |
  (byteAt(bytes, at + 3) << 24);

const varintOf = (kind: Field["kind"], low: number, high: number): JsonValue => {
  if (kind === "bool") return (low | high) !== 0;
  if (kind === "enum") return low;
  if (kind === "uint32") return low >>> 0;
  if (kind === "sint32") return (low >>> 1) ^ -(low & 1);
  return decimalOf(high, low, kind === "int64");
};

/** One number at `at`. */
const numberAt = (bytes: Uint8Array, at: number, field: Field): JsonValue => {
  const { kind } = field;
  const wire = field.elementTag & 7;
  if (wire === wireType.varint) return varintOf(kind, varintLow(bytes, at), varintHigh(bytes, at));
  const low = wordAt(bytes, at);
  if (wire === wireType.fixed32) return low >>> 0;
  const high = wordAt(bytes, at + 4);
  return kind === "double" ? doubleOf(high, low) : decimalOf(high, low, kind === "sfixed64");
};

/**
 * The message bytes[start, end), which `MessageCheck` has found good.
 * @throws RangeError for bytes that are no message, where it comes upon that: it checks nothing else.
 */
export const readMessage = (
  bytes: Uint8Array,
  start: number,
  end: number,
  type: MessageType,
): JsonObject => readInto({}, bytes, start, end, type);

const readInto = (
  ...[object, bytes, start, end, type]: [JsonObject, Uint8Array, number, number, MessageType]
): JsonObject => {
  let at = start;
  while (at < end) {
    const tag = varintLow(bytes, at) >>> 0;
    at += checked(tagSize(bytes, at, end), at);
    const next = checked(skipValue(bytes, at, end, tag & 7), at);
    const field = tag < type.byTag.length ? type.byTag[tag] : undefined;
    if (field !== undefined) {
      const before = field.repeated ? undefined : (object[field.name] as JsonObject | undefined);
      put(object, field, type, valuesAt(bytes, at, next, tag, field, before));
    }
    at = next;
  }
  return object;
};

/** A position or size; a refusal among them would lead back, round and round. */
const checked = (found: number, at: number): number => {
  if (found >= 0) return found;
  throw new RangeError(`byte ${at}: ${scanCodeText(-found)}: let MessageCheck look first`);
};

/** The values of one field as it stands: one, or for a packed field any number. */
const valuesAt = (
  ...[bytes, at, next, tag, field, before]: [
    ...[Uint8Array, number, number, number],
    ...[Field, JsonObject | undefined],
  ]
): JsonValue[] => {
  if ((tag & 7) !== wireType.delimited) return [numberAt(bytes, at, field)];
  const start = delimitedStart(bytes, at, next);
  const { kind, type } = field;
  // A repeated singular message merges: it is read into the one before (Status).
  if (type !== null) return [readInto(before ?? {}, bytes, start, next, type)];
  if (kind === "text") return [textAt(bytes, start, next)];
  if (kind === "bytes") return [base64At(bytes, start, next)];
  if (kind === "id16" || kind === "id8") return [hexAt(bytes, start, next)];
  const values: JsonValue[] = [];
  for (let p = start; p < next; p = checked(skipValue(bytes, p, next, field.elementTag & 7), p)) {
    values.push(numberAt(bytes, p, field));
  }
  return values;
};

/** Set or not is the same for a field without presence: it is left out, as JSON leaves it out. */
const isDefault = (value: JsonValue, { kind }: Field): boolean =>
  // "0" is a number of 64 bits, but a text like any other.
  value === "" || value === 0 || value === false || (value === "0" && kind !== "text");

const put = (
  object: JsonObject,
  field: Field,
  type: MessageType,
  values: readonly JsonValue[],
): void => {
  if (field.oneof) {
    for (const other of type.fields) if (other.oneof) delete object[other.name];
  }
  const before = object[field.name];
  if (field.repeated) {
    if (Array.isArray(before)) (before as JsonValue[]).push(...values);
    else object[field.name] = [...values];
    return;
  }
  const [value] = values;
  if (value === undefined) return;
  if (!field.presence && field.type === null && isDefault(value, field)) {
    delete object[field.name];
    return;
  }
  object[field.name] = value;
};
