// What the threads of the path benchmark agree on: the run asked for, the records on both rings, and
// the flags.
//
//   in (message ring)   0 f64 time due, ms of the source's clock   8 f64 number   16 transaction
//   out (slot ring)     0 f64 time due   8 f64 number   16 f64 price   24 f64 size
//                       32 f64 best bid  40 f64 best ask, of the book after the trade
import { createBookMemory } from "../../../engine/book/book-layout.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";

export type PathPlan = {
  /** Transactions a second, open loop; 0 for as fast as the rings take them. */
  readonly rate: number;
  readonly windows: number;
  readonly windowSeconds: number;
  readonly warmupSeconds: number;
  /** Idle threads spin, or sleep until woken; "poll" is a market that sleeps 100 us each time. */
  readonly idle: "spin" | "park" | "poll";
  /** Share of transactions that are watched and reach book and sink. */
  readonly share: number;
  /** Pin source and market to a processor each. */
  readonly isPinned: boolean;
  /** What the source does with a full ring: hold (and be late), or drop. */
  readonly policy: "block" | "drop-newest";
  readonly seed: number;
};

export type PathMemory = {
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
  readonly book: SharedArrayBuffer;
  readonly flags: SharedArrayBuffer;
};

/** Int32 words of the flags, lines apart where they are polled. */
export const readyFlag = 0;
export const threadIdFlag = 1;
/** Never changed: for sleeping on. */
export const sleepFlag = 2;
export const stopFlag = 32;
/** Float64 index: when measuring began, ms since the epoch. */
export const measuredFromDouble = 2;

export const inputAt = { dueMs: 0, number: 8, transaction: 16 } as const;
export const outputAt = { dueMs: 0, number: 8, price: 16, size: 24, bid: 32, ask: 40 } as const;

export const outputSlotBytes = 64;
const outputSlots = 4096;
const inputBytes = 1 << 22;
export const bidPriceMax = 6_000_000;

export const createPathMemory = ({ policy }: PathPlan): PathMemory => ({
  input: createMessageRing({ capacityBytes: inputBytes, policy }),
  output: createSlotRing({ slotBytes: outputSlotBytes, slots: outputSlots, policy: "block" }),
  book: createBookMemory(1),
  flags: new SharedArrayBuffer(256),
});

/** Times in us, upper ends of histogram buckets (below 0.8 % wide). */
export type PathWindow = {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

/** What the market thread says when it has stopped. */
export type MarketReport = {
  readonly received: number;
  readonly candidates: number;
  readonly isPinned: boolean;
  /** Collections of its heap in the measured time, by kind. */
  readonly scavenges: number;
  readonly majorCollections: number;
};

export type PathResult = {
  readonly windows: readonly PathWindow[];
  /** Transactions a second that were sent in the measured time. */
  readonly achieved: number;
  readonly sent: number;
  readonly dropped: number;
  /** Watched transactions sent that never reached the sink. */
  readonly lost: number;
  readonly isPinned: boolean;
  readonly seconds: number;
  /** Of the whole process: source, market and sink. */
  readonly rssMiB: number;
  /** Share of one processor that the market thread took; null where nobody counts it. */
  readonly marketCpu: number | null;
  readonly market: MarketReport;
};
