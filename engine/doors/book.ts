// The door `weir/book`: order books of many venues, exact at any price range. A venue's JSON becomes
// a DepthMessage, that a depth item, and MarketBooks applies items by the venue's sequence rules, on
// one thread; any other thread reads tops and depths from the same shared memory. Prices are integer
// ticks and sizes integer lots, at the scales that stand beside them. Also the compact book that
// many threads write at once, and arbitrage between books.
export { createBookMemory, resetBookMemory } from "../book/book-layout.ts";
export { type MarketBook, MarketBooks, type MarketBooksOptions } from "../book/market-books.ts";
export { bookOutcome, bookOutcomeText, isRefusal } from "../book/book-outcome.ts";
export { bookState, type BookStateName, bookStateName } from "../book/book-sequencer.ts";
export { noPrice, noSpread, readTops, type TopOfBook, TopReader } from "../book/top-reader.ts";
export { DepthReader } from "../book/depth-reader.ts";
export {
  createDepth,
  type Depth,
  type DepthSide,
  depthTo,
  imbalanceOf,
  isCrossedOrLocked,
  isFresh,
  microPriceOf,
  midOf,
  spreadOf,
  type Sweep,
  sweep,
} from "../book/depth.ts";
export { type ScaledTrade, Vwap } from "../book/vwap.ts";
export {
  CompactBook,
  compactBookBytes,
  type CompactBookOptions,
  compactOutcome,
} from "../book/compact-book.ts";
export {
  Arbitrage,
  type ArbitrageCounts,
  type ArbitrageOptions,
  type Leg,
  type Opportunity,
} from "../arbitrage/arbitrage.ts";
export type { Walk } from "../arbitrage/walk.ts";
export { depthCode, depthCodeText, DepthItem, depthKind } from "../../schemas/market/depth-item.ts";
export { depthItemBytesMax } from "../../schemas/market/depth-layout.ts";
export { DepthMessage, encodeDepthItem } from "../../schemas/market/depth-message.ts";
export { type Reading, RecordedReader } from "../../schemas/market/recorded-reader.ts";
export {
  type VenueContext,
  type VenueFault,
  venueFaultText,
} from "../../schemas/market/venue-fields.ts";
export { readVenue, readVenueText } from "../../schemas/market/venue-message.ts";
export {
  type MessageVenueName,
  messageVenueNames,
  venueCodes,
  type VenueName,
  venueNames,
} from "../../schemas/market/venues.ts";
export {
  decimalRefusal,
  decimalRefusalText,
  formatDecimal,
  parseDecimal,
} from "../../schemas/market/decimal.ts";
