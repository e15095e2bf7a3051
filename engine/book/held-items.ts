// Deltas waiting for a snapshot, as bytes, oldest first. Bounded: when full the oldest are
// dropped and counted, because a later snapshot needs the newest. Not a ring between threads.

const bytesFirst = 1 << 14;
const lengthBytes = 4;

/** Limit of one book's buffer when nothing else is asked for; holds minutes of a busy symbol. */
export const heldBytesDefault = 2 * 1024 * 1024;

/** `bytesMax` must hold at least one item. Market thread only. */
export class HeldItems {
  readonly #bytesMax: number;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  #dropped = 0;

  constructor(bytesMax: number = heldBytesDefault) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Items dropped so far because the buffer was full, or because one is larger than it. */
  get dropped(): number {
    return this.#dropped;
  }

  /** View, first and end byte of the oldest item; only when not empty, until the next `add`. */
  get view(): DataView {
    return this.#view;
  }

  get itemStart(): number {
    return this.#start + lengthBytes;
  }

  get itemEnd(): number {
    return this.itemStart + this.#view.getUint32(this.#start, true);
  }

  /** Forgets the oldest item. */
  shift(): void {
    this.#start = this.itemEnd;
    if (this.#start === this.#end) this.clear();
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Copies the bytes [start, end) to the end. */
  add(view: DataView, start: number, end: number): void {
    const bytes = end - start;
    const need = lengthBytes + bytes;
    if (need > this.#bytesMax) {
      this.#dropped += 1;
      return;
    }
    if (this.#end + need > this.#bytes.length) this.#makeRoom(need);
    this.#view.setUint32(this.#end, bytes, true);
    this.#bytes.set(
      new Uint8Array(view.buffer, view.byteOffset + start, bytes),
      this.#end + lengthBytes,
    );
    this.#end += need;
  }

  // Drops a quarter at once, so that a full buffer is not moved for each item.
  #makeRoom(need: number): void {
    const limit = this.#bytesMax - need;
    if (this.#end - this.#start > limit) {
      const keep = Math.min(limit, (this.#bytesMax * 3) / 4);
      while (this.#end - this.#start > keep) {
        this.#start = this.itemEnd;
        this.#dropped += 1;
      }
    }
    const used = this.#end - this.#start;
    let capacity = Math.max(this.#bytes.length, bytesFirst);
    while (capacity < used + need) capacity *= 2;
    const into =
      capacity > this.#bytes.length
        ? new Uint8Array(Math.min(capacity, this.#bytesMax))
        : this.#bytes;
    into.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = into;
    this.#view = new DataView(into.buffer);
    this.#start = 0;
    this.#end = used;
  }
}
