// Where verified transactions wait whose mint is behind a lookup table that nobody knows yet: a
// bounded number of them, for a bounded time. The thread never waits with them; they leave when their
// table has come, or without it: when it does not exist, when the time is over, when there is no room,
// when too much would stay open behind them, at the end. Those that leave late overtake nobody and
// are overtaken by all that came meanwhile. They keep the priority that they came with, which is that
// of their time; the few whose quote mint is behind the table too, the first of each table, stay LOW.
//
// Tables are asked for here and not before: whoever forges a transaction makes no node be asked.
import { candidateAt, candidateFlag } from "../../schemas/market/candidate-layout.ts";
import {
  extractedAt,
  extractedBytesMax,
  recordHeaderBytes,
  traceIdAt,
} from "../../schemas/market/stage-message.ts";
import { TransactionItem } from "../../schemas/market/transaction-item.ts";
import type { TransactionView } from "../../schemas/market/transaction.ts";
import { lookupField } from "../../schemas/market/transaction-layout.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import type { TableCacheReader } from "../resolve/table-cache-reader.ts";
import type { TableRequester } from "../resolve/table-requester.ts";
import type { PrefilterOptions } from "./prefilter.ts";
import { TableExtractor } from "./table-extractor.ts";
import { type CandidatePlace, CandidateWriter } from "./write-candidate.ts";

/** How long, and how many. */
export type TableWaitOptions = {
  /** Transactions that wait at most, 1 to 4,096. */
  readonly waitingMax: number;
  /** 0: none waits. */
  readonly waitMs: number;
  /** What was looked for in vain so lately is not waited for. */
  readonly absentMs: number;
};

export type WaitingRoomParts = {
  readonly tables: TableCacheReader;
  readonly requester: TableRequester;
  readonly watch: PrefilterOptions;
  readonly options: TableWaitOptions;
};

/** Given the `extracted` message, `length` bytes at `at` of the room's view. */
type OnReleased = (at: number, length: number) => void;

// At some microseconds each, a turn of work stays far below the hold of a handoff batch.
const looksATurnMax = 8;
const waitingLimit = 4096;
const slotBytes = Math.ceil(extractedBytesMax / 8) * 8;

/** Runs on the market thread; allocates nothing after construction. */
export class WaitingRoom {
  /** Transactions that wait now. */
  length = 0;
  /** Since the start, of verified transactions whose mint is unknown: misses = sum of the others + length. */
  readonly counts = {
    misses: 0,
    /** A table came in time. */
    resolved: 0,
    absent: 0,
    late: 0,
    full: 0,
    /** Too much was open behind them. */
    hurried: 0,
    shutdown: 0,
  };
  readonly view: DataView;
  readonly #parts: WaitingRoomParts;
  readonly #extractor: TableExtractor;
  readonly #writer: CandidateWriter;
  readonly #target: CopyTarget;
  readonly #place: CandidatePlace;
  readonly #item = new TransactionItem();
  // In the order in which they came, which is that of trace ids and of deadlines.
  readonly #slots: Int32Array;
  readonly #lengths: Int32Array;
  readonly #traceIds: Float64Array;
  readonly #deadlinesUs: Float64Array;
  readonly #free: Int32Array;
  readonly #columns: readonly (Int32Array | Float64Array)[];
  /** Answers of the node since which those below `#next` were looked at. */
  #seen: number;
  #next = 0;
  #goesBelow = 0;

  /** @throws RangeError naming the option. */
  constructor(parts: WaitingRoomParts) {
    const { waitingMax, waitMs } = parts.options;
    if (!Number.isInteger(waitingMax) || waitingMax < 1 || waitingMax > waitingLimit) {
      throw new RangeError(`waitingMax=${waitingMax}, limits 1 to ${waitingLimit}`);
    }
    if (!(waitMs >= 0)) throw new RangeError(`waitMs=${waitMs} must not be below 0`);
    this.#parts = parts;
    this.#extractor = new TableExtractor(parts.tables, parts.watch);
    this.#writer = new CandidateWriter(this.#extractor.extractor.table);
    this.view = new DataView(new ArrayBuffer(waitingMax * slotBytes));
    this.#target = new CopyTarget(this.view);
    this.#place = { from: this.#extractor.view, to: this.view };
    this.#slots = new Int32Array(waitingMax);
    this.#lengths = new Int32Array(waitingMax);
    this.#traceIds = new Float64Array(waitingMax);
    this.#deadlinesUs = new Float64Array(waitingMax);
    this.#free = Int32Array.from({ length: waitingMax }, (_, i) => i);
    this.#columns = [this.#slots, this.#lengths, this.#traceIds, this.#deadlinesUs];
    this.#seen = parts.tables.changes();
  }

  /** All that wait have this trace id or a later one; infinite when none does. */
  oldestTraceId(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : (this.#traceIds[0] as number);
  }

  /** Who is below this trace id waits no more; returns how many leave because of it. */
  letGo(below: number): number {
    this.#goesBelow = Math.max(this.#goesBelow, below);
    let count = 0;
    while (count < this.length && (this.#traceIds[count] as number) < below) count += 1;
    return count;
  }

  /**
   * Asks for tables that the `extracted` message at `at` of `view` needs and nobody knows, and keeps
   * a copy of it when its mint is among what is missing. True: it is kept, and comes out of `release`,
   * perhaps at once.
   */
  take(view: DataView, at: number, length: number, transaction: TransactionView): boolean {
    this.#ask(view, transaction);
    if (isMintKnown(view, at)) return false;
    const { counts } = this;
    counts.misses += 1;
    if (view.getFloat64(at + traceIdAt, true) < this.#goesBelow) this.#countHurried();
    else if (this.#parts.options.waitMs === 0) counts.late += 1;
    else if (this.length === this.#slots.length || length > slotBytes) counts.full += 1;
    else {
      this.#keep(view, at, length);
      return true;
    }
    return false;
  }

  /** Hands out whom nothing keeps any more, with all that is known; returns how many. */
  release(onReleased: OnReleased): number {
    if (this.length === 0) return 0;
    const before = this.length;
    this.#look(onReleased);
    const nowUs = this.#parts.requester.nowUs();
    while (this.length > 0 && (this.#traceIds[0] as number) < this.#goesBelow) {
      this.#countHurried();
      this.#handOut(0, onReleased);
    }
    while (this.length > 0 && (this.#deadlinesUs[0] as number) <= nowUs) {
      this.counts.late += 1;
      this.#handOut(0, onReleased);
    }
    return before - this.length;
  }

  // After an answer of the node everybody is looked at once, a few in a turn; who is new, too.
  #look(onReleased: OnReleased): void {
    const changes = this.#parts.tables.changes();
    if (changes !== this.#seen) {
      this.#seen = changes;
      this.#next = 0;
    }
    for (let i = 0; i < looksATurnMax && this.#next < this.length; i += 1) {
      if (this.#mayGo(this.#next)) this.#handOut(this.#next, onReleased);
      else this.#next += 1;
    }
  }

  // Counts it too.
  #mayGo(index: number): boolean {
    const { counts } = this;
    const at = this.#atOf(index);
    const length = this.#lengths[index] as number;
    let isResolved = this.#isResolved(at, length);
    if (!isResolved) {
      const { view, transaction } = this.#extractor;
      if (this.#canCome(view, transaction)) return false;
      // Nothing is missing also when it came between the two looks.
      isResolved = this.#isResolved(at, length);
    }
    if (isResolved) counts.resolved += 1;
    else counts.absent += 1;
    return true;
  }

  #isResolved(at: number, length: number): boolean {
    this.#write(at, length);
    return isMintKnown(this.view, at);
  }

  #atOf(index: number): number {
    return (this.#slots[index] as number) * slotBytes;
  }

  #keep(view: DataView, at: number, length: number): void {
    const index = this.length;
    const slot = this.#free[this.#free.length - 1 - index] as number;
    const to = slot * slotBytes;
    this.#target.copy(view, at, length, to);
    this.#slots[index] = slot;
    this.#lengths[index] = length;
    this.#traceIds[index] = view.getFloat64(at + traceIdAt, true);
    const { requester, options } = this.#parts;
    this.#deadlinesUs[index] = requester.nowUs() + options.waitMs * 1000;
    this.length += 1;
  }

  #handOut(index: number, onReleased: OnReleased): void {
    const slot = this.#slots[index] as number;
    const length = this.#lengths[index] as number;
    this.#write(slot * slotBytes, length);
    for (const column of this.#columns) column.copyWithin(index, index + 1, this.length);
    this.length -= 1;
    if (index < this.#next) this.#next -= 1;
    this.#free[this.#free.length - 1 - this.length] = slot;
    onReleased(slot * slotBytes, length);
  }

  // Writes the records again with what is known of the tables now.
  #write(at: number, length: number): void {
    const { view } = this;
    const bytes = view.getUint32(at + extractedAt.bytes, true);
    const wireAt = at + extractedAt.candidates + bytes;
    if (!this.#extractor.extract(view, wireAt, at + length)) return;
    const matches = this.#extractor.extractor.table.count;
    for (let next = at + extractedAt.candidates; next < wireAt;) {
      const record = next + recordHeaderBytes;
      const match = view.getUint16(record + candidateAt.match, true);
      next = record + view.getUint32(next, true);
      if (match >= matches) continue;
      readItem(view, record, this.#item);
      this.#writer.write(this.#place, record, match, this.#item);
      this.#writer.writeAccounts(this.#place, record, match);
    }
  }

  /** Asks for every table of which something is missing that may be there. */
  #ask(view: DataView, transaction: TransactionView): void {
    for (let i = 0; i < transaction.lookupCount; i += 1) {
      const entry = this.#missing(view, transaction, i);
      if (entry < 0) continue;
      this.#parts.requester.ask(view, transaction.lookup(i, lookupField.tableAt), entry);
    }
  }

  #canCome(view: DataView, transaction: TransactionView): boolean {
    for (let i = 0; i < transaction.lookupCount; i += 1) {
      if (this.#missing(view, transaction, i) >= 0) return true;
    }
    return false;
  }

  // The highest address of lookup `i` when it is not known; -1: it is, or is known to be absent.
  #missing(view: DataView, transaction: TransactionView, i: number): number {
    const { writableAt, writableCount, readonlyAt, readonlyCount, tableAt } = lookupField;
    const { tables, requester, options } = this.#parts;
    const highest = Math.max(
      highestOf(view, transaction.lookup(i, writableAt), transaction.lookup(i, writableCount)),
      highestOf(view, transaction.lookup(i, readonlyAt), transaction.lookup(i, readonlyCount)),
    );
    const table = tables.find(view, transaction.lookup(i, tableAt));
    if (table < 0) return highest;
    if (highest < tables.countOf(table)) return -1;
    const ageUs = requester.nowUs() - tables.checkedUs(table);
    return ageUs < options.absentMs * 1000 ? -1 : highest;
  }

  #countHurried(): void {
    if (this.#goesBelow === Number.POSITIVE_INFINITY) this.counts.shutdown += 1;
    else this.counts.hurried += 1;
  }
}

const highestOf = (view: DataView, at: number, count: number): number => {
  let highest = -1;
  for (let i = 0; i < count; i += 1) highest = Math.max(highest, view.getUint8(at + i));
  return highest;
};

/** Whether every record of the `extracted` message has its mint. */
const isMintKnown = (view: DataView, at: number): boolean => {
  const count = view.getUint32(at + extractedAt.count, true);
  let record = at + extractedAt.candidates + recordHeaderBytes;
  for (let i = 0; i < count; i += 1) {
    if ((view.getUint16(record + candidateAt.flags, true) & candidateFlag.mint) === 0) return false;
    record += view.getUint32(record - recordHeaderBytes, true) + recordHeaderBytes;
  }
  return true;
};

/** What a record says of its transaction, so that it can be written again. */
const readItem = (view: DataView, record: number, item: TransactionItem): void => {
  // The lowest bits mean the same in an item and in a record.
  item.flags = view.getUint16(record + candidateAt.flags, true);
  item.index = view.getUint32(record + candidateAt.index, true);
  item.slotLow = view.getUint32(record + candidateAt.slot, true);
  item.slotHigh = view.getUint32(record + candidateAt.slot + 4, true);
  item.receiveTimeLow = view.getUint32(record + candidateAt.receiveTime, true);
  item.receiveTimeHigh = view.getUint32(record + candidateAt.receiveTime + 4, true);
};
