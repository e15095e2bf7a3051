// Depth records of the log into the books. A book is state that outlives its records: a restart
// must read again from each book's last snapshot, or from the first of the deltas that waited for
// it, so that is as far as a partition is committed.
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

const nothingHeld = -1;

/** Offsets of the records that a book needs after a restart. */
type Origin = {
  /** Of the first record that the last snapshot's book was made of; not known before one. */
  from: number;
  /** Of the first delta that waits for a snapshot, or `nothingHeld`. */
  heldFrom: number;
};

/** Runs on the market thread. */
export class DepthHandler implements RecordHandler {
  readonly #view: DataView;
  readonly #books: MarketBooks;
  readonly #metrics: MetricCells;
  readonly #traces: TraceMarks | null;
  readonly #frame = new FrameReader();
  /** Per partition id, by the index of the book. */
  readonly #origins = new Map<number, Map<number, Origin>>();

  constructor({ view, books, metrics, traces = null }: DepthHandlerOptions) {
    this.#traces = traces;
    this.#view = view;
    this.#books = books;
    this.#metrics = metrics;
  }

  // The books outlive an assignment, and take no snapshot again that they have: so do their origins.
  onAssign(id: number, offset: number): void {
    for (const origin of this.#origins.get(id)?.values() ?? []) {
      origin.from = Math.max(origin.from, offset);
      if (origin.heldFrom !== nothingHeld) origin.heldFrom = Math.max(origin.heldFrom, offset);
    }
  }

  onRevoke(): void {}

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
    for (const { from } of this.#origins.get(id)?.values() ?? []) offset = Math.min(offset, from);
    return { offset, metadata: "" };
  }

  #apply({ id, offset }: RecordAt, start: number, end: number): void {
    const outcome = this.#books.apply(this.#view, start, end);
    if (outcome === bookOutcome.applied) {
      const isSnapshot = this.#view.getUint8(start + depthOffset.kind) === depthKind.snapshot;
      if (isSnapshot) this.#tookSnapshot(id, offset);
    } else if (outcome === bookOutcome.held) this.#held(id, offset);
    else if (outcome === bookOutcome.stale) this.#metrics.add(staleCell, 1);
    else if (outcome === bookOutcome.gap || outcome === bookOutcome.checksum) {
      if (outcome === bookOutcome.gap) this.#held(id, offset);
      this.#metrics.add(gapCell, 1);
    } else if (isRefusal(outcome)) this.#metrics.add(rejectedCell, 1);
  }

  #tookSnapshot(id: number, offset: number): void {
    const origin = this.#originOf(id);
    const { heldFrom } = origin;
    origin.from = heldFrom === nothingHeld ? offset : heldFrom;
    // What did not follow the snapshot waits for the next one.
    if (this.#books.latest?.held.isEmpty !== false) origin.heldFrom = nothingHeld;
  }

  #held(id: number, offset: number): void {
    const origin = this.#originOf(id);
    if (origin.heldFrom === nothingHeld) origin.heldFrom = offset;
  }

  // Of the book that the last item was for.
  #originOf(id: number): Origin {
    const book = this.#books.latest?.index ?? 0;
    let origins = this.#origins.get(id);
    if (origins === undefined) this.#origins.set(id, (origins = new Map<number, Origin>()));
    let origin = origins.get(book);
    if (origin === undefined) {
      origin = { from: Number.POSITIVE_INFINITY, heldFrom: nothingHeld };
      origins.set(book, origin);
    }
    return origin;
  }
}

const malformedCell = cellOf("malformedFrames");
const staleCell = cellOf("depthStale");
const gapCell = cellOf("depthGaps");
const rejectedCell = cellOf("depthRejected");
