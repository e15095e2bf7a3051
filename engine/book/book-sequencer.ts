// Decides from update ids alone whether a depth message continues the book: the rules of Binance
// spot, USD-M and COIN-M. Holds no levels and no messages, so that it can be tested as a table.
//
// BUFFERING (no snapshot yet) -> SNAPSHOT (one was taken, no delta yet) -> SYNCED -> GAP (a delta
// is missing) -> SNAPSHOT ... A stream that never carries a snapshot stays in BUFFERING: deltas
// alone cannot tell a whole book.
import { type VenueName, venueCodes } from "../../schemas/market/venues.ts";

/** State of a book, as published. */
export const bookState = { buffering: 0, snapshot: 1, synced: 2, gap: 3 } as const;

const stateNames = ["buffering", "snapshot", "synced", "gap"] as const;
export type BookStateName = (typeof stateNames)[number];

/** Name of a published state. */
export const bookStateName = (state: number): BookStateName => stateNames[state] ?? "buffering";

/** What to do with a message. */
export const verdict = {
  apply: 0,
  /** Older than the book: drop. */
  stale: 1,
  /** Keep until a snapshot comes. */
  hold: 2,
  /** The first message after a hole: keep as `hold`, the book is no longer exact. */
  gap: 3,
} as const;

/** How a venue numbers its deltas. `id`: U is the last u + 1. `link`: pu is the last u. */
export type SequenceRule = "id" | "link";

const rules: { readonly [venue in VenueName]: SequenceRule } = {
  "binance-spot": "id",
  "binance-usdm": "link",
  "binance-coinm": "link",
};

/** The rule of a venue code; venues are known to be valid. */
export const sequenceRuleOf = (venue: number): SequenceRule => {
  for (const [name, code] of Object.entries(venueCodes)) {
    if (code === venue) return rules[name as VenueName];
  }
  throw new RangeError(`venue=${venue} has no sequence rule`);
};

/** One per book. Ids are integers from 0 to 2^53 - 1. */
export class BookSequencer {
  readonly #isLinked: boolean;
  #state: number = bookState.buffering;
  #lastId = -1;

  constructor(rule: SequenceRule) {
    this.#isLinked = rule === "link";
  }

  get state(): number {
    return this.#state;
  }

  /** Id of the book as it is, -1 before the first snapshot. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * A snapshot replaces the book when the book has none, is broken, or is older. A newer one is
   * taken even in SYNCED: after a reconnection it comes before the hole can be seen.
   */
  offerSnapshot(lastId: number): number {
    const isLive = this.#state === bookState.snapshot || this.#state === bookState.synced;
    if (isLive && lastId <= this.#lastId) return verdict.stale;
    this.#state = bookState.snapshot;
    this.#lastId = lastId;
    return verdict.apply;
  }

  /** `prevId` is only looked at under rule `link`. */
  offerDelta(firstId: number, lastId: number, prevId: number): number {
    if (this.#state === bookState.synced) {
      if (lastId <= this.#lastId) return verdict.stale;
      const continues = this.#isLinked ? prevId === this.#lastId : firstId === this.#lastId + 1;
      return this.#take(continues, lastId);
    }
    if (this.#state !== bookState.snapshot) return verdict.hold;
    if (this.#isLinked) {
      if (lastId < this.#lastId) return verdict.stale;
      return this.#take(firstId <= this.#lastId || prevId === this.#lastId, lastId);
    }
    if (lastId <= this.#lastId) return verdict.stale;
    return this.#take(firstId <= this.#lastId + 1, lastId);
  }

  /** The book was damaged by something other than ids: only a snapshot helps. */
  breakOff(): void {
    this.#state = bookState.gap;
  }

  #take(continues: boolean, lastId: number): number {
    this.#state = continues ? bookState.synced : bookState.gap;
    if (!continues) return verdict.gap;
    this.#lastId = lastId;
    return verdict.apply;
  }
}
