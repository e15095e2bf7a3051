// The producing end of a slot ring: claim a run of slots, fill them through typed arrays, publish the
// run with one atomic store. One writer per ring, on one thread. Fast use keeps everything in locals:
//
//   const granted = writer.claim(128);
//   for (let i = 0, at = writer.slotBase(0) >> 3; i < granted; i += 1, at += slotBytes >> 3)
//     f64[at] = ...;
//   writer.publish(granted);
import { checkPriority, invariant, misuse, ringChecks } from "./ring-checks.ts";
import {
  controlBytes,
  count,
  droppedFullCounter,
  droppedOldestCounter,
  priorityLow,
  publishedWord,
  raise,
  readerSleepsWord,
  readWord,
  takeLines,
  writerParksCounter,
  writerSleepsWord,
  writerUsedHighCounter,
  writerWakesCounter,
  writtenCounter,
} from "./ring-control-layout.ts";
import { park, parkAsync } from "./ring-parking.ts";
import type { Parking } from "./ring-parking.ts";
import { slotRingShape } from "./slot-ring.ts";

/** A drop-oldest writer clears an eighth of the ring at once: the reader needs time to take. */
const dropShare = 8;
/**
 * Small claims take the cache lines of this many free bytes from the reader's core together: one by
 * one, each would stall the writer for a round trip between the cores. More would be felt as latency.
 */
const aheadBytes = 512;

/** Single producer. All methods belong to the writer's thread. */
export class SlotRingWriter {
  /** The whole memory, four ways; `slotBase` returns an index into `bytes` and `view`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly slotBytes: number;
  readonly slots: number;
  readonly #mask: number;
  readonly #dropsNewest: boolean;
  readonly #dropsOldest: boolean;
  readonly #parking: Parking;
  #position: number;
  /** The reader's position when last looked at: it can only have moved on. */
  #readSeen: number;
  #granted = 0;
  /** Up to where claims need no further look. */
  #limit: number;
  readonly #aheadSlots: number;

  /** Attaches to the memory at the published position: what a dead writer left unpublished is gone. */
  constructor(memory: SharedArrayBuffer) {
    this.i32 = new Int32Array(memory);
    const { slotBytes, slots, policy } = slotRingShape(this.i32);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.f64 = new Float64Array(memory);
    this.slotBytes = slotBytes;
    this.slots = slots;
    this.#mask = slots - 1;
    this.#dropsNewest = policy !== "block";
    this.#dropsOldest = policy === "drop-oldest";
    this.#parking = { words: this.i32, sleepsWord: writerSleepsWord, positionWord: readWord };
    this.#position = Atomics.load(this.i32, publishedWord);
    this.#readSeen = Atomics.load(this.i32, readWord);
    this.#limit = this.#position;
    this.#aheadSlots = Math.floor(aheadBytes / slotBytes);
    Atomics.store(this.i32, writerSleepsWord, 0);
  }

  /**
   * Grants a run of up to `wanted` slots (1 or more wanted), fewer before the wrap or when less is
   * free, 0 when the ring is full. A refusal under the dropping policies counts `wanted` records as
   * dropped, under `priority`: the caller drops them; under "block" it waits. A claim that is not
   * published is simply granted again.
   * @throws RangeError for a `wanted` that is no integer of 1 or more, and for a refusal under
   * another priority than `priorityLow` and `priorityHigh`.
   */
  claim(wanted: number, priority: number = priorityLow): number {
    if (wanted >>> 0 !== wanted || wanted === 0) misuse(`wanted=${wanted} slots, 1 at least`);
    let free = (this.#limit - this.#position) | 0;
    if (free < wanted) {
      free = this.#look(wanted);
      if (free === 0) {
        this.#granted = 0;
        if (this.#dropsNewest) this.#drop(wanted, priority);
        return 0;
      }
    }
    const run = this.slots - (this.#position & this.#mask);
    let granted = wanted < free ? wanted : free;
    if (run < granted) granted = run;
    this.#granted = granted;
    return granted;
  }

  /** Byte index of the claim's slot number `offset`; the following ones are `slotBytes` apart. */
  slotBase(offset: number): number {
    if (ringChecks) invariant(offset < this.#granted, `offset=${offset} of ${this.#granted} slots`);
    return controlBytes + ((this.#position & this.#mask) + offset) * this.slotBytes;
  }

  /**
   * Makes the first `filled` slots of the claim visible, with one atomic store, and wakes the reader
   * if it sleeps. The rest of the claim is given back.
   * @throws RangeError for more slots than the last claim granted.
   */
  publish(filled: number): void {
    if (filled >>> 0 !== filled || filled > this.#granted)
      misuse(`filled=${filled} of ${this.#granted} slots granted`);
    if (filled === 0) return;
    const words = this.i32;
    this.#granted = 0;
    this.#position = (this.#position + filled) | 0;
    count(this.f64, writtenCounter, filled);
    Atomics.store(words, publishedWord, this.#position);
    if (Atomics.load(words, readerSleepsWord) === 0) return;
    count(this.f64, writerWakesCounter, 1);
    Atomics.notify(words, publishedWord);
  }

  /** Blocks the thread until a slot is free. False when the time is over first. */
  waitForSpace(timeoutMs: number): boolean {
    if (this.#hasRoom()) return true;
    count(this.f64, writerParksCounter, 1);
    return park(this.#parking, this.#readSeen, timeoutMs);
  }

  /** `waitForSpace` for a thread with an event loop. One wait at a time. */
  async waitForSpaceAsync(timeoutMs: number): Promise<boolean> {
    if (this.#hasRoom()) return true;
    count(this.f64, writerParksCounter, 1);
    return parkAsync(this.#parking, this.#readSeen, timeoutMs);
  }

  #drop(wanted: number, priority: number): void {
    checkPriority(priority);
    count(this.f64, droppedFullCounter + priority, wanted);
  }

  #hasRoom(): boolean {
    return this.#freeNow() > 0 || this.#dropsOldest;
  }

  #freeNow(): number {
    this.#readSeen = Atomics.load(this.i32, readWord);
    const used = (this.#position - this.#readSeen) | 0;
    if (ringChecks) invariant(used >= 0 && used <= this.slots, `used=${used} slots`);
    raise(this.f64, writerUsedHighCounter, used);
    return this.slots - used;
  }

  /** The slow path of `claim`: free slots, looked up or made free if need be, their lines taken. */
  #look(wanted: number): number {
    let free = this.slots - ((this.#position - this.#readSeen) | 0);
    if (free < wanted) free = this.#freeNow();
    if (free < wanted && this.#dropsOldest)
      free = this.#dropOldest(Math.min(Math.max(wanted, this.slots / dropShare), this.slots));
    return this.#takeLines(wanted, free);
  }

  /** Sets the limit of fast claims, and touches the lines up to there before small claims. */
  #takeLines(wanted: number, free: number): number {
    const ahead = wanted < this.#aheadSlots ? Math.min(free, this.#aheadSlots) : free;
    this.#limit = (this.#position + ahead) | 0;
    if (wanted < this.#aheadSlots) {
      const first = this.#position & this.#mask;
      const from = controlBytes + first * this.slotBytes;
      takeLines(this.i32, from, from + Math.min(ahead, this.slots - first) * this.slotBytes);
    }
    return ahead;
  }

  /** Moves the read position over the oldest slots, unless the reader has taken them meanwhile. */
  #dropOldest(wanted: number): number {
    const from = this.#readSeen;
    const to = (this.#position - this.slots + wanted) | 0;
    const found = Atomics.compareExchange(this.i32, readWord, from, to);
    // Only a take can have been faster, and it freed slots too.
    this.#readSeen = found === from ? to : found;
    if (found === from) count(this.f64, droppedOldestCounter, (to - from) | 0);
    return this.slots - ((this.#position - this.#readSeen) | 0);
  }
}
