// Second stage: finds the watched instructions, writes a candidate record for each, and gives the
// transaction its priority. It reads messages of type `transaction` and writes `extracted`: the
// records with the wire bytes behind them, which the secure stage needs.
import { candidateAt, candidateFlag } from "../../schemas/market/candidate-layout.ts";
import { TransactionItem, transactionItemCode } from "../../schemas/market/transaction-item.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";
import { eventType, type Reason, reason } from "../events/event-layout.ts";
import { StageCells } from "../events/stage-cells.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import type { Stage } from "../threads/stage.ts";
import { Extractor } from "./extractor.ts";
import type { LookupTables } from "./lookup-tables.ts";
import { matchField } from "./match-table.ts";
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
} from "../../schemas/market/stage-message.ts";
import { verdict } from "./verdict.ts";
import { CandidateWriter } from "./write-candidate.ts";

/** What is watched, and what gives candidates their priority and missing mints. */
export type ExtractOptions = PrefilterOptions & {
  readonly priority: VolumePriority;
  /** Names accounts behind lookup tables; without it such mints stay unresolved. */
  readonly tables?: LookupTables;
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
  readonly #writer: CandidateWriter;
  readonly #priority: VolumePriority;
  readonly #tables: LookupTables | null;
  readonly #keepsUnresolved: boolean;
  /** Transactions that passed with no mint known. */
  unresolved = 0;
  readonly #item = new TransactionItem();
  readonly #transaction = new TransactionView({ v1: true });
  readonly #place: { readonly from: DataView; readonly to: DataView };
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
    this.#writer = new CandidateWriter(this.#extractor.table);
    this.#priority = options.priority;
    this.#tables = options.tables ?? null;
    this.#keepsUnresolved = options.keepsUnresolved ?? false;
    this.#records = new DataView(
      new ArrayBuffer(recordsMax * (recordHeaderBytes + recordBytesMax)),
    );
    this.#place = { from: parts.input.view, to: this.#records };
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
    const isParsed = this.#extractor.unresolved > 0 && this.#tables !== null;
    if (isParsed && this.#transaction.parse(view, item.wireStart, item.wireEnd) !== 0) {
      return reason.malformed;
    }
    this.#writeRecords(view);
    return this.#recordCount > 0 ? reason.none : reason.needsResolve;
  }

  // Matches whose mint nobody can name are left out unless they are to be kept.
  #writeRecords(view: DataView): void {
    const { table } = this.#extractor;
    const records = this.#records;
    let at = 0;
    this.#recordCount = 0;
    let named = 0;
    const count = table.count < recordsMax ? table.count : recordsMax;
    for (let index = 0; index < count; index += 1) {
      const record = at + recordHeaderBytes;
      this.#writer.write(this.#place, record, index, this.#item);
      const bytes = this.#writer.writeAccounts(this.#place, record, index);
      const isKnown = table.match(index, matchField.mintAt) >= 0;
      const isNamed = isKnown || this.#resolveMint(view, record, index);
      if (!isNamed && !this.#keepsUnresolved) continue;
      if (isNamed) named += 1;
      records.setUint32(at, bytes, true);
      records.setUint32(at + 4, 0, true);
      at = record + bytes;
      this.#recordCount += 1;
    }
    this.#recordsBytes = at;
    if (named === 0 && this.#recordCount > 0) this.unresolved += 1;
  }

  #resolveMint(view: DataView, record: number, index: number): boolean {
    const tables = this.#tables;
    if (tables === null) return false;
    const { table } = this.#extractor;
    const rule = table.rules[table.match(index, matchField.rule)];
    if (rule === undefined) return false;
    const account = view.getUint8(table.match(index, matchField.accountsAt) + rule.mint);
    const keyAt = tables.keyAt(view, this.#transaction, account - table.keyCount);
    if (keyAt < 0) return false;
    const records = this.#records;
    for (let i = 0; i < keyBytes; i += 4) {
      const word = tables.keys.getInt32(keyAt + i, true);
      records.setInt32(record + candidateAt.mint + i, word, true);
    }
    const flagsAt = record + candidateAt.flags;
    records.setUint16(flagsAt, records.getUint16(flagsAt, true) | candidateFlag.mint, true);
    return true;
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
    out.setUint32(to + extractedAt.priority + 4, 0, true);
    output.copyRecord(this.#records, 0, bytes, to + extractedAt.candidates);
    output.copyBytes(view, wireStart, wireBytes, to + extractedAt.candidates + bytes);
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

/** Records made of one transaction: more watched instructions than any real one has. */
const recordsMax = 16;

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
