// Cuts a stream of concatenated JSON objects into single ones, over chunks that end anywhere. It
// only counts braces outside of strings; whether an object is JSON is JSON.parse's to say. Strings
// are skipped by a native search, as nearly all bytes are base64.

/** The stream cannot be cut: the message says where and what was found. */
export class JsonStreamError extends Error {
  override name = "JsonStreamError";
}

const quote = 0x22;
const backslash = 0x5c;
const open = 0x7b;
const close = 0x7d;
const empty = Buffer.alloc(0);

export class JsonObjects {
  readonly #objectBytesMax: number;
  #rest: Buffer = empty;
  /** Where scanning goes on in `rest`, and in what state. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #cut = 0;

  /** An object above `objectBytesMax` is an error, so that a stream cannot fill the memory. */
  constructor(objectBytesMax: number) {
    this.#objectBytesMax = objectBytesMax;
  }

  /** The objects that are complete with this chunk, as text. @throws JsonStreamError */
  push(chunk: Buffer): string[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const objects: string[] = [];
    let start = this.#depth === 0 ? this.#at : 0;
    while (this.#at < bytes.length) {
      if (this.#inString) this.#skipString(bytes);
      else if (this.#step(bytes)) {
        objects.push(bytes.toString("utf8", start, this.#at));
        this.#cut += 1;
      }
      if (this.#depth === 0) start = this.#at;
    }
    this.#rest = bytes.subarray(start);
    this.#at -= start;
    if (this.#rest.length > this.#objectBytesMax) throw this.#tooLarge();
    return objects;
  }

  /** @throws JsonStreamError when an object is unfinished. */
  end(): void {
    if (this.#depth > 0) throw new JsonStreamError(`object ${this.#cut} is cut short`);
  }

  #tooLarge(): JsonStreamError {
    return new JsonStreamError(
      `object ${this.#cut} is larger than objectBytesMax=${this.#objectBytesMax}`,
    );
  }

  // To the byte after the closing quote, or to the end of the chunk.
  #skipString(bytes: Buffer): void {
    const end = bytes.indexOf(quote, this.#at);
    // What was read of the object is kept, so a quote in the next chunk can look back at it.
    this.#at = end < 0 ? bytes.length : end + 1;
    this.#inString = end < 0 || isEscaped(bytes, end);
  }

  /** One byte outside of strings; true when it closes an object. */
  #step(bytes: Buffer): boolean {
    const byte = bytes[this.#at] ?? 0;
    this.#at += 1;
    if (byte === open) this.#depth += 1;
    else if (this.#depth === 0) this.#between(byte);
    else if (byte === quote) this.#inString = true;
    else if (byte === close) {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }

  // White space only, between two objects.
  #between(byte: number): void {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return;
    const found = JSON.stringify(String.fromCharCode(byte));
    throw new JsonStreamError(`expected a JSON object as object ${this.#cut}, found ${found}`);
  }
}

const isEscaped = (bytes: Buffer, at: number): boolean => {
  let backslashes = 0;
  while (bytes[at - 1 - backslashes] === backslash) backslashes += 1;
  return backslashes % 2 === 1;
};
