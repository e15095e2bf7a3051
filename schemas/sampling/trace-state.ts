// The sampling facts in a span's W3C tracestate, read and replaced as bytes:
//   vendor=value,ot=th:fd70a;rv:0123456789abcd;other:x,vendor2=value
// Only the member `ot` is looked into; of it only `th` and `rv`. What cannot be one of them (wrong
// digits, a key that stands twice, a part without a key, a member of more than 256 bytes) counts as
// absent and is left out when the state is written. Everything else is preserved in order.
import type { ByteWriter } from "../otlp/byte-writer.ts";
import {
  type Bits56,
  bits56,
  digitsMax,
  readDigits,
  writeAllDigits,
  writeDigits,
} from "./threshold.ts";

/** Bytes of the value of the member `ot`. */
const otBytesMax = 256;
/** List members of one tracestate, by W3C Trace Context. */
const membersMax = 32;

const comma = 0x2c;
const semicolon = 0x3b;
const colon = 0x3a;
const equals = 0x3d;
const space = 0x20;
const tab = 0x09;
const letter = { o: 0x6f, t: 0x74, h: 0x68, r: 0x72, v: 0x76 } as const;

const noBytes = new Uint8Array(0);
const isSpace = (byte: number): boolean => byte === space || byte === tab;

/** What a part of `ot` is. */
const part = { other: 0, threshold: 1, randomness: 2, malformed: 3 } as const;

/** One per thread, reused: `read` a state, then `write` its successor. */
export class TraceState {
  readonly threshold: Bits56 = bits56();
  hasThreshold = false;
  readonly randomness: Bits56 = bits56();
  hasRandomness = false;
  /** False when `write` leaves something out. */
  isClean = true;
  #bytes: Uint8Array = noBytes;
  #start = 0;
  /** -1 = nothing was read. */
  #end = -1;
  /** The value of the first member `ot`, which counts; 0, 0 = none. */
  #otStart = 0;
  #otEnd = 0;

  /** Must be called before an array is read whose bytes may be others than when it was read last. */
  forget(): void {
    this.#bytes = noBytes;
    this.#start = 0;
    this.#end = -1;
  }

  /** Reads the state bytes[start, end), which must stay unchanged until `write`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    const shift = start - this.#start;
    // Spans of one trace stand together and say the same.
    const isKnown = this.#isSame(bytes, start, end);
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    if (!isKnown) this.#readMembers(start, end);
    else if (this.#otStart > 0) {
      this.#otStart += shift;
      this.#otEnd += shift;
    }
  }

  /** True when the state that was read last is the same text. */
  #isSame(bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.#start;
    const size = end - start;
    if (bytes !== this.#bytes || size !== this.#end - before) return false;
    for (let i = 0; i < size; i += 1) if (bytes[start + i] !== bytes[before + i]) return false;
    return true;
  }

  #readMembers(start: number, end: number): void {
    this.#otStart = 0;
    this.#otEnd = 0;
    this.hasThreshold = false;
    this.hasRandomness = false;
    this.isClean = true;
    for (let at = start; at < end;) {
      const next = this.#indexOf(comma, at, end);
      const from = this.#trimmedStart(at, next);
      if (this.#isOt(from, next)) this.#takeOt(from, this.#trimmedEnd(from, next));
      at = next + 1;
    }
    if (this.#otEnd - this.#otStart > otBytesMax) {
      this.isClean = false;
      this.#otStart = 0;
      this.#otEnd = 0;
    }
    if (this.#otEnd > 0) this.#readParts();
  }

  /**
   * Writes the state with this threshold as its first member, and with this randomness when it is
   * given and the state has none. False when `ot` would exceed 256 bytes: then it is written with
   * neither, so that nobody trusts an old threshold.
   */
  write(
    out: ByteWriter,
    threshold: Readonly<Bits56>,
    randomness: Readonly<Bits56> | null,
  ): boolean {
    out.reserve(this.#end - this.#start + otBytesMax);
    const start = out.to;
    out.bytes.set([letter.o, letter.t, equals], start);
    const from = start + 3;
    out.to = from;
    key(out, letter.t, letter.h);
    out.to = writeDigits(out.bytes, out.to, threshold);
    if (randomness !== null && !this.hasRandomness) {
      byte(out, semicolon);
      key(out, letter.r, letter.v);
      out.to = writeAllDigits(out.bytes, out.to, randomness);
    }
    this.#writeParts(out);
    const fits = out.to - from <= otBytesMax;
    if (!fits) {
      out.to = from;
      this.#writeParts(out);
      // The separator that the first part was given.
      out.remove(from, from + 1);
    }
    this.#writeMembers(out);
    return fits;
  }

  #takeOt(from: number, end: number): void {
    // The first one is the latest, by W3C; another one is a fault of somebody before us.
    if (this.#otStart > 0) this.isClean = false;
    else {
      this.#otStart = from + 3;
      this.#otEnd = end;
    }
  }

  #isOt(from: number, end: number): boolean {
    const bytes = this.#bytes;
    if (end - from < 3 || bytes[from] !== letter.o) return false;
    return bytes[from + 1] === letter.t && bytes[from + 2] === equals;
  }

  #readParts(): void {
    const end = this.#otEnd;
    let thresholds = 0;
    let randomnesses = 0;
    for (let at = this.#otStart; at < end;) {
      const next = this.#indexOf(semicolon, at, end);
      const kind = this.#partOf(at, next);
      if (kind === part.malformed) this.isClean = false;
      if (kind === part.threshold) {
        thresholds += 1;
        this.hasThreshold = readDigits(this.#bytes, at + 3, next, this.threshold);
      } else if (kind === part.randomness) {
        randomnesses += 1;
        const isWhole = next - at - 3 === digitsMax;
        this.hasRandomness = isWhole && readDigits(this.#bytes, at + 3, next, this.randomness);
      }
      at = next + 1;
    }
    this.hasThreshold &&= thresholds === 1;
    this.hasRandomness &&= randomnesses === 1;
    if (this.hasThreshold !== thresholds > 0) this.isClean = false;
    if (this.hasRandomness !== randomnesses > 0) this.isClean = false;
  }

  #partOf(at: number, end: number): number {
    const bytes = this.#bytes;
    const keyEnd = this.#indexOf(colon, at, end);
    if (keyEnd === at || keyEnd === end) return part.malformed;
    if (keyEnd !== at + 2) return part.other;
    if (bytes[at] === letter.t && bytes[at + 1] === letter.h) return part.threshold;
    return bytes[at] === letter.r && bytes[at + 1] === letter.v ? part.randomness : part.other;
  }

  /** All parts but the threshold, each behind a semicolon. */
  #writeParts(out: ByteWriter): void {
    const end = this.#otEnd;
    for (let at = this.#otStart; at < end;) {
      const next = this.#indexOf(semicolon, at, end);
      const kind = this.#partOf(at, next);
      if (kind === part.other || (kind === part.randomness && this.hasRandomness)) {
        byte(out, semicolon);
        this.#copy(out, at, next);
      }
      at = next + 1;
    }
  }

  /** All members but `ot`, each behind a comma, as many as a state may have. */
  #writeMembers(out: ByteWriter): void {
    let members = 1;
    for (let at = this.#start; at < this.#end && members < membersMax;) {
      const next = this.#indexOf(comma, at, this.#end);
      const from = this.#trimmedStart(at, next);
      const end = this.#trimmedEnd(from, next);
      if (from < end && !this.#isOt(from, end)) {
        byte(out, comma);
        this.#copy(out, from, end);
        members += 1;
      }
      at = next + 1;
    }
  }

  #copy(out: ByteWriter, start: number, end: number): void {
    out.reserve(end - start);
    for (let at = start; at < end; at += 1) {
      out.bytes[out.to] = this.#bytes[at] as number;
      out.to += 1;
    }
  }

  #indexOf(wanted: number, start: number, end: number): number {
    let at = start;
    while (at < end && this.#bytes[at] !== wanted) at += 1;
    return at;
  }

  #trimmedStart(start: number, end: number): number {
    let at = start;
    while (at < end && isSpace(this.#bytes[at] as number)) at += 1;
    return at;
  }

  #trimmedEnd(start: number, end: number): number {
    let at = end;
    while (at > start && isSpace(this.#bytes[at - 1] as number)) at -= 1;
    return at;
  }
}

const byte = (out: ByteWriter, value: number): void => {
  out.reserve(1);
  out.bytes[out.to] = value;
  out.to += 1;
};

const key = (out: ByteWriter, first: number, second: number): void => {
  byte(out, first);
  byte(out, second);
  byte(out, colon);
};
