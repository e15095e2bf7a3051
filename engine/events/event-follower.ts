// Follows one event collector from where it stood: each event once, in order, while it is written.
// What the writer overwrote before it was read is counted as lost, so that taken + lost + lag is
// what was written. One thread reads; several followers of one memory know nothing of each other.
import { finishLoads } from "../ring/store-order.ts";
import {
  capacityWord,
  eventAt,
  eventHeaderBytes,
  eventSlotBytes,
  nextSlotWord,
  writtenWord,
} from "./event-layout.ts";
import { type EventLine, eventLine } from "./event-line.ts";

/** Told of each event; `wants` first, by its type's code, so that only few become lines. */
export type EventTaker = {
  readonly wants: (type: number) => boolean;
  readonly take: (line: EventLine) => void;
};

export class EventFollower {
  /** Events that were read, wanted or not. */
  taken = 0;
  /** Events that were overwritten before they could be read. */
  lost = 0;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #capacity: number;
  /** Events before this one were read or lost; wraps as the writer's count does. */
  #seen: number;
  #slot: number;

  /**
   * Begins with the next event (of a memory that is being written, perhaps with the one after), or
   * with the first that there ever was.
   */
  constructor(memory: SharedArrayBuffer, from: "now" | "start" = "now") {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#capacity = this.#words[capacityWord] ?? 1;
    this.#seen = from === "start" ? 0 : Atomics.load(this.#words, writtenWord);
    this.#slot = from === "start" ? 0 : Atomics.load(this.#words, nextSlotWord);
  }

  /** Events written and not read yet. */
  get lag(): number {
    return (Atomics.load(this.#words, writtenWord) - this.#seen) >>> 0;
  }

  /** Reads up to `limit` events; returns how many were read or found lost. */
  read({ wants, take }: EventTaker, limit: number): number {
    const lag = this.lag;
    const gone = Math.max(0, lag - this.#capacity);
    this.#skip(gone);
    const count = Math.min(limit, lag - gone);
    for (let i = 0; i < count; i += 1) this.#readOne({ wants, take });
    return gone + count;
  }

  #skip(count: number): void {
    this.lost += count;
    this.#seen = (this.#seen + count) | 0;
    this.#slot = (this.#slot + count) % this.#capacity;
  }

  #readOne({ wants, take }: EventTaker): void {
    const at = eventHeaderBytes + this.#slot * eventSlotBytes;
    const number = (this.#seen + 1) | 0;
    const word = number === 0 ? 1 : number;
    const isThere = Atomics.load(this.#words, at >> 2) === word;
    const isWanted = isThere && wants(this.#view.getUint8(at + eventAt.type));
    const line = isWanted ? eventLine(this.#view, at) : null;
    finishLoads();
    // Read again: the writer may have come round meanwhile.
    const isWhole = isThere && Atomics.load(this.#words, at >> 2) === word;
    this.#seen = number;
    this.#slot = (this.#slot + 1) % this.#capacity;
    if (!isWhole) this.lost += 1;
    else this.taken += 1;
    if (isWhole && line !== null) take(line);
  }
}
