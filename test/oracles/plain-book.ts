// The plain twin of engine/book/order-book.ts: two maps, the best found by looking at all levels.
// Slow and obviously right.
import { decimalValueMax } from "../../schemas/market/decimal.ts";

/** What the behaviour suite asks of a book; prices and sizes in integers at the book's scales. */
export type AnyBook = {
  readonly setBid: (price: number, size: number) => void;
  readonly setAsk: (price: number, size: number) => void;
  readonly fitScales: (range: {
    readonly priceScale: number;
    readonly sizeScale: number;
    readonly priceMax: number;
    readonly sizeMax: number;
  }) => boolean;
  readonly scales: () => readonly [number, number];
  /** [price, size] of the best, or null. */
  readonly bestBid: () => readonly [number, number] | null;
  readonly bestAsk: () => readonly [number, number] | null;
  /** Best first. */
  readonly bids: () => [number, number][];
  readonly asks: () => [number, number][];
  readonly clear: () => void;
};

type Levels = Map<number, number>;

const sorted = (levels: Levels, sign: number): [number, number][] =>
  [...levels].sort(([a], [b]) => (b - a) * sign);

const best = (levels: Levels, sign: number): [number, number] | null => {
  let found: [number, number] | null = null;
  for (const [price, size] of levels) {
    if (found === null || (price - found[0]) * sign > 0) found = [price, size];
  }
  return found;
};

const set = (levels: Levels, price: number, size: number): void => {
  if (size === 0) levels.delete(price);
  else levels.set(price, size);
};

export const plainBook = (): AnyBook => {
  let bids: Levels = new Map();
  let asks: Levels = new Map();
  let scales: [number, number] = [-1, -1];
  const scaled = (levels: Levels, price: bigint, size: bigint): Map<bigint, bigint> =>
    new Map([...levels].map(([p, s]) => [BigInt(p) * price, BigInt(s) * size]));
  const isTooLarge = (levels: Map<bigint, bigint>): boolean =>
    [...levels].some(([p, s]) => p > BigInt(decimalValueMax) || s > BigInt(decimalValueMax));
  const asNumbers = (levels: Map<bigint, bigint>): Levels =>
    new Map([...levels].map(([p, s]) => [Number(p), Number(s)]));
  return {
    setBid: (price, size) => set(bids, price, size),
    setAsk: (price, size) => set(asks, price, size),
    fitScales: (range) => {
      const price = Math.max(scales[0], range.priceScale);
      const size = Math.max(scales[1], range.sizeScale);
      const own = [
        BigInt(range.priceMax) * 10n ** BigInt(price - range.priceScale),
        BigInt(range.sizeMax) * 10n ** BigInt(size - range.sizeScale),
      ];
      if (own.some((value) => value > BigInt(decimalValueMax))) return false;
      if (scales[0] >= 0) {
        const factors = [
          10n ** BigInt(price - scales[0]),
          10n ** BigInt(size - scales[1]),
        ] as const;
        const both = [scaled(bids, ...factors), scaled(asks, ...factors)] as const;
        if (both.some(isTooLarge)) return false;
        bids = asNumbers(both[0]);
        asks = asNumbers(both[1]);
      }
      scales = [price, size];
      return true;
    },
    scales: () => scales,
    bestBid: () => best(bids, 1),
    bestAsk: () => best(asks, -1),
    bids: () => sorted(bids, 1),
    asks: () => sorted(asks, -1),
    clear: () => {
      bids.clear();
      asks.clear();
      scales = [-1, -1];
    },
  };
};
