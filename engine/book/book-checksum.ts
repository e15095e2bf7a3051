// Kraken's checksum of a book: the CRC-32 of its ten best asks, then bids, as digits. At the
// venue's precision those digits are the book's integers, so no text of prices is kept. Allocates:
// only for venues that send checksums.
import { crc32 } from "node:zlib";

import type { OrderBook } from "./order-book.ts";
import type { Depth, DepthSide } from "./depth.ts";

/** Levels of a side that the checksum is of. */
export const checksumLevels = 10;

const digitsOf = ({ prices, sizes, count }: DepthSide): string => {
  let digits = "";
  for (let i = 0; i < count; i += 1) digits += `${prices[i] ?? 0}${sizes[i] ?? 0}`;
  return digits;
};

/** CRC-32 of the book, 0 to 2^32 - 1; `scratch` has room for `checksumLevels`. */
export const checksumOf = (book: OrderBook, scratch: Depth): number => {
  book.copyDepth(scratch);
  return crc32(digitsOf(scratch.asks) + digitsOf(scratch.bids));
};
