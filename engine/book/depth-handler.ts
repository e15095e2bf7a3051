// Depth records of the log into the books. A book is state that outlives its records: a restart
// must read again from each book's last snapshot, so that is as far as a partition is committed.
import { depthOffset } from "../../schemas/market/depth-layout.ts";
import { depthKind } from "../../schemas/market/depth-item.ts";
import { frameFault, FrameReader } from "../../schemas/market/frame.ts";
import type { RecordAt, RecordHandler } from "../consume/record-stage.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import type { TraceMarks } from "../trace/trace-marks.ts";
import { bookOutcome, isRefusal } from "./book-outcome.ts";
import type { MarketBooks } from "./market-books.ts";

export type DepthHandlerOptions = {
  /** The view over the ring in which records arrive. */
  readonly view: DataView;
  readonly books: MarketBooks;
  readonly metrics: MetricCells;
  /** Null: nothing is traced. */
  readonly traces?: TraceMarks | null;
};

/** Runs on the market thread. */
export class DepthHandler implements RecordHandler {
  readonly #view: DataView;
  readonly #books: MarketBooks;
  readonly #metrics: MetricCells;
  readonly #traces: TraceMarks | null;
  readonly #frame = new FrameReader();
  /** Per partition id: offset of each book's last snapshot, by where its symbol stands. */
  readonly #snapshots = new Map<number, Map<string, number>>();

  constructor({ view, books, metrics, traces = null }: DepthHandlerOptions) {
    this.#traces = traces;
    this.#view = view;
    this.#books = books;
    this.#metrics = metrics;
  }

  onAssign(id: number): void {
    this.#snapshots.set(id, new Map());
  }

  onRevoke(id: number): void {
    this.#snapshots.delete(id);
  }

  onRecord(record: RecordAt): number {
    const frame = this.#frame;
    if (record.trace !== 0) this.#traces?.take(record.trace);
    frame.open(this.#view, record.start, record.end);
    let items = 0;
    while (frame.next()) {
      this.#apply(record, frame.itemStart, frame.itemEnd);
      items += 1;
    }
    if (frame.fault !== frameFault.none) this.#metrics.add(malformedCell, 1);
    if (record.trace !== 0) this.#traces?.took(record.trace, items);
    return items;
  }

  onTick(): boolean {
    return false;
  }

  commitPoint(id: number, next: number): { readonly offset: number; readonly metadata: string } {
    let offset = next;
    for (const snapshotOffset of this.#snapshots.get(id)?.values() ?? []) {
      offset = Math.min(offset, snapshotOffset);
    }
    return { offset, metadata: "" };
  }

  #apply({ id, offset }: RecordAt, start: number, end: number): void {
    const outcome = this.#books.apply(this.#view, start, end);
    if (outcome === bookOutcome.applied) {
      const isSnapshot = this.#view.getUint8(start + depthOffset.kind) === depthKind.snapshot;
      if (isSnapshot) this.#snapshots.get(id)?.set(this.#symbolAt(start), offset);
    } else if (outcome === bookOutcome.stale) this.#metrics.add(staleCell, 1);
    else if (outcome === bookOutcome.gap || outcome === bookOutcome.checksum) {
      this.#metrics.add(gapCell, 1);
    } else if (isRefusal(outcome)) this.#metrics.add(rejectedCell, 1);
  }

  // Snapshots are rare: text is affordable here.
  #symbolAt(start: number): string {
    const bytes = this.#view.getUint8(start + depthOffset.symbolBytes);
    let text = `${this.#view.getUint8(start + depthOffset.venue)}:`;
    for (let i = 0; i < bytes; i += 1) {
      text += String.fromCharCode(this.#view.getUint8(start + depthOffset.symbol + i));
    }
    return text;
  }
}

const malformedCell = cellOf("malformedFrames");
const staleCell = cellOf("depthStale");
const gapCell = cellOf("depthGaps");
const rejectedCell = cellOf("depthRejected");
