// The consuming end of a slot ring: look how many slots are readable, read them through typed arrays,
// release them with one atomic store. One reader per ring, on one thread. Under policy drop-oldest the
// writer may overwrite what nobody has taken: there `available` copies a run of slots and takes it
// by compare-exchange, and the indexes lead to the copies.
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
import { copiesBase, copySlotsOf } from "./slot-ring-layout.ts";
import { slotRingShape } from "./slot-ring.ts";

/** A lost take is repeated with half the slots, down to one, this often per call. */
const takesMax = 8;

/** Single consumer. All methods belong to the reader's thread. */
export class SlotRingReader {
  /** The whole memory, four ways; read only. `slotBase` returns an index into `bytes` and `view`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly slotBytes: number;
  readonly slots: number;
  readonly #dropsOldest: boolean;
  readonly #parking: Parking;
  /** Where slots are read: the ring, or the copies of a drop-oldest ring. */
  readonly #base: number;
  readonly #mask: number;
  /** The next slot and the end of those known, as positions in ring or copies. */
  #position: number;
  #end: number;

  /**
   * Attaches at the read position: what a dead reader had not released is read again. Under
   * drop-oldest what it had taken is gone, and counts as read: the writer had its space at once.
   */
  constructor(memory: SharedArrayBuffer) {
    this.i32 = new Int32Array(memory);
    const { slotBytes, slots, policy } = slotRingShape(this.i32);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.f64 = new Float64Array(memory);
    this.slotBytes = slotBytes;
    this.slots = slots;
    this.#dropsOldest = policy === "drop-oldest";
    this.#parking = { words: this.i32, sleepsWord: readerSleepsWord, positionWord: publishedWord };
    this.#base = this.#dropsOldest ? copiesBase(slots, slotBytes) : controlBytes;
    this.#mask = (this.#dropsOldest ? copySlotsOf(slots) : slots) - 1;
    this.#position = this.#dropsOldest ? 0 : Atomics.load(this.i32, readWord);
    this.#end = this.#position;
    Atomics.store(this.i32, readerSleepsWord, 0);
  }

  /**
   * Slots readable in one run, up to the wrap; 0 when the ring is empty. They stay valid until
   * released. Under drop-oldest 0 can also mean that the writer was faster each time: `waitForSlots`
   * tells.
   */
  available(): number {
    if (this.#position === this.#end) this.#refill();
    const known = (this.#end - this.#position) | 0;
    const run = this.#mask + 1 - (this.#position & this.#mask);
    return known < run ? known : run;
  }

  /** Byte index of readable slot number `offset`; the following ones are `slotBytes` apart. */
  slotBase(offset: number): number {
    if (ringChecks)
      invariant(offset < ((this.#end - this.#position) | 0), `offset=${offset} is not available`);
    return this.#base + ((this.#position & this.#mask) + offset) * this.slotBytes;
  }

  /**
   * Gives the first `slots` of those available back to the writer, with one atomic store.
   * @throws RangeError for more than were available.
   */
  release(slots: number): void {
    if (slots >>> 0 !== slots || slots > ((this.#end - this.#position) | 0))
      misuse(`slots=${slots} are not available`);
    this.#position = (this.#position + slots) | 0;
    if (this.#dropsOldest || slots === 0) return;
    const words = this.i32;
    count(this.f64, readCounter, slots);
    Atomics.store(words, readWord, this.#position);
    if (Atomics.load(words, writerSleepsWord) === 0) return;
    count(this.f64, readerWakesCounter, 1);
    Atomics.notify(words, readWord);
  }

  /** Blocks the thread until a slot is readable. False when the time is over first. */
  waitForSlots(timeoutMs: number): boolean {
    const published = Atomics.load(this.i32, publishedWord);
    if (this.#hasSlots(published)) return true;
    count(this.f64, readerParksCounter, 1);
    return park(this.#parking, published, timeoutMs);
  }

  /** `waitForSlots` for a thread with an event loop. One wait at a time. */
  async waitForSlotsAsync(timeoutMs: number): Promise<boolean> {
    const published = Atomics.load(this.i32, publishedWord);
    if (this.#hasSlots(published)) return true;
    count(this.f64, readerParksCounter, 1);
    return parkAsync(this.#parking, published, timeoutMs);
  }

  #hasSlots(published: number): boolean {
    return this.#position !== this.#end || published !== Atomics.load(this.i32, readWord);
  }

  #refill(): void {
    if (this.#dropsOldest) {
      this.#take();
      return;
    }
    this.#end = Atomics.load(this.i32, publishedWord);
    const used = (this.#end - this.#position) | 0;
    if (ringChecks) invariant(used >= 0 && used <= this.slots, `used=${used} slots`);
    raise(this.f64, readerUsedHighCounter, used);
  }

  /** Drop-oldest: copies the oldest slots, then takes them unless the writer dropped them. */
  #take(): void {
    let slotsMax = this.#mask + 1;
    for (let takes = 0; takes < takesMax; takes += 1) {
      // In this order: the writer never drops beyond what it has published.
      const from = Atomics.load(this.i32, readWord);
      const used = (Atomics.load(this.i32, publishedWord) - from) | 0;
      if (used === 0) return;
      raise(this.f64, readerUsedHighCounter, Math.min(used, this.slots));
      const index = from & (this.slots - 1);
      const taken = Math.min(used, slotsMax, this.slots - index);
      const source = controlBytes + index * this.slotBytes;
      this.bytes.copyWithin(this.#base, source, source + taken * this.slotBytes);
      if (Atomics.compareExchange(this.i32, readWord, from, (from + taken) | 0) === from) {
        this.#position = 0;
        this.#end = taken;
        count(this.f64, readCounter, taken);
        return;
      }
      count(this.f64, retakesCounter, 1);
      slotsMax = Math.max(slotsMax >> 1, 1);
    }
  }
}
