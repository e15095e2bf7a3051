// Reads the fields of one message into its row. The innermost loop of the scanner: position in a
// local, one table look-up per field, no allocation. A refusal leaves its place in `errorAt`.
import { scanCode } from "./limits.ts";
import type { FieldTable } from "./record-layout.ts";
import { action, firstDelimited, tagsKnown } from "./record-layout.ts";
import { byteAt, delimitedStart, skipValue, tagSize, varintLow, varintSize } from "./wire.ts";

// Names of this module's own: an imported object's property is loaded anew at each comparison.
const { fixed64, fixed32, varint, count: counted, range, id16, id8, skip, wide32 } = action;

const noBytes = new Uint8Array(0);

/** Bytes of an id by its action; no length that a value can have for the other actions. */
const idBytes = (kind: number): number => {
  if (kind === id16) return 16;
  return kind === id8 ? 8 : -1;
};

/** One per scan, reused; one thread. */
export class RecordReader {
  bytes: Uint8Array = noBytes;
  view: DataView = new DataView(noBytes.buffer);
  cells: Int32Array = new Int32Array(0);
  /** Offset of the last field that was begun: after a refusal, the one that was refused. */
  errorAt = 0;

  /** Some count went over `crowd`, the smallest limit: the row must be looked at. */
  isCrowded = false;
  readonly #crowd: number;

  /** `crowd` is the smallest limit of a counted field. */
  constructor(crowd: number) {
    this.#crowd = crowd;
  }

  /** Begins a pass over an array. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Reads the message at [start, end) into the row; returns `end` or a negated code. The loop takes
   * the usual encodings, one byte of tag and one of length, itself; `#field` takes any.
   */
  read(start: number, end: number, row: number, table: FieldTable): number {
    const { bytes, cells, view } = this;
    const { usual } = table;
    let at = start;
    while (at < end) {
      const word = usual[bytes[at] as number] as number;
      const kind = word & 15;
      const column = row + ((word >>> 4) & 255);
      if (kind === fixed64 && at + 9 <= end) {
        cells[column] = view.getInt32(at + 1, true);
        cells[column + 1] = view.getInt32(at + 5, true);
        at += 9;
        continue;
      }
      const length = at + 1 < end ? (bytes[at + 1] as number) : 128;
      const next = at + 2 + length;
      if (length > 127) at = this.#field(at, end, row, table);
      else if (kind === varint) {
        cells[column] = length;
        at += 2;
      } else if (next > end) at = this.#field(at, end, row, table);
      else if (kind === counted) at = this.#counted(at, end, column);
      else if (kind === range) {
        cells[column] = at + 2;
        cells[column + 1] = next;
        at = next;
      } else if (length === idBytes(kind)) {
        cells[column] = at + 2;
        at = next;
      } else if (kind === wide32 && length === 1 && at + 6 <= end) {
        cells[column] = view.getInt32(at + 2, true);
        at += 6;
      } else at = this.#field(at, end, row, table);
      if (at < 0) return at;
    }
    return end;
  }

  /** A run of one repeated field, all of them with a length of one byte; the first one fits. */
  #counted(start: number, end: number, column: number): number {
    const { bytes, cells } = this;
    const tag = bytes[start];
    let count = cells[column] as number;
    if (count === 0) cells[column + 1] = start;
    let at = start;
    while (at + 1 < end && bytes[at] === tag) {
      const length = bytes[at + 1] as number;
      const next = at + 2 + length;
      if (length > 127 || next > end) break;
      at = next;
      count += 1;
    }
    cells[column] = count;
    cells[column + 2] = at;
    if (count > this.#crowd) this.isCrowded = true;
    return at;
  }

  /** Reads one field in any encoding; returns the position behind it or a negated code. */
  #field(start: number, end: number, row: number, table: FieldTable): number {
    const { bytes } = this;
    this.errorAt = start;
    let tag = byteAt(bytes, start);
    let at = start + 1;
    if (tag > 127) {
      const second = at < end ? byteAt(bytes, at) : 128;
      at += 1;
      if (second < 128) tag = (tag & 127) | (second << 7);
      else {
        const size = tagSize(bytes, start, end);
        if (size < 0) return size;
        tag = varintLow(bytes, start) >>> 0;
        at = start + size;
      }
    }
    if (tag < 8) return -scanCode.fieldZero;
    const word = tag < tagsKnown ? (table.actions[tag] as number) : skip;
    const kind = word & 15;
    if (kind === skip) return skipValue(bytes, at, end, tag & 7);
    if (kind < firstDelimited) return this.#scalar(at, end, row, word);
    const next = this.#delimited(at, end, row, word);
    if (next < 0 || (kind !== action.merge && kind !== action.member)) return next;
    return this.#nested(next, row, word, table);
  }

  #scalar(at: number, end: number, row: number, word: number): number {
    const { cells, view } = this;
    const column = row + ((word >>> 4) & 255);
    const kind = word & 15;
    if (kind === fixed64) {
      if (at + 8 > end) return -scanCode.truncated;
      cells[column] = view.getInt32(at, true);
      cells[column + 1] = view.getInt32(at + 4, true);
      return at + 8;
    }
    if (kind === fixed32) {
      if (at + 4 > end) return -scanCode.truncated;
      cells[column] = view.getInt32(at, true);
      return at + 4;
    }
    const size = varintSize(this.bytes, at, end);
    if (size < 0) return size;
    cells[column] = varintLow(this.bytes, at);
    return at + size;
  }

  /** Returns the position behind the value, or a negated code. */
  #delimited(at: number, end: number, row: number, word: number): number {
    const { bytes, cells } = this;
    let start = at + 1;
    let length = at < end ? byteAt(bytes, at) : 128;
    if (length > 127) {
      start = delimitedStart(bytes, at, end);
      if (start < 0) return start;
      length = varintLow(bytes, at);
    }
    const next = start + length;
    if (next > end) return -scanCode.truncated;
    const column = row + ((word >>> 4) & 255);
    switch (word & 15) {
      case counted: {
        const count = cells[column] as number;
        if (count === 0) cells[column + 1] = this.errorAt;
        cells[column] = count + 1;
        cells[column + 2] = next;
        if (count >= this.#crowd) this.isCrowded = true;
        return next;
      }
      case range:
        cells[column] = start;
        cells[column + 1] = next;
        return next;
      case id16:
      case id8:
        return this.#id(start, length, column, word);
      case action.single:
        return this.#single(start, next, column);
      default:
        return this.#nestedRange(start, next, column, word);
    }
  }

  #id(start: number, length: number, column: number, word: number): number {
    if (length !== idBytes(word & 15) && length !== 0) return -scanCode.badIdLength;
    this.cells[column] = length === 0 ? 0 : start;
    return start + length;
  }

  #single(start: number, next: number, column: number): number {
    if (this.cells[column] !== 0) return -scanCode.repeatedMessage;
    this.cells[column] = start;
    this.cells[column + 1] = next;
    return next;
  }

  #nestedFrom = 0;

  #nestedRange(start: number, next: number, column: number, word: number): number {
    this.#nestedFrom = start;
    if ((word & 15) === action.merge) return next;
    // Another member of the oneof, or the same again: no sender means either.
    if (this.cells[column] !== 0) return -scanCode.repeatedMessage;
    this.cells[column] = word >>> 20;
    this.cells[column + 1] = start;
    this.cells[column + 2] = next;
    return next;
  }

  #nested(next: number, row: number, word: number, table: FieldTable): number {
    const child = table.children[(word >>> 12) & 255];
    return child === undefined ? next : this.read(this.#nestedFrom, next, row, child);
  }
}
