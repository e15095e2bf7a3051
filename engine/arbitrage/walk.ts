// Buying on one book and selling on another, on paper: takes levels of both sides, best against
// best, as long as each pair earns more than its fees. Exact: integers at the finer of both
// scales, in bigint, because a price times a size times a fee passes 2^53. Not for the hot path
// by itself: `mayEarn` tells first, in doubles, whether there is anything to walk.
import type { DepthSide } from "../book/depth.ts";

/** One side of a leg: asks where one buys, bids where one sells. */
export type WalkSide = {
  readonly side: DepthSide;
  readonly priceScale: number;
  readonly sizeScale: number;
  /** Fee of a taker in millionths of the value, 0 to 10^6. */
  readonly feePpm: number;
};

/** What a walk would trade; integers at the scales given. */
export type Walk = {
  readonly priceScale: number;
  readonly sizeScale: number;
  readonly size: bigint;
  readonly buyBest: bigint;
  readonly buyWorst: bigint;
  readonly sellBest: bigint;
  readonly sellWorst: bigint;
  /** After fees of both legs, at priceScale + sizeScale + 6 decimals; above 0. */
  readonly net: bigint;
  /** The copied levels of a side ended before the earning did: more of them may earn more. */
  readonly isCut: boolean;
};

const million = 1_000_000;
const wholePpm = BigInt(million);
// Doubles err by far less; what is closer than this is left to the walk.
const slack = 1e-12;

/** False when the best levels cannot earn anything; true may still turn out to earn nothing. */
export const mayEarn = (buy: WalkSide, sell: WalkSide): boolean => {
  if (buy.side.count === 0 || sell.side.count === 0) return false;
  const cost = ((buy.side.prices[0] ?? 0) * (million + buy.feePpm)) / 10 ** buy.priceScale;
  const gain = ((sell.side.prices[0] ?? 0) * (million - sell.feePpm)) / 10 ** sell.priceScale;
  return gain > cost * (1 - slack);
};

/** Walks from the best levels on, as far as the sides were copied; null when nothing is earned. */
export const walk = (buy: WalkSide, sell: WalkSide): Walk | null => {
  const priceScale = Math.max(buy.priceScale, sell.priceScale);
  const sizeScale = Math.max(buy.sizeScale, sell.sizeScale);
  const bought = new Cursor(buy, priceScale, sizeScale);
  const sold = new Cursor(sell, priceScale, sizeScale);
  const buyBest = bought.price;
  const sellBest = sold.price;
  let buyWorst = 0n;
  let sellWorst = 0n;
  let size = 0n;
  let net = 0n;
  // Ends: each round uses up a level of at least one side.
  while (bought.hasLevel && sold.hasLevel) {
    const each =
      sold.price * (wholePpm - BigInt(sell.feePpm)) -
      bought.price * (wholePpm + BigInt(buy.feePpm));
    if (each <= 0n) break;
    const taken = bought.left < sold.left ? bought.left : sold.left;
    size += taken;
    net += each * taken;
    buyWorst = bought.price;
    sellWorst = sold.price;
    bought.take(taken);
    sold.take(taken);
  }
  if (size === 0n) return null;
  const isCut =
    (!bought.hasLevel && buy.side.count === buy.side.prices.length) ||
    (!sold.hasLevel && sell.side.count === sell.side.prices.length);
  return { priceScale, sizeScale, size, buyBest, buyWorst, sellBest, sellWorst, net, isCut };
};

/** A place among the levels of a side, scaled. */
class Cursor {
  readonly #side: DepthSide;
  readonly #priceFactor: bigint;
  readonly #sizeFactor: bigint;
  #index = -1;
  price = 0n;
  /** Size that is left of the level. */
  left = 0n;

  constructor({ side, ...own }: WalkSide, priceScale: number, sizeScale: number) {
    this.#side = side;
    this.#priceFactor = 10n ** BigInt(priceScale - own.priceScale);
    this.#sizeFactor = 10n ** BigInt(sizeScale - own.sizeScale);
    this.#next();
  }

  get hasLevel(): boolean {
    return this.left > 0n;
  }

  take(size: bigint): void {
    this.left -= size;
    if (this.left === 0n) this.#next();
  }

  #next(): void {
    this.#index += 1;
    const { prices, sizes, count } = this.#side;
    if (this.#index >= count) return;
    this.price = BigInt(prices[this.#index] ?? 0) * this.#priceFactor;
    this.left = BigInt(sizes[this.#index] ?? 0) * this.#sizeFactor;
  }
}
