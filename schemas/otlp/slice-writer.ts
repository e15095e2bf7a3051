// Writes messages that are made of slices of one request. Within one array bytes are copied without
// a view of them (copyWithin), in half the time and with nothing left behind: so what is small is
// written into a page, behind a copy of the request, and taken from there at the end.
import { writeLength } from "./wire.ts";

/** A request that is larger with its messages is copied without the page, which is kept. */
const pageBytesMax = 512 << 10;
/** Up to this many other bytes a loop is faster than a view and `set`. */
const loopBytesMax = 32;
const nothing = new Uint8Array(0);

/** One per thread and purpose, reused: `begin`, then what is written in order, then `end`. */
export class SliceWriter {
  #source: Uint8Array = nothing;
  #page: Uint8Array<ArrayBuffer> = nothing;
  #isPaged = false;
  #out: Uint8Array<ArrayBuffer> = nothing;
  #start = 0;
  #to = 0;

  /** Makes room for exactly so many bytes, of slices of `source` and others. */
  begin(source: Uint8Array, bytes: number): void {
    const pageBytes = source.byteLength + bytes;
    this.#source = source;
    this.#isPaged = pageBytes <= pageBytesMax;
    this.#start = this.#isPaged ? source.byteLength : 0;
    this.#to = this.#start;
    if (!this.#isPaged) {
      this.#out = new Uint8Array(bytes);
      return;
    }
    if (this.#page.byteLength < pageBytes)
      this.#page = new Uint8Array(Math.min(2 * pageBytes, pageBytesMax));
    this.#page.set(source);
    this.#out = this.#page;
  }

  /** What was written, in an array of its own. */
  end(): Uint8Array<ArrayBuffer> {
    const out = this.#out;
    this.#out = nothing;
    this.#source = nothing;
    return this.#isPaged ? out.slice(this.#start, this.#to) : out;
  }

  /** A tag of one byte, and the length of what is written next. */
  head(tag: number, length: number): void {
    this.#out[this.#to] = tag;
    this.#to = writeLength(this.#out, this.#to + 1, length);
  }

  /** Source bytes [start, end). */
  copy(start: number, end: number): void {
    if (this.#isPaged) this.#out.copyWithin(this.#to, start, end);
    else this.#out.set(this.#source.subarray(start, end), this.#to);
    this.#to += end - start;
  }

  /** Other bytes, from[start, end). */
  add(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > loopBytesMax) this.#out.set(from.subarray(start, end), this.#to);
    else for (let i = 0; i < length; i += 1) this.#out[this.#to + i] = from[start + i] as number;
    this.#to += length;
  }
}
