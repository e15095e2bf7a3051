// The plain twin of the message ring: an array of messages and arithmetic on their sizes. It must
// accept, refuse and drop exactly what the ring does, and it is too simple to be wrong.
import type { RingPolicy } from "../../engine/ring/ring-control-layout.ts";

export type Message = {
  readonly type: number;
  readonly stampUs: number;
  readonly priority: number;
  readonly payload: Uint8Array;
};
/** `bytes` includes the header and the padding before it; padding alone has no message. */
type Entry = { message: Message | undefined; readonly bytes: number };

export class PlainMessageRing {
  readonly counts = { offered: 0, written: 0, read: 0, aborted: 0, full: [0, 0], oversize: [0, 0] };
  readonly oldest = [0, 0];
  readonly #entries: Entry[] = [];
  readonly #capacity: number;
  readonly #policy: RingPolicy;
  #position: number;
  #unpublished = 0;
  #readEntries = 0;

  constructor(capacity: number, policy: RingPolicy, position: number) {
    this.#capacity = capacity;
    this.#policy = policy;
    this.#position = position;
  }

  /** Messages that are in the ring, published or not. */
  get held(): number {
    return this.#entries.filter((entry) => entry.message !== undefined).length;
  }
  get published(): number {
    const end = this.#entries.length - this.#unpublished;
    return this.#entries.slice(0, end).filter((entry) => entry.message !== undefined).length;
  }

  /** False: refused. With `keep` false the claim is aborted. */
  write(message: Message, keep: boolean): boolean {
    this.counts.offered += 1;
    if (message.payload.length > this.#capacity / 8) {
      this.counts.oversize[message.priority]! += 1;
      return false;
    }
    const size = Math.ceil((16 + message.payload.length) / 8) * 8;
    const rest = this.#capacity - (this.#position & (this.#capacity - 1));
    // A ring at the very end has wrapped when it next claims; nothing is padded.
    const padding = size > rest ? rest : 0;
    if (this.#used() + size + padding > this.#capacity && !this.#clear(size + padding)) {
      if (this.#policy === "block") this.counts.offered -= 1;
      else this.counts.full[message.priority]! += 1;
      return false;
    }
    if (padding > 0) this.#push({ message: undefined, bytes: padding });
    this.#push({ message: keep ? message : undefined, bytes: size });
    if (!keep) this.counts.aborted += 1;
    return true;
  }

  publish(): void {
    const fresh = this.#entries.slice(this.#entries.length - this.#unpublished);
    this.counts.written += fresh.filter((entry) => entry.message !== undefined).length;
    this.#unpublished = 0;
  }

  /** The oldest published message, or undefined. Its space stays taken until it is released. */
  read(): Message | undefined {
    const end = this.#entries.length - this.#unpublished;
    for (; this.#readEntries < end; this.#readEntries += 1) {
      const message = this.#entries[this.#readEntries]?.message;
      if (message === undefined) continue;
      this.#readEntries += 1;
      this.counts.read += 1;
      return message;
    }
    return undefined;
  }

  /** Gives back everything read and the padding behind it, `bytes` in all, or throws. */
  release(bytes: number): void {
    let left = bytes;
    while (left > 0 && (this.#readEntries > 0 || this.#entries[0]?.message === undefined)) {
      left -= this.#entries.shift()?.bytes ?? Infinity;
      this.#readEntries -= 1;
    }
    if (left !== 0 || this.#readEntries > 0)
      throw new Error(`${bytes} bytes are not what was read`);
    this.#readEntries = 0;
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#unpublished += 1;
    this.#position = (this.#position + entry.bytes) | 0;
  }

  #used(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  #clear(needed: number): boolean {
    if (this.#policy !== "drop-oldest") return false;
    this.publish();
    const wanted = Math.max(needed, this.#capacity / 8);
    while (this.#used() + wanted > this.#capacity) {
      const message = this.#entries.shift()?.message;
      if (message !== undefined) this.oldest[message.priority]! += 1;
    }
    return true;
  }
}
