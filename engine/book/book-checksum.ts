// Checksums of a book as the venues make them. Kraken: the CRC-32 of its ten best asks, then bids, as
// digits; at the venue's precision those digits are the book's integers, so no text of prices is kept.
// Bitfinex: the CRC-32 of its 25 best, bid and ask in turns, as JavaScript writes numbers. Allocates:
// only for venues that send checksums.
import { crc32 } from "node:zlib";

import { formatDecimal } from "../../schemas/market/decimal.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import { createDepth, type Depth, type DepthSide } from "./depth.ts";
import type { OrderBook } from "./order-book.ts";

/** Levels of a side that Kraken's checksum is of. */
export const krakenChecksumLevels = 10;

const bitfinexChecksumLevels = 25;

/** CRC-32 of the book, 0 to 2^32 - 1. */
export type BookChecksum = (book: OrderBook) => number;

const digitsOf = ({ prices, sizes, count }: DepthSide): string => {
  let digits = "";
  for (let i = 0; i < count; i += 1) digits += `${prices[i] ?? 0}${sizes[i] ?? 0}`;
  return digits;
};

const krakenChecksum = (): BookChecksum => {
  const best = createDepth(krakenChecksumLevels);
  return (book) => {
    book.copyDepth(best);
    return crc32(digitsOf(best.asks) + digitsOf(best.bids));
  };
};

// The nearest double of the exact decimal is the number that the venue wrote.
const numberOf = (value: number | undefined, scale: number): number =>
  Number(formatDecimal(value ?? 0, scale));

const numbersOf = ({ bids, asks, priceScale, sizeScale }: Depth): string => {
  const numbers: number[] = [];
  for (let i = 0; i < bitfinexChecksumLevels; i += 1) {
    for (const { prices, sizes, count, sign } of [bids, asks]) {
      if (i >= count) continue;
      // An ask's amount is negative.
      numbers.push(numberOf(prices[i], priceScale), sign * numberOf(sizes[i], sizeScale));
    }
  }
  return numbers.join(":");
};

const bitfinexChecksum = (): BookChecksum => {
  const best = createDepth(bitfinexChecksumLevels);
  return (book) => {
    book.copyDepth(best);
    return crc32(numbersOf(best));
  };
};

/** Made once per thread: which books share their scratch. A venue without a form of its own has Kraken's. */
export const bookChecksums = (): ((venue: number) => BookChecksum) => {
  const [kraken, bitfinex] = [krakenChecksum(), bitfinexChecksum()];
  return (venue) => (venue === venueCodes.bitfinex ? bitfinex : kraken);
};
