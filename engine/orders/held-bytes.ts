// Bytes of a file that came but are not read yet: records may be parted by chunks anywhere. Unlike
// cli/byte-reader.ts it waits for nothing: a reader takes what is there and comes back for more.

const bytesAtFirst = 1 << 17;

/** Grows to the largest record that its reader waits for, and one chunk. */
export class HeldBytes {
  #bytes = new Uint8Array(bytesAtFirst);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  #offset = 0;

  /** Offset of the first byte in its file. */
  get offset(): number {
    return this.#offset;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** The first byte stands at `start`. Valid until the next `push`. */
  get view(): DataView {
    return this.#view;
  }

  get start(): number {
    return this.#start;
  }

  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Lets go of that many bytes, all that are there at most. */
  take(count: number): void {
    const taken = Math.min(count, this.length);
    this.#start += taken;
    this.#offset += taken;
  }

  /** Forgets all: another file begins. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
    this.#offset = 0;
  }

  #makeRoom(bytes: number): void {
    const held = this.#bytes.subarray(this.#start, this.#end);
    if (held.length + bytes > this.#bytes.length / 2) {
      this.#bytes = new Uint8Array(2 * (held.length + bytes));
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(held);
    this.#start = 0;
    this.#end = held.length;
  }
}
