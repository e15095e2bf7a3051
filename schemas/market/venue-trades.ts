// Kraken, OKX and Deribit tell of several trades in one message, a depth message has one: what names
// more becomes a message for each.
import { isObject, type Json, type VenueFault } from "./venue-fields.ts";
import { venueReviver } from "./venue-message.ts";
import type { MessageVenueName } from "./venues.ts";

const tradeChannel = /"channel"\s*:\s*"trades?[".]/;

/** Where a venue's message has its trades: whether it has any, and in which of its objects. */
type Trades = {
  readonly isIn: (message: Json) => boolean;
  /** The object whose `data` is the list. */
  readonly holder: (message: Json) => unknown;
  /** The message with another such object. */
  readonly withHolder: (message: Json, holder: Json) => Json;
};

const atTop = {
  holder: (message: Json): Json => message,
  withHolder: (_: Json, holder: Json): Json => holder,
} as const;

const trades: { readonly [venue in MessageVenueName]?: Trades } = {
  kraken: { ...atTop, isIn: ({ channel }) => channel === "trade" },
  // Names the channel in its argument.
  okx: { ...atTop, isIn: ({ arg }) => isObject(arg) && arg["channel"] === "trades" },
  deribit: {
    isIn: ({ params }) => isObject(params) && String(params["channel"]).startsWith("trades."),
    holder: ({ params }) => params,
    withHolder: (message, params) => ({ ...message, params }),
  },
};

/** Yields the message as it is, or one for each trade in it. */
export function* messagesOfTrades(venue: MessageVenueName, message: unknown): Generator {
  const form = trades[venue];
  const isIn = form !== undefined && isObject(message) && form.isIn(message);
  const holder = isIn ? form.holder(message) : undefined;
  const list = isObject(holder) ? holder["data"] : undefined;
  if (!isIn || !isObject(holder) || !Array.isArray(list) || list.length < 2) yield message;
  else for (const trade of list) yield form.withHolder(message, { ...holder, data: [trade] });
}

/** What is wrong with the trade of that index, which its own message says of its only one. */
export const faultOfTrade = (fault: VenueFault, trade: number): VenueFault => ({
  ...fault,
  field: fault.field.replace(/^((?:params\.)?data)\[0\]/, `$1[${trade}]`),
});

/** The recorded line as it is, or one line for each trade in it. */
export const linesOfTrades = (venue: MessageVenueName, text: string): readonly string[] => {
  if (trades[venue] === undefined || !tradeChannel.test(text)) return [text];
  const start = Math.max(text.indexOf("{"), 0);
  let json: unknown;
  try {
    json = JSON.parse(text.slice(start), venueReviver(venue));
  } catch {
    return [text];
  }
  const messages = Array.from(messagesOfTrades(venue, json), (message) => JSON.stringify(message));
  return messages.length === 1 ? [text] : messages.map((message) => text.slice(0, start) + message);
};
