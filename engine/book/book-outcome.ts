// What became of a depth item: a closed table, so that callers can count by code and name it.
import { depthCodeText } from "../../schemas/market/depth-item.ts";
import { bookSymbolsMax, farLevelsMax } from "./book-layout.ts";

/** Codes of `MarketBooks.apply`. From `symbolsFull` on the item changed no level: bad input, or no room. */
export const bookOutcome = {
  /** A delta or snapshot is in the book. */
  applied: 0,
  /** A delta waits for a snapshot. */
  held: 1,
  /** Older than the book. */
  stale: 2,
  /** A delta is missing before this one, which waits for a snapshot. */
  gap: 3,
  trade: 4,
  ticker: 5,
  /** The delta did not fit the far levels: the book is broken until the next snapshot. */
  levelsFull: 6,
  /** The venue's checksum is not that of the book, which is empty until the next snapshot. */
  checksum: 7,
  /** No more symbols fit the memory. */
  symbolsFull: 16,
  /** A price or size passes 2^53 - 1 at the scale of the book, or a size that is added takes a
   * level below 0: the book misses this delta now. */
  range: 17,
  /** `refused` + a depthCode: the bytes are no depth item. */
  refused: 32,
} as const;

/** Whether an outcome means bad input or no room, to be counted as rejected. */
export const isRefusal = (outcome: number): boolean => outcome >= bookOutcome.symbolsFull;

/** Whether whoever replays a recording must be told: a refusal, or a book that is broken by it. */
export const isReplayFault = (outcome: number): boolean =>
  isRefusal(outcome) || outcome === bookOutcome.levelsFull || outcome === bookOutcome.checksum;

const texts: { readonly [outcome: number]: string } = {
  [bookOutcome.applied]: "applied",
  [bookOutcome.held]: "held until a snapshot",
  [bookOutcome.stale]: "older than the book",
  [bookOutcome.gap]: "update ids are missing before it",
  [bookOutcome.trade]: "trade",
  [bookOutcome.ticker]: "ticker",
  [bookOutcome.levelsFull]: `more than farLevelsMax=${farLevelsMax} levels outside the window`,
  [bookOutcome.checksum]: "the checksum is not that of the book: it is empty until a snapshot",
  [bookOutcome.symbolsFull]: `all symbol slots are taken (at most ${bookSymbolsMax})`,
  [bookOutcome.range]:
    "a price or size passes 2^53 - 1 at the scale of the book, or a size falls below 0",
};

/** Meaning of an outcome, for messages and metric labels' help. */
export const bookOutcomeText = (outcome: number): string =>
  texts[outcome] ?? depthCodeText(outcome - bookOutcome.refused);
