// Second stage: finds the watched instructions, writes a candidate record for each, and gives the
// transaction its priority. It reads messages of type `transaction` and writes `extracted`: the
// records with the wire bytes behind them, which the secure stage needs.
import { TransactionItem, transactionItemCode } from "../../schemas/market/transaction-item.ts";
import {
  signatureBytes,
  versionBit,
  versionByteV0,
} from "../../schemas/market/transaction-layout.ts";
import { eventType, type Reason, reason } from "../events/event-layout.ts";
import { StageCells } from "../events/stage-cells.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import type { Stage } from "../threads/stage.ts";
import { Extractor } from "./extractor.ts";
import { matchField, type MatchTable } from "./match-table.ts";
import { type StageParts, workLimit } from "./prefilter-stage.ts";
import type { PrefilterOptions } from "./prefilter.ts";
import type { VolumePriority } from "./volume-priority.ts";
import {
  extractedAt,
  itemAt,
  receivedAt,
  recordBytesMax,
  recordHeaderBytes,
  stageMessage,
  traceIdAt,
  transactionRecordsMax,
} from "../../schemas/market/stage-message.ts";
import { type AccountTables, TableExtractor } from "./table-extractor.ts";
import { verdict } from "./verdict.ts";
import { type CandidatePlace, CandidateWriter } from "./write-candidate.ts";

/** What is watched, and what gives candidates their priority and missing mints. */
export type ExtractOptions = PrefilterOptions & {
  readonly priority: VolumePriority;
  /** Names accounts behind lookup tables; without it they stay unknown. */
  readonly tables?: AccountTables;
  /**
   * Lets matches pass whose mint nobody can name, with the mint absent, for a resolver downstream;
   * without it they are left out, and a transaction of nothing else is refused.
   */
  readonly keepsUnresolved?: boolean;
};

/** Runs on one thread: reader of its input, writer of its output. */
export class ExtractStage implements Stage {
  readonly name = "extract";
  readonly #parts: StageParts;
  readonly #cells: StageCells;
  readonly #nowUs: () => number;
  readonly #extractor: Extractor;
  readonly #priority: VolumePriority;
  readonly #named: TableExtractor | null;
  readonly #keepsUnresolved: boolean;
  /** Transactions that passed with no mint known. */
  unresolved = 0;
  /** Transactions with a mint behind a lookup table all of whose mints are known all the same. */
  resolved = 0;
  /** Matches behind the first `transactionRecordsMax`, up to those that the table has room for. */
  #matchesBeyond = 0;
  readonly #item = new TransactionItem();
  /** What is found in the transaction as it stands, and with the keys of its lookup tables. */
  readonly #plain: Source;
  readonly #resolved: Source;
  // Records of one transaction are written here first: only then is their length known.
  readonly #records: DataView;
  #recordsBytes = 0;
  #recordCount = 0;
  #workUs = 0;

  constructor(parts: StageParts, options: ExtractOptions) {
    this.#parts = parts;
    this.#cells = new StageCells(parts.memory);
    this.#nowUs = parts.nowUs ?? monotonicUs;
    this.#extractor = new Extractor(options);
    this.#priority = options.priority;
    const { tables } = options;
    this.#named = tables === undefined ? null : new TableExtractor(tables, options);
    this.#keepsUnresolved = options.keepsUnresolved ?? false;
    this.#records = new DataView(
      new ArrayBuffer(transactionRecordsMax * (recordHeaderBytes + recordBytesMax)),
    );
    this.#plain = sourceOf(this.#extractor.table, parts.input.view, this.#records);
    const named = this.#named;
    this.#resolved =
      named === null ? this.#plain : sourceOf(named.extractor.table, named.view, this.#records);
  }

  /** Watched instructions, since the start, of which no record was made: their transaction has too many. */
  get matchesDropped(): number {
    return this.#matchesBeyond + this.#extractor.matchesDropped;
  }

  start(): void {
    this.#priority.start(this.#nowUs());
  }

  work(): number {
    const { input, output, events } = this.#parts;
    this.#workUs = this.#nowUs();
    events.stamp(this.#workUs);
    output.stamp(this.#workUs);
    this.#priority.update(this.#workUs);
    const drained = input.drain(this.#onMessage, workLimit);
    if (drained > 0) output.publish();
    return drained;
  }

  stop(): void {
    this.#parts.output.publish();
  }

  readonly #onMessage = (_type: number, at: number, length: number): void => {
    const { view } = this.#parts.input;
    const traceId = view.getFloat64(at + traceIdAt, true);
    this.#cells.received();
    const why = this.#extract(view, at, length);
    this.#cells.latency.record(this.#workUs - view.getFloat64(at + receivedAt, true));
    if (why === reason.none) this.#pass(view, at, traceId);
    else this.#reject(traceId, why);
  };

  #extract(view: DataView, at: number, length: number): Reason {
    const item = this.#item;
    if (item.decode(view, at + itemAt, at + length) !== transactionItemCode.ok) {
      return reason.malformed;
    }
    const found = this.#extractor.extract(view, item.wireStart, item.wireEnd);
    if (found > verdict.needsResolve) return extractReason[found];
    const isResolved =
      this.#named !== null &&
      isV0(view, item.wireStart) &&
      this.#named.extract(view, item.wireStart, item.wireEnd);
    this.#writeRecords(isResolved ? this.#resolved : this.#plain);
    const left = this.#named?.extractor.unresolved ?? 0;
    if (isResolved && this.#extractor.unresolved > 0 && left === 0) this.resolved += 1;
    return this.#recordCount > 0 ? reason.none : reason.needsResolve;
  }

  // Matches whose mint nobody can name are left out unless they are to be kept.
  #writeRecords({ table, writer, place }: Source): void {
    const records = this.#records;
    let at = 0;
    this.#recordCount = 0;
    let named = 0;
    const count = table.count < transactionRecordsMax ? table.count : transactionRecordsMax;
    this.#matchesBeyond += table.count - count;
    for (let index = 0; index < count; index += 1) {
      const isNamed = table.match(index, matchField.mintAt) >= 0;
      if (!isNamed && !this.#keepsUnresolved) continue;
      if (isNamed) named += 1;
      const record = at + recordHeaderBytes;
      writer.write(place, record, index, this.#item);
      const bytes = writer.writeAccounts(place, record, index);
      records.setUint32(at, bytes, true);
      records.setUint32(at + 4, 0, true);
      at = record + bytes;
      this.#recordCount += 1;
    }
    this.#recordsBytes = at;
    if (named === 0 && this.#recordCount > 0) this.unresolved += 1;
  }

  #pass(view: DataView, at: number, traceId: number): void {
    const { output, events } = this.#parts;
    const { wireStart, wireEnd } = this.#item;
    const bytes = this.#recordsBytes;
    const priority = this.#priority.of(this.#records, bytes, this.#recordCount);
    const wireBytes = wireEnd - wireStart;
    const to = output.claim(
      stageMessage.extracted,
      extractedAt.candidates + bytes + wireBytes,
      priority,
    );
    if (to < 0) {
      this.#drop(traceId);
      return;
    }
    const out = output.view;
    out.setFloat64(to + traceIdAt, traceId, true);
    out.setFloat64(to + receivedAt, view.getFloat64(at + receivedAt, true), true);
    out.setUint32(to + extractedAt.count, this.#recordCount, true);
    out.setUint32(to + extractedAt.bytes, bytes, true);
    out.setUint32(to + extractedAt.priority, priority, true);
    out.setFloat32(to + extractedAt.confidence, this.#priority.confidence(), true);
    output.copy(this.#records, 0, bytes, to + extractedAt.candidates);
    output.copy(view, wireStart, wireBytes, to + extractedAt.candidates + bytes);
    output.commit(to);
    this.#cells.passed();
    events.detail.value = this.#workUs - view.getFloat64(at + receivedAt, true);
    events.detail.priority = priority;
    events.record(eventType.candidateExtracted, traceId);
  }

  #reject(traceId: number, why: Reason): void {
    const { events } = this.#parts;
    this.#cells.rejected(why);
    this.#parts.onRefused?.(traceId, why);
    events.detail.reason = why;
    events.record(eventType.extractionFailed, traceId);
  }

  #drop(traceId: number): void {
    const { events } = this.#parts;
    this.#cells.dropped(reason.full);
    this.#parts.onRefused?.(traceId, reason.full);
    events.detail.reason = reason.full;
    events.record(eventType.extractionFailed, traceId);
  }
}

/** Matches, and how they become records. */
type Source = {
  readonly table: MatchTable;
  readonly writer: CandidateWriter;
  readonly place: CandidatePlace;
};

const sourceOf = (table: MatchTable, from: DataView, to: DataView): Source => ({
  table,
  writer: new CandidateWriter(table),
  place: { from, to },
});

/** Only v0 transactions refer to lookup tables; `start` is that of one which was extracted. */
const isV0 = (view: DataView, start: number): boolean => {
  const signatures = view.getUint8(start);
  return (
    signatures < versionBit &&
    view.getUint8(start + 1 + signatures * signatureBytes) === versionByteV0
  );
};

/** Reason of each verdict; none for those that go on. */
const extractReason = {
  [verdict.candidate]: reason.none,
  [verdict.needsResolve]: reason.none,
  [verdict.vote]: reason.vote,
  [verdict.notWatched]: reason.notWatched,
  [verdict.size]: reason.size,
  [verdict.duplicateKey]: reason.duplicateKey,
  [verdict.malformed]: reason.malformed,
} as const;
