// The sampling facts of a log record, which has no tracestate: the attributes `sampling.threshold`
// (digits as of `th`) and `sampling.randomness` (14 digits), as the OpenTelemetry Collector writes
// them. One that cannot be read, or stands twice, counts as absent and is left out on output.
import type { ByteWriter } from "../otlp/byte-writer.ts";
import { delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "../otlp/wire.ts";
import type { Bits56 } from "./threshold.ts";
import { bits56, digitsMax, readDigits, writeAllDigits, writeDigits } from "./threshold.ts";

const utf8 = new TextEncoder();
const thresholdKey = utf8.encode("sampling.threshold");
const randomnessKey = utf8.encode("sampling.randomness");

const attributeTag = tagOf(6, wireType.delimited);
const keyTag = tagOf(1, wireType.delimited);
const valueTag = tagOf(2, wireType.delimited);
const stringTag = tagOf(1, wireType.delimited);

const mark = { none: 0, threshold: 1, randomness: 2 } as const;

/** Marks of one record that are remembered by place; more of them only make it unclean. */
const marksMax = 8;

const equals = (bytes: Uint8Array, start: number, key: Uint8Array): boolean => {
  for (let i = 0; i < key.length; i += 1) if (bytes[start + i] !== key[i]) return false;
  return true;
};

/** Which mark a key is. */
const markOf = (bytes: Uint8Array, start: number, end: number): number => {
  const size = end - start;
  if (size === thresholdKey.length && equals(bytes, start, thresholdKey)) return mark.threshold;
  if (size === randomnessKey.length && equals(bytes, start, randomnessKey)) return mark.randomness;
  return mark.none;
};

/** Length of the shortest mark's key: a shorter key is none. */
const keyBytesMin = Math.min(thresholdKey.length, randomnessKey.length);
const keyBytesMax = Math.max(thresholdKey.length, randomnessKey.length);

/** One per thread, reused. */
export class LogMarks {
  readonly threshold: Bits56 = bits56();
  hasThreshold = false;
  readonly randomness: Bits56 = bits56();
  hasRandomness = false;
  /** Attributes with a key of these two, good or bad. */
  count = 0;
  /** False when one of them is left out on output. */
  isClean = true;
  #bytes: Uint8Array = utf8.encode("");
  /** Start and end of the mark attributes' fields. */
  readonly #fields = new Int32Array(2 * marksMax);
  #thresholds = 0;
  #randomnesses = 0;
  #valueStart = 0;
  #valueEnd = 0;

  /** Reads the attributes in bytes[start, end) of a scanned record: its first to its last. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.count = 0;
    this.#thresholds = 0;
    this.#randomnesses = 0;
    this.hasThreshold = false;
    this.hasRandomness = false;
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const next = size < 0 ? size : skipValue(bytes, at + size, end, (bytes[at] as number) & 7);
      // The scanner has proved the fields; only a caller's wrong range ends here.
      if (next < 0) break;
      if (varintLow(bytes, at) === attributeTag) this.#attribute(at, at + size, next);
      at = next;
    }
    this.hasThreshold &&= this.#thresholds === 1;
    this.hasRandomness &&= this.#randomnesses === 1;
    const isThresholdGood = this.hasThreshold === this.#thresholds > 0;
    this.isClean = isThresholdGood && this.hasRandomness === this.#randomnesses > 0;
  }

  /** Writes both as attribute fields; without randomness only the threshold. */
  write(out: ByteWriter, threshold: Readonly<Bits56>, randomness: Readonly<Bits56> | null): void {
    writeMark(out, thresholdKey, (bytes, at) => writeDigits(bytes, at, threshold));
    if (randomness === null) return;
    writeMark(out, randomnessKey, (bytes, at) => writeAllDigits(bytes, at, randomness));
  }

  /**
   * Writes the record's message, bytes[start, end), without its marks. False when it has too many
   * of them to know their places; then nothing was written.
   */
  writeWithout(out: ByteWriter, start: number, end: number): boolean {
    if (this.count > marksMax) return false;
    out.reserve(end - start);
    let from = start;
    for (let i = 0; i < this.count; i += 1) {
      this.#copy(out, from, this.#fields[2 * i] as number);
      from = this.#fields[2 * i + 1] as number;
    }
    this.#copy(out, from, end);
    return true;
  }

  #copy(out: ByteWriter, start: number, end: number): void {
    out.bytes.set(this.#bytes.subarray(start, end), out.to);
    out.to += end - start;
  }

  #attribute(fieldStart: number, lengthAt: number, end: number): void {
    const bytes = this.#bytes;
    const start = delimitedStart(bytes, lengthAt, end);
    // The usual attribute begins with its key, which is another one: nothing more to look at.
    if (bytes[start] === keyTag && start + 1 < end) {
      const size = bytes[start + 1] as number;
      if (size < keyBytesMin || (size > keyBytesMax && size < 128)) return;
    }
    const kind = this.#keyValue(start, end);
    if (kind === mark.none) return;
    if (this.count < marksMax) {
      this.#fields[2 * this.count] = fieldStart;
      this.#fields[2 * this.count + 1] = end;
    }
    this.count += 1;
    if (kind === mark.threshold) {
      this.#thresholds += 1;
      this.hasThreshold = this.#readValue(this.threshold, 1);
    } else {
      this.#randomnesses += 1;
      this.hasRandomness = this.#readValue(this.randomness, digitsMax);
    }
  }

  /** Finds the value of an attribute that is a mark. */
  #keyValue(start: number, end: number): number {
    const bytes = this.#bytes;
    let kind: number = mark.none;
    this.#valueStart = 0;
    this.#valueEnd = 0;
    for (let at = start; at < end;) {
      const size = tagSize(bytes, at, end);
      if (size < 0) return mark.none;
      const tag = varintLow(bytes, at);
      const next = skipValue(bytes, at + size, end, tag & 7);
      if (next < 0) return mark.none;
      if (tag === keyTag) kind = markOf(bytes, delimitedStart(bytes, at + size, next), next);
      else if (tag === valueTag) {
        this.#valueStart = delimitedStart(bytes, at + size, next);
        this.#valueEnd = next;
      }
      at = next;
    }
    return kind;
  }

  /** The value is an AnyValue with a short string and nothing else. */
  #readValue(into: Bits56, digitsMin: number): boolean {
    const bytes = this.#bytes;
    const start = this.#valueStart;
    const count = this.#valueEnd - start - 2;
    if (count < digitsMin || bytes[start] !== stringTag || bytes[start + 1] !== count) return false;
    return readDigits(bytes, start + 2, this.#valueEnd, into);
  }
}

type WriteDigits = (bytes: Uint8Array, at: number) => number;

const writeMark = (out: ByteWriter, key: Uint8Array, digits: WriteDigits): void => {
  const attribute = out.open(attributeTag);
  const text = out.open(keyTag);
  out.reserve(key.length);
  out.bytes.set(key, out.to);
  out.to += key.length;
  out.close(text);
  const value = out.open(valueTag);
  const string = out.open(stringTag);
  out.reserve(digitsMax);
  out.to = digits(out.bytes, out.to);
  out.close(string);
  out.close(value);
  out.close(attribute);
};
