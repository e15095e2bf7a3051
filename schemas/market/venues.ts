// The venues that Weir knows: name on the command line and in topics' keys, code in depth items.
// Codes are part of the wire format and are never given twice.

/** Venue name to its code in a depth item. */
export const venueCodes = {
  "binance-spot": 1,
  "binance-usdm": 2,
  /** Sizes are contracts, not coins. */
  "binance-coinm": 3,
  /** WebSocket API v2. */
  kraken: 4,
  okx: 5,
  /** V5, any category. */
  bybit: 6,
  /** Advanced Trade. */
  coinbase: 7,
  /** Our own form, for any other source: sizes replace (venue-generic.ts). */
  generic: 8,
  /** The same with sizes that are added. */
  "generic-delta": 9,
  /** WebSocket API v2; books of price levels, not of single orders. */
  bitfinex: 10,
  /** API v2. Sizes of inverse futures and perpetuals (BTC-PERPETUAL) are US dollars, not coins. */
  deribit: 11,
} as const;

/** A venue whose messages can be read. */
export type VenueName = keyof typeof venueCodes;

/** All of them, in the order of their codes. */
export const venueNames = Object.keys(venueCodes) as readonly VenueName[];

export const isVenueName = (name: string): name is VenueName => Object.hasOwn(venueCodes, name);

/** @throws RangeError naming the venues that there are: plain JavaScript may give any name. */
export const checkVenue = (name: string): void => {
  if (!isVenueName(name)) refuseVenue(name);
};

// By itself, so that what runs per message stays small.
const refuseVenue = (name: string): never => {
  throw new RangeError(`venue=${name}, one of ${venueNames.join(", ")}`);
};

/** A symbol that somebody typed, as the venue writes it: in capitals, but for the first letter of Bitfinex's. */
export const typedSymbol = (venue: VenueName, text: string): string => {
  const capitals = text.toUpperCase();
  return venue === "bitfinex" ? capitals.replace(/^[TF]/, (kind) => kind.toLowerCase()) : capitals;
};

/** The name of a code, or undefined for a code that no venue has. */
export const venueNameOf = (code: number): VenueName | undefined =>
  venueNames.find((name) => venueCodes[name] === code);

/** Codes run from 1 to this without holes, so that a range check tells a known one. */
export const venueCodeMax = Math.max(...Object.values(venueCodes));
