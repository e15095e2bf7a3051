// Small changes to the records of one scan, made while they are copied: a run of bytes is left out
// and others are added at the record's end, where protobuf's "the last value counts" makes the
// added field the one that is read. The scanned bytes stay as they are. Rows by record:
//   cutStart, cutEnd     offsets in the scanned bytes, inside the record; 0, 0 = none
//   addStart, addEnd     offsets in `added`; 0, 0 = none; records may share a range
import { ByteWriter } from "./byte-writer.ts";

const editWord = { cutStart: 0, cutEnd: 1, addStart: 2, addEnd: 3 } as const;
const editStride = 4;
const rowsAtFirst = 64;
/** A larger array of added bytes is given back when the next pass begins. */
const addedBytesKept = 1 << 20;

/** One per thread and purpose, reused; valid until `begin`. */
export class RecordEdits {
  /** Holds what is added; its first byte is unused, as offset 0 says "none". */
  added = new ByteWriter();
  #rows = new Int32Array(rowsAtFirst * editStride);

  /** Forgets all edits and makes room for those of `count` records. */
  begin(count: number): void {
    const length = count * editStride;
    if (this.#rows.length < length) this.#rows = new Int32Array(length * 2);
    else this.#rows.fill(0, 0, length);
    if (this.added.bytes.length > addedBytesKept) this.added = new ByteWriter();
    this.added.to = 1;
  }

  /** The record's cut [start, end); the message of the record, or a part of it. */
  cut(record: number, start: number, end: number): void {
    this.#rows[record * editStride + editWord.cutStart] = start;
    this.#rows[record * editStride + editWord.cutEnd] = end;
  }

  /** What stands at the record's end: added.bytes[start, end). */
  add(record: number, start: number, end: number): void {
    this.#rows[record * editStride + editWord.addStart] = start;
    this.#rows[record * editStride + editWord.addEnd] = end;
  }

  /** False when the record is copied as it is. */
  isEdited(record: number): boolean {
    return (this.addEnd(record) | this.cutEnd(record)) !== 0;
  }

  /** Bytes by which the record's message grows, below 0 when it shrinks. */
  growth(record: number): number {
    const cut = this.cutEnd(record) - this.cutStart(record);
    return this.addEnd(record) - this.addStart(record) - cut;
  }

  cutStart(record: number): number {
    return this.#rows[record * editStride + editWord.cutStart] as number;
  }

  cutEnd(record: number): number {
    return this.#rows[record * editStride + editWord.cutEnd] as number;
  }

  addStart(record: number): number {
    return this.#rows[record * editStride + editWord.addStart] as number;
  }

  addEnd(record: number): number {
    return this.#rows[record * editStride + editWord.addEnd] as number;
  }
}
