// JSON Schemas (2020-12, as OpenAPI 3.1 has them) of the market bodies, with their examples. They
// describe what decode/transactions.ts and decode/depth.ts take; a test holds one to the other.
import { decimalScaleMax } from "../../schemas/market/decimal.ts";
import { depthLevelsMax, depthSymbolBytesMax } from "../../schemas/market/depth-layout.ts";
import { transactionBytesMaxV1 } from "../../schemas/market/transaction-layout.ts";
import { venueNames } from "../../schemas/market/venues.ts";

const idMax = Number.MAX_SAFE_INTEGER;
const indexMax = 2 ** 32 - 1;
const base64CharsMax = Math.ceil(transactionBytesMaxV1 / 3) * 4;

const integerOrText = (maximum: number, description: string) => ({
  description,
  oneOf: [
    { type: "integer", minimum: 0, maximum },
    { type: "string", pattern: "^\\d{1,16}$" },
    { type: "null" },
  ],
});

const id = { type: "integer", minimum: 0, maximum: idMax };
const milliseconds = { type: "integer", minimum: 0, maximum: 2 ** 43 };
const decimal = {
  type: "string",
  pattern: "^\\d+(\\.\\d+)?$",
  maxLength: 64,
  description: `A decimal that is not negative, at most ${decimalScaleMax} places and 2^53 - 1 units of the message's finest place.`,
};
const level = {
  type: "array",
  prefixItems: [decimal, decimal],
  minItems: 2,
  description: "[price, size]; a size of 0 takes the level away.",
};
const levels = {
  type: "array",
  items: level,
  description: `Both sides together have at most ${depthLevelsMax} levels.`,
};
const symbol = { type: "string", pattern: "^[!-~]+$", maxLength: depthSymbolBytesMax };

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
        pattern: "^[A-Za-z0-9+/]+={0,2}$",
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
      venue: { enum: venueNames },
      symbol: {
        type: "string",
        description: "For messages that name none (REST depth of spot and USD-M).",
      },
      messages: { type: "array", items: { $ref: "#/components/schemas/DepthEntry" } },
    },
  },
  DepthEntry: {
    type: "object",
    required: ["message"],
    properties: {
      receiveNs: {
        type: "string",
        pattern: "^\\d{1,20}$",
        description: "ns since the epoch, below 2^64; the edge's own time when left out.",
      },
      message: {
        description:
          'As the venue sends it; a combined stream\'s {"stream","data"} is taken too. Other kinds (answers to subscriptions, partial depth) are rejected as "ignored".',
        anyOf: ["DepthUpdate", "DepthSnapshot", "Trade", "BookTicker", "CombinedStream"].map(
          (name) => ({ $ref: `#/components/schemas/${name}` }),
        ),
      },
    },
  },
  DepthUpdate: {
    type: "object",
    required: ["e", "U", "u", "b", "a"],
    properties: {
      e: { const: "depthUpdate" },
      E: milliseconds,
      s: symbol,
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
    properties: { lastUpdateId: id, E: milliseconds, symbol, bids: levels, asks: levels },
  },
  Trade: {
    type: "object",
    required: ["e", "t", "p", "q", "m"],
    properties: {
      e: { const: "trade" },
      E: milliseconds,
      s: symbol,
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
      e: { const: "bookTicker" },
      u: id,
      s: symbol,
      b: decimal,
      B: decimal,
      a: decimal,
      A: decimal,
    },
  },
  CombinedStream: {
    type: "object",
    required: ["data"],
    properties: { stream: { type: "string" }, data: { type: "object" } },
  },
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

/** A legacy transaction: one signature, payer and program, one instruction. */
const exampleTransaction =
  "ASAnLjU8Q0pRWF9mbXR7gomQl56lrLO6wcjP1t3k6/L5BQwTGiEoLzY9REtSWWBnbnV8g4qRmJ+mrbS7" +
  "wsnQ194BAAECP0ZNVFtiaXB3foWMk5qhqK+2vcTL0tng5+71AQgPFh1eZWxzeoGIj5adpKuyucDHztXc" +
  "4+rx+AQLEhkgJy41PH2Ei5KZoKeutbzDytHY3+bt9AAHDhUcIyoxOD9GTVRbAQEBAAIHCA==";

/** Bodies that are taken whole. */
export const transactionExamples = {
  known: {
    summary: "slot and place in it are known",
    value: { transactions: [{ slot: "301443210", index: 17, transaction: exampleTransaction }] },
  },
} as const;

const update = {
  e: "depthUpdate",
  E: 1_700_000_000_000,
  s: "BTCUSDT",
  U: 157,
  u: 160,
  b: [["64000.10", "0.5"]],
  a: [["64000.20", "0"]],
};

/** Bodies that are taken whole. */
export const depthExamples = {
  spot: {
    summary: "an update and a trade of Binance spot, as its streams send them",
    value: {
      venue: "binance-spot",
      messages: [
        { receiveNs: "1700000000000000001", message: update },
        {
          message: {
            stream: "btcusdt@trade",
            data: {
              e: "trade",
              E: 1_700_000_000_001,
              s: "BTCUSDT",
              t: 12_345,
              p: "64000.10",
              q: "0.002",
              m: true,
            },
          },
        },
      ],
    },
  },
  snapshot: {
    summary: "a snapshot of Binance spot: it names no symbol",
    value: {
      venue: "binance-spot",
      symbol: "BTCUSDT",
      messages: [
        { message: { lastUpdateId: 160, bids: [["64000.10", "0.5"]], asks: [["64000.20", "1"]] } },
      ],
    },
  },
  usdm: {
    summary: "an update and a ticker of Binance USD-M",
    value: {
      venue: "binance-usdm",
      messages: [
        { message: { ...update, pu: 149 } },
        {
          message: {
            e: "bookTicker",
            u: 161,
            s: "BTCUSDT",
            b: "64000.10",
            B: "0.5",
            a: "64000.20",
            A: "1",
          },
        },
      ],
    },
  },
} as const;
