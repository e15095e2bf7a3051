// A stream of chunks, read by numbers of bytes: what is looked for may be parted anywhere.

/** Reads one stream; chunks are passed on as they come, as views. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** What comes next, not taken: `count` bytes or more, at the end of the stream fewer. */
  async peek(count: number): Promise<DataView> {
    while (this.#held.length < count && (await this.#tryHoldMore()));
    const { buffer, byteOffset, byteLength } = this.#held;
    return new DataView(buffer, byteOffset, byteLength);
  }

  /** Takes `count` bytes, at the end of the stream fewer. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#held.length === 0 && !(await this.#tryHoldMore())) return;
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** Takes all that is left. */
  rest(): AsyncGenerator<Uint8Array> {
    return this.take(Number.POSITIVE_INFINITY);
  }

  async #tryHoldMore(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}
