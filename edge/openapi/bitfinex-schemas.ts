// JSON Schemas of Bitfinex's messages, as schemas/market/venue-bitfinex.ts reads them without a connection;
// tests hold both to each other. Other channels, as far as they can be told, are "ignored".
import { id, idMax, milliseconds, ref, some } from "./schema-parts.ts";

const bitfinexChannel = { ...id, minimum: 1, description: "The channel's number." } as const;
const bitfinexPrice = { type: "number", minimum: 0, maximum: idMax } as const;
const bitfinexAmount = {
  type: "number",
  minimum: -idMax,
  maximum: idMax,
  not: { const: 0 },
  description: "Above 0 of a bid or of a buyer who took, below 0 of an ask or a seller.",
} as const;
const bitfinexEntry = (countMin: number) => ({
  type: "array",
  prefixItems: [bitfinexPrice, { ...id, minimum: countMin }, bitfinexAmount],
  minItems: 3,
  maxItems: 3,
  description: "[price, count, amount]; a count of 0 takes the level away.",
});
const bitfinexTrailer = {
  ...milliseconds,
  description: "Below 10^12 the sequence number, else the time in ms; either or both or none.",
} as const;
const bitfinexOf = (...payload: readonly object[]) => ({
  type: "array",
  prefixItems: [bitfinexChannel, ...payload],
  minItems: 1 + payload.length,
});

/** By name, for `#/components/schemas`. */
export const bitfinexSchemas = {
  BitfinexMessage: {
    description: "Of the request's symbol, a trading pair: only a connection knows channels.",
    anyOf: [
      ref("BitfinexSnapshot"),
      ref("BitfinexUpdate"),
      ref("BitfinexChecksum"),
      ref("BitfinexTrade"),
    ],
  },
  BitfinexSnapshot: {
    ...bitfinexOf(some(bitfinexEntry(1)), bitfinexTrailer, bitfinexTrailer),
    minItems: 2,
  },
  BitfinexUpdate: {
    ...bitfinexOf(bitfinexEntry(0), bitfinexTrailer, bitfinexTrailer),
    minItems: 2,
  },
  BitfinexChecksum: {
    ...bitfinexOf(
      { const: "cs" },
      { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
      bitfinexTrailer,
      bitfinexTrailer,
    ),
    minItems: 3,
  },
  BitfinexTrade: bitfinexOf(
    { const: "te" },
    {
      type: "array",
      prefixItems: [id, milliseconds, bitfinexAmount, bitfinexPrice],
      minItems: 4,
      description: "[id, time, amount, price]",
    },
  ),
} as const;
