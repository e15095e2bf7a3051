// The venues that Weir knows: name on the command line and in topics' keys, code in depth items.
// Codes are part of the wire format and are never given twice. Most venues send messages of JSON;
// a few give files of single orders, of which engine/orders makes depth.

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
  /** Market by order, DBN files. */
  databento: 12,
  /** NASDAQ TotalView-ITCH 5.0 files. */
  itch: 13,
  /** LOBSTER's files of messages and books. */
  lobster: 14,
} as const;

/** A venue whose books can be made. */
export type VenueName = keyof typeof venueCodes;

/** Those that give files of single orders, no messages. */
export const orderVenueNames = ["databento", "itch", "lobster"] as const;

export type OrderVenueName = (typeof orderVenueNames)[number];

/** A venue that sends messages of JSON. */
export type MessageVenueName = Exclude<VenueName, OrderVenueName>;

/** All of them, in the order of their codes. */
export const venueNames = Object.keys(venueCodes) as readonly VenueName[];

export const isVenueName = (name: string): name is VenueName => Object.hasOwn(venueCodes, name);

/** Those that send messages, in the order of their codes. */
export const messageVenueNames: readonly MessageVenueName[] = venueNames.filter(
  (name): name is MessageVenueName => !orderVenueNames.some((venue) => venue === name),
);

const messageVenues: ReadonlySet<string> = new Set(messageVenueNames);

export const isMessageVenue = (name: string): name is MessageVenueName => messageVenues.has(name);

/**
 * @throws RangeError naming the venues whose messages can be read: plain JavaScript may give any
 * name.
 */
export const checkMessageVenue = (name: string): void => {
  if (!isMessageVenue(name)) refuseVenue(name);
};

// By itself, so that what runs per message stays small.
const refuseVenue = (name: string): never => {
  throw new RangeError(`venue=${name}, one of ${messageVenueNames.join(", ")}`);
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
