// A growing array that protobuf fields are written into. A nested message is written in place behind
// room for its length, and moved when the length turns out to need more or less than was guessed, so
// nothing is sized beforehand.
import { stopBits, stopIndex } from "./plain-text.ts";
import { byteAt, lengthBytes, writeLength } from "./wire.ts";

const bytesAtFirst = 1024;
const keptBytesMax = 1 << 20;
/** From here on `set` is faster than a loop. */
const longBytesMin = 256;

/** Of a tag and a length. */
const headBytesMax = 10;

/** Bytes with a view of the same. */
export type Viewed = { readonly bytes: Uint8Array; readonly view: DataView };

/** One per encoder, reused; `bytes` is valid up to `to`. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(bytesAtFirst);
  view: DataView = new DataView(this.bytes.buffer);
  to = 0;

  /** Makes room for this many bytes more. */
  reserve(count: number): void {
    if (this.to + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.to + count));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** A tag, or any other varint of up to 32 bits. */
  small(value: number): void {
    this.reserve(5);
    this.to = writeLength(this.bytes, this.to, value);
  }

  /** A varint of up to 64 bits; negative ones take ten bytes. */
  varint(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.bytes[this.to] = Number(rest & 127n) | 128;
      this.to += 1;
      rest >>= 7n;
    }
    this.bytes[this.to] = Number(rest);
    this.to += 1;
  }

  /** The same from two unsigned halves. */
  varintWords(low: number, high: number): void {
    if (high === 0 && low < 0x80) {
      this.small(low);
      return;
    }
    this.reserve(10);
    let rest = low;
    let upper = high;
    while (upper !== 0 || rest > 127) {
      this.bytes[this.to] = (rest & 127) | 128;
      this.to += 1;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.bytes[this.to] = rest;
    this.to += 1;
  }

  /** Eight bytes from two unsigned halves. */
  fixedWords(low: number, high: number): void {
    this.reserve(8);
    this.view.setUint32(this.to, low, true);
    this.view.setUint32(this.to + 4, high, true);
    this.to += 8;
  }

  fixed64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.to, BigInt.asUintN(64, value), true);
    this.to += 8;
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.to, value, true);
    this.to += 4;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.to, value, true);
    this.to += 8;
  }

  /** A length-delimited field of these bytes [start, end). */
  delimited(tag: number, from: Viewed, start: number, end: number): void {
    const length = end - start;
    this.reserve(length + headBytesMax);
    this.to = writeLength(this.bytes, writeLength(this.bytes, this.to, tag), length);
    if (length < longBytesMin) this.#copyWords(from, start, end);
    else this.bytes.set(from.bytes.subarray(start, end), this.to);
    this.to += length;
  }

  #copyWords({ bytes, view }: Viewed, start: number, end: number): void {
    const { bytes: out, view: outView } = this;
    const last = end - 4;
    let { to } = this;
    let at = start;
    for (; at <= last; at += 4, to += 4) outView.setInt32(to, view.getInt32(at, true), true);
    for (; at < end; at += 1, to += 1) out[to] = byteAt(bytes, at);
  }

  /**
   * Copies plain text up to what `plainEnd` would find, and returns where that is. The caller has
   * made room for all of [start, end).
   */
  plain(from: DataView, start: number, end: number): number {
    const { view, to } = this;
    const last = end - 4;
    const shift = to - start;
    let at = start;
    while (at <= last) {
      const word = from.getInt32(at, true);
      // A word with the end in it is written too: it is written over, or it is behind the end.
      view.setInt32(at + shift, word, true);
      const found = stopBits(word);
      if (found !== 0) {
        at += stopIndex(found);
        break;
      }
      at += 4;
    }
    this.to = at + shift;
    return at;
  }

  /** Begins a length-delimited field and guesses the bytes of its length; returns its start. */
  open(tag: number, guess = 1): number {
    this.small(tag);
    this.reserve(guess);
    this.to += guess;
    return this.to;
  }

  /** Ends the field whose `open` returned `start`; returns the bytes of its length. */
  close(start: number, guess = 1): number {
    const length = this.to - start;
    const size = lengthBytes(length);
    const shift = size - guess;
    if (shift !== 0) {
      this.reserve(size);
      this.bytes.copyWithin(start + shift, start, this.to);
      this.to += shift;
    }
    writeLength(this.bytes, start - guess, length);
    return size;
  }

  /**
   * What was written, as an array that the writer no longer touches: a small one is copied, a large
   * one is handed over, so that one large message does not occupy the writer for ever.
   */
  take(): Uint8Array<ArrayBuffer> {
    const { bytes, to } = this;
    const isKept = bytes.length <= keptBytesMax;
    const taken = isKept ? bytes.slice(0, to) : bytes.subarray(0, to);
    this.clear();
    return taken;
  }

  /** The same, valid until the next byte is written: a small one stays where it is. */
  lend(): Uint8Array<ArrayBuffer> {
    return this.bytes.length <= keptBytesMax ? this.bytes.subarray(0, this.to) : this.take();
  }

  /** Begins anew; what a large message occupied is given back. */
  clear(): void {
    this.to = 0;
    if (this.bytes.length <= keptBytesMax) return;
    this.bytes = new Uint8Array(bytesAtFirst);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Takes bytes [start, end) out. */
  remove(start: number, end: number): void {
    this.bytes.copyWithin(start, end, this.to);
    this.to -= end - start;
  }
}
