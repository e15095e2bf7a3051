// JSON Schemas (2020-12, as OpenAPI 3.1 has them) of the market bodies, with their examples. They
// describe what decode/transactions.ts and decode/depth.ts take; a test holds one to the other.
import { transactionBytesMaxV1 } from "../../schemas/market/transaction-layout.ts";
import { type MessageVenueName, messageVenueNames } from "../../schemas/market/venues.ts";
import {
  decimal,
  id,
  idMax,
  integerCharsMax,
  levels,
  milliseconds,
  ref,
  symbol,
  textUpTo,
} from "./schema-parts.ts";
import { venueSchemas } from "./venue-schemas.ts";

const receiveNsMax = 2n ** 64n - 1n;
const receiveNsCharsMax = 20;
const indexMax = 2 ** 32 - 1;
const base64CharsMax = Math.ceil(transactionBytesMaxV1 / 3) * 4;

const integerOrText = (maximum: number, description: string) => ({
  description,
  oneOf: [
    { type: "integer", minimum: 0, maximum },
    textUpTo(maximum, integerCharsMax),
    { type: "null" },
  ],
});

/** What a body of these venues holds. */
const ofVenue = (venues: readonly MessageVenueName[], message: string) => ({
  type: "object",
  properties: {
    venue: { enum: venues },
    messages: { items: { properties: { message: ref(message) } } },
  },
});

const combined = (messages: readonly string[]) => ({
  type: "object",
  required: ["data"],
  properties: { stream: { description: "SYMBOL@KIND." }, data: { anyOf: messages.map(ref) } },
});
/** null is as good as left out. */
const time = { oneOf: [milliseconds, { type: "null" }] } as const;
const named = {
  oneOf: [symbol, { type: "null" }],
  description: "May be left out where the stream or the request names it.",
} as const;
const spotMessages = ["DepthUpdate", "DepthSnapshot", "Trade", "BookTicker"];
const futuresMessages = ["FuturesDepthUpdate", "DepthSnapshot", "Trade", "BookTicker"];

/** By name, for `#/components/schemas`. */
export const marketSchemas = {
  Transactions: {
    type: "object",
    required: ["transactions"],
    properties: {
      transactions: { type: "array", items: { $ref: "#/components/schemas/Transaction" } },
    },
  },
  Transaction: {
    type: "object",
    required: ["transaction"],
    properties: {
      transaction: {
        type: "string",
        contentEncoding: "base64",
        pattern: "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$",
        maxLength: base64CharsMax,
        description:
          "One Solana transaction in wire format, legacy or v0, parsed whole: signatures, header, keys, instructions, lookups.",
      },
      slot: integerOrText(idMax, "Left out or null when it is not known."),
      index: integerOrText(indexMax, "Place in the slot; left out or null when it is not known."),
    },
  },
  Depth: {
    type: "object",
    required: ["venue", "messages"],
    properties: {
      venue: { enum: messageVenueNames },
      symbol: {
        type: ["string", "null"],
        description: "For messages that name none (REST depth of spot and USD-M, all of Bitfinex).",
      },
      messages: { type: "array", items: { $ref: "#/components/schemas/DepthEntry" } },
    },
    oneOf: [
      ofVenue(["binance-spot"], "BinanceSpotMessage"),
      ofVenue(["binance-usdm", "binance-coinm"], "BinanceFuturesMessage"),
      ofVenue(["kraken"], "KrakenMessage"),
      ofVenue(["okx"], "OkxMessage"),
      ofVenue(["bybit"], "BybitMessage"),
      ofVenue(["coinbase"], "CoinbaseMessage"),
      ofVenue(["bitfinex"], "BitfinexMessage"),
      ofVenue(["deribit"], "DeribitMessage"),
      ofVenue(["generic"], "GenericMessage"),
      ofVenue(["generic-delta"], "GenericDeltaMessage"),
    ],
  },
  DepthEntry: {
    type: "object",
    required: ["message"],
    properties: {
      receiveNs: {
        ...textUpTo(receiveNsMax, receiveNsCharsMax),
        description: "ns since the epoch, below 2^64; the edge's own time when left out or 0.",
      },
      message: {
        type: ["object", "array"],
        description:
          'As the venue sends it: see Depth for the forms of each. Other kinds (answers to subscriptions, partial depth) are rejected as "ignored".',
      },
    },
  },
  BinanceSpotMessage: {
    description: 'Bare, or in a combined stream\'s {"stream","data"}.',
    anyOf: [...spotMessages.map(ref), combined(spotMessages)],
  },
  BinanceFuturesMessage: {
    description: "The same of USD-M and COIN-M; sizes of COIN-M are contracts.",
    anyOf: [...futuresMessages.map(ref), combined(futuresMessages)],
  },
  FuturesDepthUpdate: { allOf: [ref("DepthUpdate"), { required: ["pu"] }] },
  DepthUpdate: {
    type: "object",
    required: ["e", "U", "u", "b", "a"],
    properties: {
      e: { const: "depthUpdate" },
      E: time,
      s: named,
      U: { ...id, description: "First update id." },
      u: { ...id, description: "Last update id, not below U." },
      pu: { ...id, description: "Last id of the update before; required for USD-M and COIN-M." },
      b: levels,
      a: levels,
    },
  },
  DepthSnapshot: {
    type: "object",
    required: ["lastUpdateId", "bids", "asks"],
    properties: { lastUpdateId: id, E: time, symbol: named, bids: levels, asks: levels },
  },
  Trade: {
    type: "object",
    required: ["e", "t", "p", "q", "m"],
    properties: {
      e: { const: "trade" },
      E: time,
      s: named,
      t: id,
      p: decimal,
      q: decimal,
      m: { type: "boolean", description: "The buyer was the maker." },
    },
  },
  BookTicker: {
    type: "object",
    required: ["u", "b", "B", "a", "A"],
    properties: {
      e: {
        anyOf: [{ const: "bookTicker" }, { not: { type: "string" } }],
        description: "Left out by spot.",
      },
      u: id,
      s: named,
      b: decimal,
      B: decimal,
      a: decimal,
      A: decimal,
    },
  },
  ...venueSchemas,
  MarketResult: {
    type: "object",
    required: ["accepted", "rejected", "reasons", "first"],
    properties: {
      accepted: { type: "integer", minimum: 0, description: "Items that the log has." },
      rejected: { type: "integer", minimum: 0 },
      reasons: { type: "object", additionalProperties: { type: "integer" } },
      first: {
        type: "array",
        items: {
          type: "object",
          required: ["index", "reason", "detail"],
          properties: {
            index: { type: "integer", description: "Place in the request." },
            reason: { type: "string" },
            detail: { type: "string" },
          },
        },
      },
    },
  },
} as const;
