// The producing end of a message ring: claim, fill in place, commit, and publish once per batch.
// One writer per ring, on one thread. Not a queue of objects: what is claimed is bytes in shared
// memory, and the caller encodes straight into them.
import {
  lengthAt,
  messageBytesMaxOf,
  messageTypeMax,
  paddingType,
  payloadIndex,
  priorityOfTag,
  recordBytes,
  recordIndex,
  tagAt,
  tagOf,
  typeOfTag,
  writeHeader,
  writePadding,
  writeStamp,
  writeTag,
} from "./message-ring-layout.ts";
import { messageRingShape } from "./message-ring.ts";
import { checkPriority, invariant, misuse, ringChecks } from "./ring-checks.ts";
import {
  abortedCounter,
  controlBytes,
  count,
  droppedFullCounter,
  droppedOldestCounter,
  droppedOversizeCounter,
  paddingBytesCounter,
  priorityHigh,
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

/** A drop-oldest writer clears an eighth of the ring at once: the reader needs time to take. */
const dropShare = 8;
/**
 * The writer takes the cache lines of this many free bytes from the reader's core together: one by one,
 * as the records are filled, each would stall it for a round trip between the cores.
 */
const aheadBytes = 2048;
/** Below this many bytes a loop is faster than the fixed cost of TypedArray.set. */
const copyLoopBytesMax = 32;

/** Single producer. All methods belong to the writer's thread. */
export class MessageRingWriter {
  /** The whole memory; `claim` returns an index into it. */
  readonly bytes: Uint8Array;
  /** The whole memory. Payloads are 8-byte aligned, their fields little-endian by convention. */
  readonly view: DataView;
  /** Longest payload: an eighth of the capacity. */
  readonly messageBytesMax: number;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #dropsNewest: boolean;
  readonly #dropsOldest: boolean;
  readonly #parking: Parking;
  /** Byte index of the next record, and up to where claims need no further look. */
  #at: number;
  #limitAt: number;
  /** Position minus byte index: constant for one lap of the ring. */
  #lap: number;
  #published: number;
  /** The reader's position when last looked at: it can only have moved on. */
  #readSeen: number;
  /** Since the last publication. */
  #claims = 0;
  #closed = 0;
  #aborted = 0;
  readonly #openIndexes = new Set<number>();
  #stampUs = 0;

  /** Attaches to the memory at the published position: what a dead writer left unpublished is gone. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    const { capacityBytes, policy } = messageRingShape(this.#words);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.#counters = new Float64Array(memory);
    this.#capacity = capacityBytes;
    this.#mask = capacityBytes - 1;
    this.messageBytesMax = messageBytesMaxOf(capacityBytes);
    this.#dropsNewest = policy !== "block";
    this.#dropsOldest = policy === "drop-oldest";
    this.#parking = { words: this.#words, sleepsWord: writerSleepsWord, positionWord: readWord };
    this.#published = Atomics.load(this.#words, publishedWord);
    this.#readSeen = Atomics.load(this.#words, readWord);
    this.#at = controlBytes + (this.#published & this.#mask);
    this.#lap = (this.#published - this.#at) | 0;
    this.#limitAt = this.#at;
    Atomics.store(this.#words, writerSleepsWord, 0);
  }

  /** Enqueue stamp (`stampNowUs()`) of the claims that follow: one clock read per batch. */
  stamp(us: number): void {
    this.#stampUs = us | 0;
  }

  /**
   * Reserves `length` bytes and returns their index in `bytes`, 8-aligned; -1 when there is no room
   * or `length` exceeds `messageBytesMax` or is below 0. A refusal is a counted drop, except for want of room
   * under policy "block": there the caller waits and claims again. Several claims may be open.
   * `type` is 1..32767; `priority` decides which counter a drop of this message raises.
   * @throws RangeError for another type or priority, or a `length` that is no integer.
   */
  claim(type: number, length: number, priority: number = priorityLow): number {
    const at = this.#at;
    const next = at + recordBytes(length);
    // Unsigned, so that a negative length is refused too.
    if (
      next > this.#limitAt ||
      length >>> 0 > this.messageBytesMax ||
      !isGood(type, length, priority)
    )
      return this.#claimSlowly(type, length, priority);
    // Every store between the caller's stores costs speed: stores leave the processor in order, and
    // the lines of the ring are the slow ones. Hence one index and one count here, no more.
    writeHeader(this.#words, at, length, tagOf(type, priority));
    writeStamp(this.#words, at, this.#stampUs);
    this.#at = next;
    this.#claims += 1;
    if (ringChecks) this.#checkClaim(at);
    return payloadIndex(at);
  }

  /** Closes a claim: the message becomes visible with the next `publish`. */
  commit(index: number): void {
    if (ringChecks) this.#checkClose(index);
    this.#closed += 1;
  }

  /** Closes a claim whose message shall not be: its bytes become padding. */
  abort(index: number): void {
    if (ringChecks) this.#checkClose(index);
    writeTag(this.#words, recordIndex(index), tagOf(paddingType, priorityLow));
    count(this.#counters, abortedCounter, 1);
    this.#closed += 1;
    this.#aborted += 1;
  }

  /**
   * Makes everything visible that was committed, with one atomic store, and wakes the reader if it
   * sleeps; nothing while a claim is open. Call it once per batch and before going idle.
   * @throws RangeError when more claims were closed than made: nothing would be visible any more.
   */
  publish(): void {
    if (this.#closed > this.#claims)
      misuse(`closed=${this.#closed} of ${this.#claims} claims: close each once, and none of -1`);
    const position = this.#position();
    if (position === this.#published || this.#claims !== this.#closed) return;
    count(this.#counters, writtenCounter, this.#claims - this.#aborted);
    this.#claims = 0;
    this.#closed = 0;
    this.#aborted = 0;
    this.#published = position;
    Atomics.store(this.#words, publishedWord, position);
    if (Atomics.load(this.#words, readerSleepsWord) !== 0) {
      count(this.#counters, writerWakesCounter, 1);
      Atomics.notify(this.#words, publishedWord);
    }
  }

  /**
   * Claim, copy the first `length` bytes of `source`, commit. False when the claim was refused.
   * @throws RangeError when `source` is shorter, and as `claim`.
   */
  tryWrite(
    type: number,
    source: Uint8Array,
    length: number = source.length,
    priority: number = priorityLow,
  ): boolean {
    if (length > source.length) misuse(`length=${length} of a source of ${source.length} bytes`);
    const index = this.claim(type, length, priority);
    if (index < 0) return false;
    const { bytes } = this;
    if (length <= copyLoopBytesMax)
      for (let i = 0; i < length; i += 1) bytes[index + i] = source[i] as number;
    else if (length === source.length) bytes.set(source, index);
    else bytes.set(source.subarray(0, length), index);
    this.commit(index);
    return true;
  }

  /**
   * Publishes, then blocks the thread until a message of `length` bytes fits. False when the time is
   * over first, or when no such message ever fits. For threads that may block.
   */
  waitForSpace(length: number, timeoutMs: number): boolean {
    if (!this.#everFits(length)) return false;
    this.publish();
    const needed = this.#neededBytes(length);
    const deadline = performance.now() + timeoutMs;
    while (!this.#hasRoom(needed)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      count(this.#counters, writerParksCounter, 1);
      park(this.#parking, this.#readSeen, leftMs);
    }
    return true;
  }

  /** `waitForSpace` for a thread with an event loop. One wait at a time. */
  async waitForSpaceAsync(length: number, timeoutMs: number): Promise<boolean> {
    if (!this.#everFits(length)) return false;
    this.publish();
    const needed = this.#neededBytes(length);
    const deadline = performance.now() + timeoutMs;
    while (!this.#hasRoom(needed)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      count(this.#counters, writerParksCounter, 1);
      await parkAsync(this.#parking, this.#readSeen, leftMs);
    }
    return true;
  }

  #everFits(length: number): boolean {
    return length >= 0 && length <= this.messageBytesMax;
  }

  /** Where the next claim begins. */
  #position(): number {
    return (this.#lap + this.#at) | 0;
  }

  /** Bytes before the wrap. */
  #restBytes(): number {
    return controlBytes + this.#capacity - this.#at;
  }

  /** Bytes that a claim of `length` takes now, with the padding before a wrap. */
  #neededBytes(length: number): number {
    const size = recordBytes(length);
    const rest = this.#restBytes();
    return size <= rest ? size : size + rest;
  }

  #freeBytes(): number {
    return this.#capacity - ((this.#position() - this.#readSeen) | 0);
  }

  /** Looks at the reader's position anew. */
  #hasRoom(needed: number): boolean {
    this.#readSeen = Atomics.load(this.#words, readWord);
    raise(this.#counters, writerUsedHighCounter, (this.#published - this.#readSeen) | 0);
    return this.#dropsOldest || this.#freeBytes() >= needed;
  }

  /** A claim beyond the limit: too long, or the ring must be looked at, cleared or wrapped first. */
  #claimSlowly(type: number, length: number, priority: number): number {
    checkGood(type, length, priority);
    if (!this.#everFits(length)) {
      count(this.#counters, droppedOversizeCounter + priority, 1);
      return -1;
    }
    const needed = this.#neededBytes(length);
    if (this.#freeBytes() < needed && !this.#makeRoom(needed)) {
      if (this.#dropsNewest) count(this.#counters, droppedFullCounter + priority, 1);
      return -1;
    }
    if (recordBytes(length) > this.#restBytes()) this.#wrap();
    this.#takeLines(Math.max(recordBytes(length), aheadBytes));
    return this.claim(type, length, priority);
  }

  /** Sets the limit of fast claims and touches the lines up to there: they hold nothing yet. */
  #takeLines(wantedBytes: number): void {
    this.#limitAt = this.#at + Math.min(wantedBytes, this.#restBytes(), this.#freeBytes());
    takeLines(this.#words, this.#at, this.#limitAt);
  }

  #wrap(): void {
    const rest = this.#restBytes();
    if (rest > 0) writePadding(this.#words, this.#at, rest);
    count(this.#counters, paddingBytesCounter, rest);
    this.#at = controlBytes;
    this.#lap = (this.#lap + this.#capacity) | 0;
  }

  #makeRoom(needed: number): boolean {
    this.#hasRoom(needed);
    if (this.#freeBytes() >= needed) return true;
    if (!this.#dropsOldest) return false;
    // What is committed may be dropped too, so it must be published; open claims may not.
    this.publish();
    while (this.#freeBytes() < needed) {
      if (this.#readSeen === this.#published) return false;
      this.#dropOldest(Math.max(needed, this.#capacity / dropShare));
    }
    return true;
  }

  /** Moves the read position over the oldest messages, unless the reader has taken them meanwhile. */
  #dropOldest(wantedBytes: number): void {
    const from = this.#readSeen;
    let to = from;
    let low = 0;
    let high = 0;
    const enough = (this.#position() + wantedBytes - this.#capacity) | 0;
    while (to !== this.#published && ((enough - to) | 0) > 0) {
      const at = controlBytes + (to & this.#mask);
      const tag = tagAt(this.#words, at);
      if (typeOfTag(tag) !== paddingType) {
        if (priorityOfTag(tag) === priorityLow) low += 1;
        else high += 1;
      }
      to = (to + recordBytes(lengthAt(this.#words, at))) | 0;
    }
    const found = Atomics.compareExchange(this.#words, readWord, from, to);
    this.#readSeen = found === from ? to : found;
    if (found !== from) return;
    count(this.#counters, droppedOldestCounter, low);
    count(this.#counters, droppedOldestCounter + 1, high);
  }

  #checkClaim(at: number): void {
    invariant(this.#freeBytes() >= 0, `${-this.#freeBytes()} bytes claimed over the reader`);
    this.#openIndexes.add(payloadIndex(at));
  }

  #checkClose(index: number): void {
    invariant(this.#openIndexes.delete(index), `index=${index} is no open claim`);
  }
}

// A negative length is an integer too: it is refused as one that is too long.
const isGood = (type: number, length: number, priority: number): boolean =>
  type >= 1 &&
  type <= messageTypeMax &&
  (type | 0) === type &&
  (priority === priorityLow || priority === priorityHigh) &&
  (length | 0) === length;

const checkGood = (type: number, length: number, priority: number): void => {
  if (isGood(type, length, priority)) return;
  if (!Number.isInteger(length)) misuse(`length=${length} is no integer`);
  if (!(type >= 1 && type <= messageTypeMax && Number.isInteger(type)))
    misuse(`type=${type} is not 1..${messageTypeMax}`);
  checkPriority(priority);
};
