// Log records whose transactions are not all through the sniffer, in the order they came. It says
// how far a partition is finished, which record a transaction came from, and how many of a record's
// items were refused. Trace ids are given out in order, so a record is a range of them. Allocates
// nothing after construction; full, the caller waits until the oldest is through.
import type { OnFinished, RecordAt } from "../consume/record-stage.ts";
import { type Reason, reasonNames } from "../events/event-layout.ts";
import type { FinishedRecord } from "../ledger/item-counts.ts";
import { topicPartitions } from "../ledger/positions.ts";

/** Records open at most. A power of two. */
const openRecordsMax = 4096;
const mask = openRecordsMax - 1;
const reasons = reasonNames.length;

/** Where a transaction came from. */
export type RecordPlace = { partition: number; offset: number; index: number };

/** One thread: the market thread. */
export class OpenRecords {
  readonly #ids = new Int32Array(openRecordsMax);
  readonly #offsets = new Float64Array(openRecordsMax);
  readonly #firstTraces = new Float64Array(openRecordsMax);
  /** One behind the record's last trace; infinite while it is read. */
  readonly #nextTraces = new Float64Array(openRecordsMax);
  readonly #own = new Uint8Array(openRecordsMax);
  /** 0 for records of an assignment that is over: they move no position. */
  readonly #moves = new Uint8Array(openRecordsMax);
  readonly #refused = new Uint32Array(openRecordsMax * reasons);
  readonly #finished = new Float64Array(topicPartitions.length);
  readonly #record = {
    id: 0,
    offset: 0,
    items: 0,
    ownRun: false,
    refused: new Uint32Array(reasons),
  };
  #first = 0;
  #length = 0;

  /** How many more may be opened. */
  get room(): number {
    return openRecordsMax - this.#length;
  }

  /** Begins at `offset`; what is still open of an earlier assignment moves no position any more. */
  assign(id: number, offset: number): void {
    this.revoke(id);
    this.#finished[id] = offset;
  }

  revoke(id: number): void {
    for (let i = 0; i < this.#length; i += 1) {
      const slot = (this.#first + i) & mask;
      if (this.#ids[slot] === id) this.#moves[slot] = 0;
    }
  }

  /** Opens a record, for which there must be room; its transactions have the trace ids from `firstTrace` on. */
  open({ id, offset, ownRun }: RecordAt, firstTrace: number): void {
    const slot = (this.#first + this.#length) & mask;
    this.#ids[slot] = id;
    this.#offsets[slot] = offset;
    this.#own[slot] = ownRun ? 1 : 0;
    this.#moves[slot] = 1;
    this.#firstTraces[slot] = firstTrace;
    this.#nextTraces[slot] = Number.POSITIVE_INFINITY;
    this.#length += 1;
  }

  /** Ends the record opened last. */
  close(nextTrace: number): void {
    this.#nextTraces[(this.#first + this.#length - 1) & mask] = nextTrace;
  }

  /** Finishes records that are wholly below the trace id; returns how many. */
  finish(below: number, onFinished: OnFinished): number {
    let count = 0;
    while (this.#length > 0 && (this.#nextTraces[this.#first] as number) <= below) {
      this.#finishFirst(onFinished);
      count += 1;
    }
    return count;
  }

  /** Offset of the next record of the partition that is not finished. */
  finished(id: number): number {
    return this.#finished[id] as number;
  }

  /** Says that a transaction of an open record is refused or dropped. */
  refuse(traceId: number, why: Reason): void {
    const cell = this.#slotOf(traceId) * reasons + why;
    this.#refused[cell] = (this.#refused[cell] as number) + 1;
  }

  /** Writes where a transaction of an open record came from. */
  place(traceId: number, to: RecordPlace): void {
    const slot = this.#slotOf(traceId);
    to.partition = topicPartitions[this.#ids[slot] as number]?.partition ?? 0;
    to.offset = this.#offsets[slot] as number;
    to.index = traceId - (this.#firstTraces[slot] as number);
  }

  /** The last record that begins at or before the trace id. */
  #slotOf(traceId: number): number {
    let low = 0;
    let high = this.#length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const slot = (this.#first + middle) & mask;
      if ((this.#firstTraces[slot] as number) <= traceId) low = middle;
      else high = middle - 1;
    }
    return (this.#first + low) & mask;
  }

  #finishFirst(onFinished: OnFinished): void {
    const slot = this.#first;
    const record = this.#record;
    record.id = this.#ids[slot] as number;
    record.offset = this.#offsets[slot] as number;
    record.items = (this.#nextTraces[slot] as number) - (this.#firstTraces[slot] as number);
    record.ownRun = this.#own[slot] === 1;
    if (this.#moves[slot] === 1) this.#finished[record.id] = record.offset + 1;
    this.#takeRefused(slot, record.refused);
    onFinished(record satisfies FinishedRecord);
    this.#first = (slot + 1) & mask;
    this.#length -= 1;
  }

  #takeRefused(slot: number, to: Uint32Array): void {
    for (let why = 0; why < reasons; why += 1) {
      const cell = slot * reasons + why;
      to[why] = this.#refused[cell] as number;
      this.#refused[cell] = 0;
    }
  }
}
