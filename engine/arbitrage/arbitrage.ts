// Finds prices of one book that are worth taking against another, after fees, for every ordered
// pair of legs: a leg is a venue's symbol. A leg whose book is not in sync, too old, or too far
// from the other's time is not looked at. Holds no books: whoever has them tells it of changes.
import type { OrderBook } from "../book/order-book.ts";
import { createDepth, type Depth } from "../book/depth.ts";
import { mayEarn, walk, type Walk } from "./walk.ts";

/** A book as a leg; the owner sets the changing fields before `onUpdate`. Times in microseconds. */
export type Leg = {
  readonly name: string;
  /** Fee of a taker in millionths of the value, an integer from 0 to 10^6. */
  readonly feePpm: number;
  book: OrderBook | null;
  /** In sync or just after a snapshot. */
  isLive: boolean;
  updateId: number;
  receiveUs: number;
  /** The venue's time of its last item; `receiveUs` where the venue gives none. */
  eventUs: number;
};

/** Two legs that earn together, when, and what. */
export type Opportunity = {
  readonly buy: Leg;
  readonly sell: Leg;
  readonly walk: Walk;
};

/** What is compared, within which limits, and who is told. Times in microseconds. */
export type ArbitrageOptions = {
  readonly legs: readonly Leg[];
  /** Oldest item of a leg when the other changes, microseconds. */
  readonly ageUsMax: number;
  /** Largest difference of the legs' venue times, microseconds. */
  readonly skewUsMax: number;
  /** Levels of a side that are walked at most, 1 to 4,096. */
  readonly levelsMax: number;
  /** Called when an opportunity appears, or its size or net changes. */
  readonly onOpportunity: (opportunity: Opportunity) => void;
};

const levelsFew = 64;

type Pair = {
  readonly buy: Leg;
  readonly sell: Leg;
  /** Last told of; null when there was none. */
  told: Walk | null;
};

/** Reasons for which a pair was not looked at, counted. */
export type ArbitrageCounts = { looks: number; stale: number; skewed: number; found: number };

/** One thread: that of the books. Allocates only while a pair earns. */
export class Arbitrage {
  readonly counts: ArbitrageCounts = { looks: 0, stale: 0, skewed: 0, found: 0 };
  readonly #options: ArbitrageOptions;
  readonly #pairs: readonly Pair[];
  readonly #buyTop = createDepth(1);
  readonly #sellTop = createDepth(1);
  // Few levels mostly suffice, and are copied without looking outside the books' windows.
  readonly #few: readonly [Depth, Depth];
  readonly #many: readonly [Depth, Depth];

  /** @throws RangeError for a fee, age, skew or number of levels that is out of its range. */
  constructor(options: ArbitrageOptions) {
    checkOptions(options);
    this.#options = options;
    const few = Math.min(options.levelsMax, levelsFew);
    this.#few = [createDepth(few), createDepth(few)];
    this.#many = [createDepth(options.levelsMax), createDepth(options.levelsMax)];
    this.#pairs = options.legs.flatMap((buy) =>
      options.legs.filter((sell) => sell !== buy).map((sell) => ({ buy, sell, told: null })),
    );
  }

  /** Looks at all pairs of a leg whose book changed. `nowUs` is the time of that change. */
  onUpdate(leg: Leg, nowUs: number): void {
    for (const pair of this.#pairs) {
      if (pair.buy === leg || pair.sell === leg) this.#look(pair, nowUs);
    }
  }

  #look(pair: Pair, nowUs: number): void {
    const { buy, sell } = pair;
    const found = this.#mayTrade(buy, sell, nowUs) ? this.#walk(buy, sell) : null;
    const { told } = pair;
    pair.told = found;
    if (found === null || (told !== null && earnsTheSame(found, told))) return;
    this.counts.found += 1;
    this.#options.onOpportunity({ buy, sell, walk: found });
  }

  #mayTrade(buy: Leg, sell: Leg, nowUs: number): boolean {
    if (!buy.isLive || !sell.isLive) return false;
    this.counts.looks += 1;
    // So that a time that is no number is not taken for the present.
    if (!(nowUs - Math.min(buy.receiveUs, sell.receiveUs) <= this.#options.ageUsMax)) {
      this.counts.stale += 1;
      return false;
    }
    if (!(Math.abs(buy.eventUs - sell.eventUs) <= this.#options.skewUsMax)) {
      this.counts.skewed += 1;
      return false;
    }
    return true;
  }

  // The tops first: most looks end there.
  #walk(buy: Leg, sell: Leg): Walk | null {
    if (buy.book === null || sell.book === null) return null;
    buy.book.copyDepth(this.#buyTop);
    sell.book.copyDepth(this.#sellTop);
    if (!mayEarn(sideOf(buy, this.#buyTop, "asks"), sideOf(sell, this.#sellTop, "bids"))) {
      return null;
    }
    const found = this.#walkWith(this.#few, buy, sell);
    return found?.isCut === true ? this.#walkWith(this.#many, buy, sell) : found;
  }

  #walkWith([buyDepth, sellDepth]: readonly [Depth, Depth], buy: Leg, sell: Leg): Walk | null {
    buy.book?.copyDepth(buyDepth);
    sell.book?.copyDepth(sellDepth);
    return walk(sideOf(buy, buyDepth, "asks"), sideOf(sell, sellDepth, "bids"));
  }
}

// A book's scales may be others than at the last look.
const earnsTheSame = (a: Walk, b: Walk): boolean =>
  isSame(a.size, a.sizeScale, b.size, b.sizeScale) &&
  isSame(a.net, a.priceScale + a.sizeScale, b.net, b.priceScale + b.sizeScale);

const isSame = (a: bigint, aScale: number, b: bigint, bScale: number): boolean =>
  a * 10n ** BigInt(bScale) === b * 10n ** BigInt(aScale);

const feePpmMax = 1_000_000;

const checkOptions = ({ legs, ageUsMax, skewUsMax }: ArbitrageOptions): void => {
  for (const { name, feePpm } of legs)
    if (!Number.isInteger(feePpm) || feePpm < 0 || feePpm > feePpmMax)
      throw new RangeError(`leg=${name}: feePpm=${feePpm}, integers from 0 to ${feePpmMax}`);
  for (const [field, us] of Object.entries({ ageUsMax, skewUsMax }))
    if (!(us >= 0)) throw new RangeError(`${field}=${us}, 0 at least`);
};

const sideOf = ({ feePpm }: Leg, depth: Depth, side: "bids" | "asks") => ({
  side: depth[side],
  priceScale: depth.priceScale,
  sizeScale: depth.sizeScale,
  feePpm,
});
