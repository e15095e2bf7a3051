// A made-up spot stream, consistent in itself: a seeded random walk of the touch, a book kept in
// plain maps, deltas that say exactly what changed with Binance's U and u, trades and tickers that
// agree with the book, and a snapshot now and then for consumers that join late.
import { formatDecimal } from "../../schemas/market/decimal.ts";
import type { DepthFeedMessage } from "./depth.ts";
import type { FeedClock } from "./feed-clock.ts";

export type GeneratedDepthOptions = {
  readonly seed: number;
  readonly symbol: string;
  /** Deltas per second, above 0; 0 makes them as fast as the consumer takes them. */
  readonly deltasPerSecond: number;
  /** Deltas between two snapshots. */
  readonly snapshotEvery: number;
  /** Ends after so many deltas; Infinity goes on until the consumer stops. */
  readonly deltasMax: number;
  readonly clock: FeedClock;
};

const priceScale = 2;
const sizeScale = 5;
const startPrice = 6_000_000;
const levelsFirst = 500;
const changesMax = 40;
/** Levels farther than this from the middle are removed, so that the maps stay small. */
const reachTicks = 20_000;
const batchMs = 10;
const nsPerMs = 1_000_000n;

type Side = Map<number, number>;
type Changes = { bids: [number, number][]; asks: [number, number][]; first: number; last: number };

// Numerical Recipes' linear congruential generator: reproducible, nothing more is asked of it.
const randomOf = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** The simulated venue: `step` changes its book, the other methods tell about it. */
class GeneratedMarket {
  readonly #below: (below: number) => number;
  readonly #symbol: string;
  readonly #bids: Side = new Map();
  readonly #asks: Side = new Map();
  #middle = startPrice;
  #lastId = 1_000_000;
  #tradeId = 0;

  constructor(seed: number, symbol: string) {
    this.#below = randomOf(seed);
    this.#symbol = symbol;
    for (let i = 1; i <= levelsFirst; i += 1) {
      this.#bids.set(this.#middle - i * (1 + this.#below(3)), 1 + this.#below(1_000_000));
      this.#asks.set(this.#middle + i * (1 + this.#below(3)), 1 + this.#below(1_000_000));
    }
  }

  snapshot(): string {
    const best = (side: Side, sign: number) => [...side].sort(([a], [b]) => (a - b) * sign);
    return JSON.stringify({
      lastUpdateId: this.#lastId,
      bids: best(this.#bids, -1).map(levelText),
      asks: best(this.#asks, 1).map(levelText),
      symbol: this.#symbol,
    });
  }

  /** Moves the market by one delta and returns the delta, and a trade one time in three. */
  step(nowMs: number): string[] {
    const changes: Changes = { bids: [], asks: [], first: this.#lastId + 1, last: 0 };
    this.#middle = Math.max(this.#middle + this.#below(41) - 20, 2 * reachTicks);
    this.#uncross(changes);
    for (let i = this.#below(changesMax) + 1; i > 0; i -= 1) this.#change(changes);
    this.#lastId += Math.max(changes.bids.length + changes.asks.length, 1);
    changes.last = this.#lastId;
    const delta = {
      stream: `${this.#symbol.toLowerCase()}@depth@100ms`,
      data: {
        e: "depthUpdate",
        E: nowMs,
        s: this.#symbol,
        U: changes.first,
        u: changes.last,
        b: changes.bids.map(levelText),
        a: changes.asks.map(levelText),
      },
    };
    const messages = [JSON.stringify(delta)];
    if (this.#below(3) === 0) messages.push(this.#trade(nowMs));
    return messages;
  }

  // The walk passed these levels: they traded away. Far ones are forgotten.
  #uncross({ bids, asks }: Changes): void {
    for (const price of this.#bids.keys()) {
      if (price < this.#middle && price > this.#middle - reachTicks) continue;
      this.#bids.delete(price);
      bids.push([price, 0]);
    }
    for (const price of this.#asks.keys()) {
      if (price > this.#middle && price < this.#middle + reachTicks) continue;
      this.#asks.delete(price);
      asks.push([price, 0]);
    }
  }

  // Most changes are near the middle: the square of a uniform number.
  #change({ bids, asks }: Changes): void {
    const isBid = this.#below(2) === 0;
    const away = 1 + Math.floor(this.#below(1000) ** 2 / 1000);
    const price = isBid ? this.#middle - away : this.#middle + away;
    const size = this.#below(4) === 0 ? 0 : 1 + this.#below(1_000_000);
    const side = isBid ? this.#bids : this.#asks;
    if (size === 0) side.delete(price);
    else side.set(price, size);
    (isBid ? bids : asks).push([price, size]);
  }

  #trade(nowMs: number): string {
    this.#tradeId += 1;
    const isSell = this.#below(2) === 0;
    const [p, q] = levelText([this.#middle, 1 + this.#below(100_000)]);
    return JSON.stringify({
      stream: `${this.#symbol.toLowerCase()}@trade`,
      data: {
        e: "trade",
        E: nowMs,
        s: this.#symbol,
        t: this.#tradeId,
        p,
        q,
        T: nowMs,
        m: isSell,
      },
    });
  }
}

const levelText = ([price, size]: readonly [number, number]): [string, string] => [
  formatDecimal(price, priceScale),
  formatDecimal(size, sizeScale),
];

/** Batches of a generated spot stream, each when it is due; the first begins with a snapshot. */
export async function* generatedDepth(
  options: GeneratedDepthOptions,
): AsyncGenerator<readonly DepthFeedMessage[]> {
  const { clock, deltasPerSecond, snapshotEvery, symbol } = options;
  const market = new GeneratedMarket(options.seed, symbol);
  const startNs = clock.nowNs();
  let made = 0;
  while (made < options.deltasMax) {
    const receiveNs = clock.nowNs();
    const elapsedMs = Number((receiveNs - startNs) / nsPerMs) + batchMs;
    const due = deltasPerSecond === 0 ? made + 16 : Math.floor((elapsedMs * deltasPerSecond) / 1e3);
    // A consumer that was slow is not flooded afterwards.
    const end = Math.min(due, made + 64, options.deltasMax);
    const batch: DepthFeedMessage[] = [];
    const push = (message: string): void => {
      batch.push({ venue: "binance-spot", symbol, receiveNs, message });
    };
    for (; made < end; made += 1) {
      if (made % snapshotEvery === 0) push(market.snapshot());
      for (const message of market.step(Number(receiveNs / nsPerMs))) push(message);
    }
    if (batch.length > 0) yield batch;
    if (deltasPerSecond !== 0) await clock.sleepMs(batchMs);
  }
}
