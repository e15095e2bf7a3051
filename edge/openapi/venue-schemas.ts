// JSON Schemas of the messages of each venue but Binance (Bitfinex and Deribit in files of their own), as
// schemas/market/venue-*.ts read them; tests hold both to each other. What else a venue sends (answers, heartbeats) is "ignored".
import { bitfinexSchemas } from "./bitfinex-schemas.ts";
import { deribitSchemas } from "./deribit-schemas.ts";
import {
  anyTime,
  decimal,
  decimalOrNumber,
  id,
  idText,
  integerCharsMax,
  levels,
  millisecondsOrText,
  one,
  ref,
  some,
  rfc3339,
  side,
  signedLevels,
  symbol,
  textUpTo,
} from "./schema-parts.ts";

const bestSides = {
  bids: { ...levels, maxItems: 1 },
  asks: { ...levels, maxItems: 1 },
} as const;
const checksumMax = 2 ** 32 - 1;

const krakenLevels = {
  type: "array",
  items: {
    type: "object",
    required: ["price", "qty"],
    properties: { price: decimalOrNumber, qty: decimalOrNumber },
  },
} as const;
const krakenBook = {
  symbol,
  bids: krakenLevels,
  asks: krakenLevels,
  checksum: {
    oneOf: [
      { type: "integer", minimum: 0, maximum: checksumMax },
      textUpTo(checksumMax, integerCharsMax),
    ],
  },
  timestamp: rfc3339,
} as const;

const kraken = {
  KrakenMessage: { anyOf: [ref("KrakenSnapshot"), ref("KrakenUpdate"), ref("KrakenTrade")] },
  KrakenSnapshot: {
    type: "object",
    required: ["channel", "type", "data"],
    properties: {
      channel: { const: "book" },
      type: { const: "snapshot" },
      data: one({ type: "object", required: ["symbol", "checksum"], properties: krakenBook }),
    },
  },
  KrakenUpdate: {
    type: "object",
    required: ["channel", "type", "data"],
    properties: {
      channel: { const: "book" },
      type: { const: "update" },
      data: one({
        type: "object",
        required: ["symbol", "checksum", "timestamp"],
        properties: krakenBook,
      }),
    },
  },
  KrakenTrade: {
    type: "object",
    required: ["channel", "data"],
    properties: {
      channel: { const: "trade" },
      data: some({
        type: "object",
        required: ["symbol", "side", "price", "qty", "trade_id"],
        properties: {
          symbol,
          side,
          price: decimalOrNumber,
          qty: decimalOrNumber,
          trade_id: { oneOf: [id, idText] },
          timestamp: anyTime,
        },
      }),
    },
  },
} as const;

const wholeBook = ["books", "books-l2-tbt", "books50-l2-tbt", "books-elp"] as const;
const okxArgument = (channels: readonly string[]) => ({
  type: "object",
  required: ["channel"],
  properties: { channel: { enum: channels } },
});
/** In the argument or, where that has none, in the data. */
const okxInstrument = {
  anyOf: [
    { properties: { arg: { required: ["instId"], properties: { instId: symbol } } } },
    {
      properties: {
        arg: { properties: { instId: { type: "null" } } },
        data: { items: { required: ["instId"], properties: { instId: symbol } } },
      },
    },
  ],
} as const;
const okxBook = { asks: levels, bids: levels, ts: millisecondsOrText, seqId: id } as const;
const okxData = (required: readonly string[], properties: object) =>
  one({
    type: "object",
    required: ["asks", "bids", "seqId", ...required],
    properties: { ...okxBook, ...properties },
  });

const okx = {
  OkxMessage: {
    allOf: [
      okxInstrument,
      { anyOf: [ref("OkxSnapshot"), ref("OkxUpdate"), ref("OkxBest"), ref("OkxTrade")] },
    ],
    not: { required: ["event"] },
  },
  OkxSnapshot: {
    type: "object",
    required: ["arg", "action", "data"],
    properties: {
      arg: okxArgument(wholeBook),
      action: { const: "snapshot" },
      data: okxData([], {}),
    },
  },
  OkxUpdate: {
    type: "object",
    required: ["arg", "data"],
    properties: {
      arg: okxArgument(wholeBook),
      action: { description: "update" },
      data: okxData(["prevSeqId"], {
        prevSeqId: { ...id, minimum: -1, description: "-1 begins the book anew." },
      }),
    },
  },
  OkxBest: {
    type: "object",
    required: ["arg", "data"],
    properties: { arg: okxArgument(["bbo-tbt"]), data: okxData([], bestSides) },
  },
  OkxTrade: {
    type: "object",
    required: ["arg", "data"],
    properties: {
      arg: okxArgument(["trades"]),
      data: some({
        type: "object",
        required: ["tradeId", "px", "sz", "side"],
        properties: {
          tradeId: { oneOf: [id, idText] },
          px: decimal,
          sz: decimal,
          side,
          ts: millisecondsOrText,
        },
      }),
    },
  },
} as const;

const bybit = {
  BybitMessage: {
    type: "object",
    required: ["topic", "type", "data"],
    properties: {
      topic: { type: "string", pattern: "^orderbook\\." },
      type: { enum: ["snapshot", "delta"] },
      ts: millisecondsOrText,
      data: {
        type: "object",
        required: ["s", "b", "a", "u"],
        properties: {
          s: symbol,
          b: levels,
          a: levels,
          u: { ...id, description: "1 begins the book anew." },
        },
      },
    },
  },
} as const;

const coinbase = {
  CoinbaseMessage: {
    type: "object",
    required: ["channel", "sequence_num", "events"],
    properties: {
      channel: { const: "l2_data" },
      sequence_num: id,
      timestamp: anyTime,
      events: one({
        type: "object",
        required: ["type", "product_id", "updates"],
        properties: {
          type: { enum: ["snapshot", "update"] },
          product_id: symbol,
          updates: {
            type: "array",
            items: {
              type: "object",
              required: ["side", "price_level", "new_quantity"],
              properties: {
                side: { enum: ["bid", "offer"] },
                price_level: decimal,
                new_quantity: decimal,
              },
            },
          },
        },
      }),
    },
  },
} as const;

const genericFields = {
  symbol,
  sequence: { ...id, description: "Counts the messages of a symbol by one." },
  previous: { ...id, description: "The message before, where the sequence is not by one." },
  ts: millisecondsOrText,
} as const;

const genericTrade = (side: "bids" | "asks") => ["type", "symbol", "sequence", side];
const genericOf = (types: readonly string[], sides: object) => ({
  type: "object",
  required: ["type", "symbol", "sequence"],
  properties: { type: { enum: types }, ...genericFields, ...sides },
});
const bothSides = { bids: levels, asks: levels } as const;
const oneLevel = { ...levels, minItems: 1, maxItems: 1 } as const;
const noLevel = { ...levels, maxItems: 0 } as const;

const generic = {
  GenericMessage: {
    description: "Sizes replace.",
    anyOf: [
      genericOf(["snapshot", "update"], bothSides),
      genericOf(["ticker"], bestSides),
      ref("GenericTrade"),
    ],
  },
  GenericDeltaMessage: {
    description: "Sizes of an update are added and may be negative.",
    anyOf: [
      genericOf(["snapshot"], bothSides),
      genericOf(["ticker"], bestSides),
      genericOf(["update"], { bids: signedLevels, asks: signedLevels }),
      ref("GenericTrade"),
    ],
  },
  GenericTrade: {
    description: "One level: a bid when the buyer took, an ask when the seller did.",
    anyOf: [
      {
        ...genericOf(["trade"], { bids: oneLevel, asks: noLevel }),
        required: genericTrade("bids"),
      },
      {
        ...genericOf(["trade"], { bids: noLevel, asks: oneLevel }),
        required: genericTrade("asks"),
      },
    ],
  },
} as const;

/** By name, for `#/components/schemas`. */
export const venueSchemas = {
  ...kraken,
  ...okx,
  ...bybit,
  ...coinbase,
  ...generic,
  ...bitfinexSchemas,
  ...deribitSchemas,
} as const;
