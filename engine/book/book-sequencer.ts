// Decides from update ids alone whether a depth message continues the book: the rules of the
// venues. Holds no levels and no messages, so that it can be tested as a table.
//
// BUFFERING (no snapshot yet) -> SNAPSHOT (one was taken, no delta yet) -> SYNCED -> GAP (a delta
// is missing) -> SNAPSHOT ... A stream that never carries a snapshot stays in BUFFERING: deltas
// alone cannot tell a whole book.
import { type VenueName, venueCodes } from "../../schemas/market/venues.ts";

/** State of a book, as published. */
export const bookState = { buffering: 0, snapshot: 1, synced: 2, gap: 3 } as const;

const stateNames = ["buffering", "snapshot", "synced", "gap"] as const;
/** Names of `bookState`, as outputs have them. */
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

/**
 * How a venue numbers its deltas.
 * `id` (Binance spot): U is the last u + 1; snapshots come from elsewhere and may be old.
 * `link` (Binance futures): pu is the last u; snapshots as above.
 * `chain`: each delta names the one before it, or counts by one when it names none; snapshots
 * come in the stream and always begin the book anew, ids may fall (OKX, Bybit, Deribit).
 * `rise`: as `chain`, but ids that name none need only not fall: what was lost is told otherwise
 * (checksums of Kraken and Bitfinex, Coinbase's connection) or not at all (files of single orders).
 */
export type SequenceRule = "id" | "link" | "chain" | "rise";

const rules: { readonly [venue in VenueName]: SequenceRule } = {
  "binance-spot": "id",
  "binance-usdm": "link",
  "binance-coinm": "link",
  kraken: "rise",
  okx: "chain",
  bybit: "chain",
  coinbase: "rise",
  generic: "chain",
  "generic-delta": "chain",
  bitfinex: "rise",
  deribit: "chain",
  databento: "rise",
  itch: "rise",
  lobster: "rise",
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
  readonly #isInStream: boolean;
  readonly #stepMin: number;
  readonly #stepMax: number;
  #state: number = bookState.buffering;
  #lastId = -1;

  constructor(rule: SequenceRule) {
    this.#isLinked = rule === "link";
    this.#isInStream = rule === "chain" || rule === "rise";
    this.#stepMin = rule === "rise" ? 0 : 1;
    this.#stepMax = rule === "rise" ? Number.MAX_SAFE_INTEGER : 1;
  }

  get state(): number {
    return this.#state;
  }

  /** Whether snapshots come in order among the deltas, so that those before one are over. */
  get isInStream(): boolean {
    return this.#isInStream;
  }

  /** Id of the book as it is, -1 before the first snapshot. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * A snapshot replaces the book when the book has none, is broken, or is older. A newer one is
   * taken even in SYNCED: after a reconnection it comes before the hole can be seen. One that
   * comes in the stream of deltas is always taken.
   */
  offerSnapshot(lastId: number): number {
    const isLive = this.#state === bookState.snapshot || this.#state === bookState.synced;
    if (isLive && !this.#isInStream && lastId <= this.#lastId) return verdict.stale;
    this.#state = bookState.snapshot;
    this.#lastId = lastId;
    return verdict.apply;
  }

  /** `prevId` is -1 when the delta names none; rule `id` does not look at it. */
  offerDelta(firstId: number, lastId: number, prevId: number): number {
    if (this.#isInStream) return this.#offerInStream(firstId, lastId, prevId);
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

  // A named predecessor decides alone: ids may fall where a venue begins its numbers anew.
  #offerInStream(firstId: number, lastId: number, prevId: number): number {
    const isLive = this.#state === bookState.snapshot || this.#state === bookState.synced;
    if (!isLive) return verdict.hold;
    if (prevId >= 0) {
      if (prevId === this.#lastId) return this.#take(true, lastId);
      return lastId === this.#lastId ? verdict.stale : this.#take(false, lastId);
    }
    const step = firstId - this.#lastId;
    if (step < this.#stepMin) return verdict.stale;
    return this.#take(step <= this.#stepMax, lastId);
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
