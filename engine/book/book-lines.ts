// The output lines of `weir book` (reference: the command line contract, section 4). Prices, sizes
// and ids are exact decimal strings.
import { formatDecimal } from "../../schemas/market/decimal.ts";
import type { DepthItem } from "../../schemas/market/depth-item.ts";
import type { BookSide } from "./book-side.ts";
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
      heldDropped: counters.heldDropped,
      crossed: counters.crossed,
    },
  });
};
