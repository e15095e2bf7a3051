// The consuming end of a message ring: drains a batch into a handler and releases it with one atomic
// store. One reader per ring, on one thread. Under policy drop-oldest the writer may overwrite what
// nobody has taken: there the reader copies a batch, takes it by compare-exchange, and hands out the
// copies; a batch that the writer dropped meanwhile is never handed out.
import {
  alignmentBytes,
  copiesBytesOf,
  lengthAt,
  messageBytesMaxOf,
  paddingType,
  payloadIndex,
  recordBytes,
  stampAt,
  tagAt,
  typeOfTag,
} from "./message-ring-layout.ts";
import { messageRingShape } from "./message-ring.ts";
import { invariant, misuse, ringChecks } from "./ring-checks.ts";
import {
  controlBytes,
  count,
  publishedWord,
  raise,
  readCounter,
  readerParksCounter,
  readerSleepsWord,
  readerUsedHighCounter,
  readerWakesCounter,
  readWord,
  retakesCounter,
  writerSleepsWord,
} from "./ring-control-layout.ts";
import { park, parkAsync } from "./ring-parking.ts";
import type { Parking } from "./ring-parking.ts";

/** The payload is `reader.bytes[index .. index + length)`, valid until the handler returns. */
export type MessageHandler = (type: number, index: number, length: number, stampUs: number) => void;

/** A lost take is repeated with half the bytes, down to a single message, this often per drain. */
const takesMax = 8;

/** How much one take may copy: what is published, what the copies hold, what the caller asked. */
type Extent = { readonly used: number; readonly bytesMax: number; readonly limit: number };

/** Single consumer. All methods belong to the reader's thread. */
export class MessageRingReader {
  /** The whole memory; handlers get an index into it. Read only. */
  readonly bytes: Uint8Array;
  /** The whole memory. Read only. */
  readonly view: DataView;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;
  readonly #capacity: number;
  readonly #messageBytesMax: number;
  readonly #dropsOldest: boolean;
  readonly #parking: Parking;
  /** Where records are read: the ring, or the copies of a drop-oldest ring. */
  readonly #base: number;
  readonly #mask: number;
  /** The next record and the end of those known, as positions in ring or copies. */
  #position: number;
  #end: number;
  /** Messages in the last copy. */
  #copied = 0;
  #draining = false;

  /**
   * Attaches at the read position: what a dead reader had not released is read again. Under
   * drop-oldest what it had taken is gone, and counts as read: the writer had its space at once.
   */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    const { capacityBytes, policy } = messageRingShape(this.#words);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.#counters = new Float64Array(memory);
    this.#capacity = capacityBytes;
    this.#messageBytesMax = messageBytesMaxOf(capacityBytes);
    this.#dropsOldest = policy === "drop-oldest";
    this.#parking = {
      words: this.#words,
      sleepsWord: readerSleepsWord,
      positionWord: publishedWord,
    };
    this.#base = controlBytes + (this.#dropsOldest ? capacityBytes : 0);
    this.#mask = (this.#dropsOldest ? copiesBytesOf(capacityBytes) : capacityBytes) - 1;
    this.#position = this.#dropsOldest ? 0 : Atomics.load(this.#words, readWord);
    this.#end = this.#position;
    Atomics.store(this.#words, readerSleepsWord, 0);
  }

  /**
   * Hands up to `limit` messages to `handler`, oldest first, and returns how many. Their space is
   * released when all are handled, also when the handler throws (the message that it threw at counts
   * as read). Under block and drop-newest fewer than `limit` means that the ring was empty. Under
   * drop-oldest 0 can also mean that the writer was faster each time: `waitForMessages` tells.
   * @throws RangeError for a `limit` below 0 and for a call from a handler.
   */
  drain(handler: MessageHandler, limit: number): number {
    if (this.#draining) misuse("drain called from a handler");
    if (!(limit >= 0)) misuse(`limit=${limit} messages, 0 at least`);
    if (!this.#refill(limit)) return 0;
    const words = this.#words;
    const base = this.#base;
    const mask = this.#mask;
    const end = this.#end;
    let position = this.#position;
    let handled = 0;
    this.#draining = true;
    try {
      while (position !== end && handled < limit) {
        const at = base + (position & mask);
        const length = lengthAt(words, at);
        const type = typeOfTag(tagAt(words, at));
        position = (position + recordBytes(length)) | 0;
        if (type === paddingType) continue;
        handled += 1;
        handler(type, payloadIndex(at), length, stampAt(words, at));
      }
    } finally {
      this.#draining = false;
      this.#position = position;
      if (!this.#dropsOldest) this.#release(position, handled);
    }
    // Only padding was left of an earlier take: this is not yet an empty ring.
    if (handled === 0 && limit > 0 && this.#dropsOldest) return this.drain(handler, limit);
    return handled;
  }

  /** Blocks the thread until there is something to drain. False when the time is over first. */
  waitForMessages(timeoutMs: number): boolean {
    const published = Atomics.load(this.#words, publishedWord);
    if (this.#hasMessages(published)) return true;
    count(this.#counters, readerParksCounter, 1);
    return park(this.#parking, published, timeoutMs);
  }

  /** `waitForMessages` for a thread with an event loop. One wait at a time. */
  async waitForMessagesAsync(timeoutMs: number): Promise<boolean> {
    const published = Atomics.load(this.#words, publishedWord);
    if (this.#hasMessages(published)) return true;
    count(this.#counters, readerParksCounter, 1);
    return parkAsync(this.#parking, published, timeoutMs);
  }

  #hasMessages(published: number): boolean {
    if (this.#position !== this.#end) return true;
    return published !== Atomics.load(this.#words, readWord);
  }

  /** Looks for more records. False when there are none. */
  #refill(limit: number): boolean {
    if (this.#dropsOldest) return this.#position !== this.#end || this.#take(limit);
    const end = Atomics.load(this.#words, publishedWord);
    this.#end = end;
    const used = (end - this.#position) | 0;
    if (ringChecks) invariant(used >= 0 && used <= this.#capacity, `used=${used} bytes`);
    raise(this.#counters, readerUsedHighCounter, used);
    return used > 0;
  }

  #release(position: number, handled: number): void {
    count(this.#counters, readCounter, handled);
    Atomics.store(this.#words, readWord, position);
    if (Atomics.load(this.#words, writerSleepsWord) === 0) return;
    count(this.#counters, readerWakesCounter, 1);
    Atomics.notify(this.#words, readWord);
  }

  /** Drop-oldest: copies the oldest messages and takes them. False when there are none. */
  #take(limit: number): boolean {
    let bytesMax = this.#mask + 1;
    for (let takes = 0; takes < takesMax; takes += 1) {
      // In this order: the writer never drops beyond what it has published.
      const from = Atomics.load(this.#words, readWord);
      const used = (Atomics.load(this.#words, publishedWord) - from) | 0;
      if (used === 0) return false;
      raise(this.#counters, readerUsedHighCounter, Math.min(used, this.#capacity));
      const size = this.#copyOut(from, { used, bytesMax, limit });
      if (
        size > 0 &&
        Atomics.compareExchange(this.#words, readWord, from, (from + size) | 0) === from
      ) {
        this.#position = 0;
        this.#end = size;
        count(this.#counters, readCounter, this.#copied);
        if (this.#copied > 0) return true;
      } else {
        count(this.#counters, retakesCounter, 1);
        bytesMax >>= 1;
      }
    }
    return false;
  }

  /**
   * Copies whole records from `from` on, one at least, and returns their bytes. The writer may
   * overwrite them meanwhile: nothing read here counts before the take has succeeded, and a length
   * that makes no sense gives 0.
   */
  #copyOut(from: number, { used, bytesMax, limit }: Extent): number {
    const words = this.#words;
    const start = from & (this.#capacity - 1);
    const sizeMax = Math.min(used, this.#capacity - start);
    let size = 0;
    this.#copied = 0;
    while (size < sizeMax && this.#copied < limit) {
      const at = controlBytes + start + size;
      const length = lengthAt(words, at);
      const record = recordBytes(length);
      if (record < alignmentBytes || length > this.#messageBytesMax || size + record > sizeMax)
        return 0;
      if (size > 0 && size + record > bytesMax) break;
      if (typeOfTag(tagAt(words, at)) !== paddingType) this.#copied += 1;
      size += record;
    }
    this.bytes.copyWithin(this.#base, controlBytes + start, controlBytes + start + size);
    return size;
  }
}
