// JSON Schemas of Deribit's messages, as schemas/market/venue-deribit.ts reads them; tests hold both to
// each other. Not the grouped books, tickers and answers, which are "ignored".
import {
  decimalOrNumber,
  id,
  millisecondsOrText,
  ref,
  side,
  some,
  symbol,
} from "./schema-parts.ts";

/** A side of levels: the action says what becomes of the price. */
const deribitLevels = {
  type: "array",
  items: {
    type: "array",
    anyOf: [
      { prefixItems: [{ const: "delete" }, decimalOrNumber], minItems: 2 },
      {
        prefixItems: [{ enum: ["new", "change"] }, decimalOrNumber, decimalOrNumber],
        minItems: 3,
      },
    ],
    description: "[action, price, amount]; amounts of inverse futures are US dollars.",
  },
} as const;
const deribitOf = (channel: string, data: object) => ({
  type: "object",
  required: ["method", "params"],
  properties: {
    method: { const: "subscription" },
    params: {
      type: "object",
      required: ["channel", "data"],
      properties: { channel: { type: "string", pattern: channel }, data },
    },
  },
});
const deribitBook = (type: string, required: readonly string[], properties: object) =>
  deribitOf("^book\\.[^.]*\\.[^.]*$", {
    type: "object",
    required: ["type", "instrument_name", "change_id", "bids", "asks", ...required],
    properties: {
      type: { const: type },
      instrument_name: symbol,
      timestamp: millisecondsOrText,
      change_id: id,
      bids: deribitLevels,
      asks: deribitLevels,
      ...properties,
    },
  });

/** By name, for `#/components/schemas`. */
export const deribitSchemas = {
  DeribitMessage: {
    anyOf: [ref("DeribitSnapshot"), ref("DeribitChange"), ref("DeribitTrade")],
  },
  DeribitSnapshot: deribitBook("snapshot", [], {}),
  DeribitChange: deribitBook("change", ["prev_change_id"], {
    prev_change_id: { ...id, description: "change_id of the message before." },
  }),
  DeribitTrade: deribitOf(
    "^trades\\.",
    some({
      type: "object",
      required: ["instrument_name", "trade_seq", "direction", "price", "amount"],
      properties: {
        instrument_name: symbol,
        timestamp: millisecondsOrText,
        trade_seq: id,
        direction: side,
        price: decimalOrNumber,
        amount: decimalOrNumber,
      },
    }),
  ),
} as const;
