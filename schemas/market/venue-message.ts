// A message of any venue to a depth message: the table of readers, and JSON text to JSON. What a
// venue's numbers and ids mean is in its own file; what they demand of a book, in engine/book.
import { decimalPlaces } from "./decimal.ts";
import type { DepthMessage } from "./depth-message.ts";
import { BitfinexConnection } from "./bitfinex-connection.ts";
import { readBinance } from "./venue-binance.ts";
import { readBitfinex } from "./venue-bitfinex.ts";
import { BybitConnection, readBybit } from "./venue-bybit.ts";
import { CoinbaseConnection, readCoinbase } from "./venue-coinbase.ts";
import { readDeribit } from "./venue-deribit.ts";
import {
  isObject,
  itemFault,
  type Json,
  malformed,
  type VenueContext,
  type VenueFault,
} from "./venue-fields.ts";
import { readGeneric } from "./venue-generic.ts";
import { readKraken } from "./venue-kraken.ts";
import { readOkx } from "./venue-okx.ts";
import { checkMessageVenue, type MessageVenueName, venueCodes } from "./venues.ts";

/** What one connection has seen, for venues of which a message alone does not say enough. */
export type VenueConnection = BitfinexConnection | BybitConnection | CoinbaseConnection;

/** Of one connection, or one recorded file; null for venues that need none. */
export const connectionOf = (venue: MessageVenueName): VenueConnection | null => {
  if (venue === "bitfinex") return new BitfinexConnection();
  if (venue === "bybit") return new BybitConnection();
  return venue === "coinbase" ? new CoinbaseConnection() : null;
};

type Read = (
  json: Json,
  into: DepthMessage,
  connection: VenueConnection | null,
) => VenueFault | null;

/** Those that read the context as well. */
type WithContext = `binance-${string}` | "bitfinex";

const readers: { readonly [venue in Exclude<MessageVenueName, WithContext>]: Read } = {
  kraken: readKraken,
  okx: readOkx,
  bybit: (json, into, connection) =>
    readBybit(json, into, connection instanceof BybitConnection ? connection : null),
  coinbase: (json, into, connection) =>
    readCoinbase(json, into, connection instanceof CoinbaseConnection ? connection : null),
  generic: (json, into) => readGeneric(json, into, false),
  "generic-delta": (json, into) => readGeneric(json, into, true),
  deribit: readDeribit,
};

const isBinance = (
  venue: MessageVenueName,
): venue is Extract<MessageVenueName, `binance-${string}`> => venue.startsWith("binance-");

/**
 * Fills `into` from one parsed message and returns null, or a fault, and then `into` is in no
 * usable state. A message that was read always encodes. `connection` is the state of the
 * connection that the message came over, which a `RecordedReader` keeps; null when unknown.
 * @throws RangeError for a venue that is none of `messageVenueNames`.
 */
export const readVenue = (
  json: unknown,
  context: VenueContext,
  into: DepthMessage,
  connection: VenueConnection | null = null,
): VenueFault | null => {
  checkMessageVenue(context.venue);
  return readChecked(json, context, into, connection);
};

const readChecked = (
  json: unknown,
  context: VenueContext,
  into: DepthMessage,
  connection: VenueConnection | null,
): VenueFault | null => {
  const { venue, symbol, receiveNs } = context;
  if (isBinance(venue)) return readBinance(json, context, into);
  into.clearLevels();
  into.venue = venueCodes[venue];
  into.receiveNs = receiveNs;
  into.eventNs = 0n;
  into.isAdded = false;
  if (venue === "bitfinex") return readArrays(json, symbol, into, connection) ?? itemFault(into);
  if (!isObject(json)) return malformed("message", json, "an object");
  return readers[venue](json, into, connection) ?? itemFault(into);
};

/** Bitfinex's messages are arrays, its events objects. */
const readArrays = (
  json: unknown,
  symbol: string,
  into: DepthMessage,
  connection: VenueConnection | null,
): VenueFault | null => {
  if (!isObject(json) && !Array.isArray(json)) return malformed("message", json, "an array");
  const own = connection instanceof BitfinexConnection ? connection : null;
  return readBitfinex(json, symbol, into, own);
};

// The text of a number as it was sent; older runtimes do not give it to a reviver.
type Source = { readonly source?: string };
type Reviver = (key: string, value: unknown, context?: Source) => unknown;

// Exponents are not how a venue writes a precision.
const keepDecimals: Reviver = (key, value, context) => {
  if (typeof value !== "number" || (key !== "price" && key !== "qty")) return value;
  const { source = "" } = context ?? {};
  return decimalPlaces(source) < 0 ? value : source;
};

/** For JSON.parse of a message, or of what it stands in: undefined where numbers can be taken as they are. */
export const venueReviver = (venue: MessageVenueName): Reviver | undefined =>
  venue === "kraken" ? keepDecimals : undefined;

/** Reads JSON text; see `readVenue`. Kraken's prices keep their trailing zeros this way. */
export const readVenueText = (
  text: string,
  context: VenueContext,
  into: DepthMessage,
  connection: VenueConnection | null = null,
): VenueFault | null => {
  checkMessageVenue(context.venue);
  let json: unknown;
  try {
    json = JSON.parse(text, venueReviver(context.venue));
  } catch {
    return { code: "malformed", field: "message", found: text.slice(0, 60), expected: "JSON" };
  }
  return readChecked(json, context, into, connection);
};
