// The output lines of `weir book` (reference: the command line contract, section 4). Prices, sizes
// and ids are exact decimal strings.
import { formatDecimal } from "../../schemas/market/decimal.ts";
import type { DepthItem } from "../../schemas/market/depth-item.ts";
import type { BookSide } from "./book-side.ts";
import { createDepth, imbalanceOf } from "./depth.ts";
import { bookState, bookStateName } from "./book-sequencer.ts";
import type { MarketBook } from "./market-books.ts";
import { noCounters, readCounters } from "./top-reader.ts";

const sideText = (side: BookSide, priceScale: number, sizeScale: number) =>
  side.bestPrice < 0
    ? { price: null, size: null }
    : {
        price: formatDecimal(side.bestPrice, priceScale),
        size: formatDecimal(side.bestSize, sizeScale),
      };

const topText = ({ book }: MarketBook) => {
  const bid = sideText(book.bids, book.priceScale, book.sizeScale);
  const ask = sideText(book.asks, book.priceScale, book.sizeScale);
  return { bid: bid.price, bidSize: bid.size, ask: ask.price, askSize: ask.size };
};

const imbalanceLevels = 10;
const imbalanceDecimals = 6;
/** Decimals of a micro-price beyond those of prices; it is cut off there. */
const microDecimals = 6;

/** What follows from both sides: exact, but for micro-price and imbalance. */
const marketText = ({ book }: MarketBook) => {
  const depth = createDepth(imbalanceLevels);
  book.copyDepth(depth);
  const { bids, asks, priceScale } = depth;
  const imbalance = imbalanceOf(depth, imbalanceLevels)?.toFixed(imbalanceDecimals) ?? null;
  if (bids.count === 0 || asks.count === 0) return { ...noMarket, imbalance };
  const [bid, ask] = [BigInt(bids.prices[0] ?? 0), BigInt(asks.prices[0] ?? 0)];
  const [bidSize, askSize] = [BigInt(bids.sizes[0] ?? 0), BigInt(asks.sizes[0] ?? 0)];
  const weighted = (bid * askSize + ask * bidSize) * 10n ** BigInt(microDecimals);
  return {
    spread: formatDecimal(ask - bid, priceScale),
    mid: formatDecimal((bid + ask) * 5n, priceScale + 1),
    microPrice: formatDecimal(weighted / (bidSize + askSize), priceScale + microDecimals),
    imbalance,
  };
};

const noMarket = { spread: null, mid: null, microPrice: null, imbalance: null };

/** The top as it is right after `item` was applied. */
export const bookLine = (symbol: string, book: MarketBook, item: DepthItem): string =>
  JSON.stringify({
    ts: item.receiveNs().toString(),
    symbol,
    updateId: item.lastId.toString(),
    ...topText(book),
  });

const nothing = { bid: null, bidSize: null, ask: null, askSize: null };

/** The last line; without a book all counts are 0. `symbol` "" becomes null. */
export const summaryLine = (
  symbol: string,
  book: MarketBook | null,
  vwap: string | null,
): string => {
  const counters = book === null ? noCounters : readCounters(book.slot);
  const { messages, applied, stale, gaps, resyncs, levelUpdates, trades } = counters;
  return JSON.stringify({
    summary: {
      symbol: symbol === "" ? null : symbol,
      messages,
      applied,
      stale,
      gaps,
      resyncs,
      levelUpdates,
      trades,
      vwap,
      ...(book === null ? nothing : topText(book)),
      state: bookStateName(book === null ? bookState.buffering : book.sequencer.state),
      ...(book === null ? noMarket : marketText(book)),
      heldDropped: counters.heldDropped,
      crossed: counters.crossed,
      checksumFaults: counters.checksumFaults,
    },
  });
};
