// The best levels of one book at one moment, and what can be said of them: sizes to a price, the
// cost of a sweep, the balance of both sides. Not shared memory (depth-reader.ts fills it from
// there) and not exact decimals: prices stay ticks, sizes lots, averages are doubles of those.

/** Best first. Arrays have room for `levelsMax`; entries from `count` on are old. */
export type DepthSide = {
  /** 1 for bids, -1 for asks: a price is better when price * sign is higher. */
  readonly sign: 1 | -1;
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  count: number;
  /**
   * The side has further levels, which were not copied: there was no room for them, or a
   * `DepthReader` does not see so many. Sums and sweeps then end before the side does.
   */
  isCut: boolean;
};

/** Both sides with the scales of their integers. */
export type Depth = {
  readonly bids: DepthSide;
  readonly asks: DepthSide;
  priceScale: number;
  sizeScale: number;
  /** Id of the last item applied. */
  updateId: number;
  /** A `bookState`: only `snapshot` and `synced` are to be trusted. */
  state: number;
  /** Level updates applied so far: the difference of two reads is what changed between them. */
  levelUpdates: number;
  /** Receive time of the last item, microseconds since the epoch. */
  receiveUs: number;
};

/** Most levels of one side that are copied at once. */
const depthLevelsKeptMax = 4096;

const emptySide = (levelsMax: number, sign: 1 | -1): DepthSide => ({
  sign,
  prices: new Float64Array(levelsMax),
  sizes: new Float64Array(levelsMax),
  count: 0,
  isCut: false,
});

/**
 * Room for `levelsMax` levels a side.
 * @throws RangeError when that is not 1 to 4,096.
 */
export const createDepth = (levelsMax: number): Depth => {
  if (!Number.isInteger(levelsMax) || levelsMax < 1 || levelsMax > depthLevelsKeptMax) {
    throw new RangeError(
      `levelsMax=${levelsMax} is not 1 to depthLevelsKeptMax=${depthLevelsKeptMax}`,
    );
  }
  return {
    bids: emptySide(levelsMax, 1),
    asks: emptySide(levelsMax, -1),
    priceScale: 0,
    sizeScale: 0,
    updateId: 0,
    state: 0,
    levelUpdates: 0,
    receiveUs: 0,
  };
};

const bestOf = ({ prices }: DepthSide): number => prices[0] ?? 0;

const sizeOf = ({ sizes, count }: DepthSide, levels: number): number => {
  let total = 0;
  for (let i = 0; i < count && i < levels; i += 1) total += sizes[i] ?? 0;
  return total;
};

/** Best ask minus best bid in ticks, exact; null without both. Crossed books have negative ones. */
export const spreadOf = ({ bids, asks }: Depth): number | null =>
  bids.count === 0 || asks.count === 0 ? null : bestOf(asks) - bestOf(bids);

/** Middle of the best prices in ticks, exact (a half tick is possible) for prices below 2^52. */
export const midOf = ({ bids, asks }: Depth): number | null =>
  bids.count === 0 || asks.count === 0 ? null : bestOf(bids) + (bestOf(asks) - bestOf(bids)) / 2;

/** Mid weighted by the size on the other side: it leans to where the next trade is likelier. */
export const microPriceOf = (depth: Depth): number | null => {
  const { bids, asks } = depth;
  const spread = spreadOf(depth);
  if (spread === null) return null;
  const bidSize = bids.sizes[0] ?? 0;
  return bestOf(bids) + (spread * bidSize) / (bidSize + (asks.sizes[0] ?? 0));
};

/** (bids - asks) / (bids + asks) of the sizes of the best `levels`, -1 to 1; null when empty. */
export const imbalanceOf = ({ bids, asks }: Depth, levels: number): number | null => {
  const bidSize = sizeOf(bids, levels);
  const askSize = sizeOf(asks, levels);
  return bidSize + askSize === 0 ? null : (bidSize - askSize) / (bidSize + askSize);
};

/** Size from the best price to `price` inclusive, in lots; exact below 2^53. */
export const depthTo = ({ sign, prices, sizes, count }: DepthSide, price: number): number => {
  let total = 0;
  for (let i = 0; i < count && ((prices[i] ?? 0) - price) * sign >= 0; i += 1) {
    total += sizes[i] ?? 0;
  }
  return total;
};

/** What taking a size from a side would give. */
export type Sweep = {
  /** Lots found, at most those asked for. */
  filled: number;
  /** Levels taken from, the last perhaps in part. */
  levels: number;
  /** Volume-weighted average price in ticks, NaN when nothing was filled. */
  averagePrice: number;
  /** Price of the last level taken from, NaN as well. */
  worstPrice: number;
};

/**
 * Takes `size` lots from the best level on, on paper; Infinity takes all. Writes to `into`, which is
 * returned; less than asked is filled when the copied levels end. Sums are of differences to the best price, so
 * that a double holds them.
 */
export const sweep = (side: DepthSide, size: number, into: Sweep): Sweep => {
  const best = bestOf(side);
  let filled = 0;
  let offset = 0;
  let levels = 0;
  while (filled < size && levels < side.count) {
    const taken = Math.min(size - filled, side.sizes[levels] ?? 0);
    offset += ((side.prices[levels] ?? 0) - best) * taken;
    filled += taken;
    levels += 1;
  }
  into.filled = filled;
  into.levels = levels;
  into.averagePrice = best + offset / filled;
  into.worstPrice = levels === 0 ? Number.NaN : (side.prices[levels - 1] ?? 0);
  return into;
};

/** Whether a depth is younger than `ageUsMax` at `nowUs`, both in microseconds. */
export const isFresh = ({ receiveUs }: Depth, nowUs: number, ageUsMax: number): boolean =>
  nowUs - receiveUs <= ageUsMax;

/** Best bid at or above the best ask: no market can stay so. */
export const isCrossedOrLocked = (depth: Depth): boolean => {
  const spread = spreadOf(depth);
  return spread !== null && spread <= 0;
};
