// Kraken and OKX tell of several trades in one message, a depth message has one: what names more
// becomes a message for each.
import { isObject, type Json, type VenueFault } from "./venue-fields.ts";
import { venueReviver } from "./venue-message.ts";
import type { VenueName } from "./venues.ts";

const tradeChannel = /"channel"\s*:\s*"trades?"/;

/** Names the channel in the message or, as OKX does, in its argument. */
const isOfTrades = (venue: VenueName, message: Json): boolean => {
  const { channel, arg } = message as { channel?: unknown; arg?: unknown };
  if (venue === "kraken") return channel === "trade";
  return venue === "okx" && isObject(arg) && arg["channel"] === "trades";
};

/** Trades of a message that tells of several; undefined of any other. */
const severalTrades = (venue: VenueName, message: Json): readonly unknown[] | undefined => {
  if (!isOfTrades(venue, message)) return undefined;
  const { data } = message as { data?: unknown };
  return Array.isArray(data) && data.length > 1 ? data : undefined;
};

/** Yields the message as it is, or one for each trade in it. */
export function* messagesOfTrades(venue: VenueName, message: unknown): Generator {
  const trades = isObject(message) ? severalTrades(venue, message) : undefined;
  if (!isObject(message) || trades === undefined) yield message;
  else for (const trade of trades) yield { ...message, data: [trade] };
}

/** What is wrong with the trade of that index, which its own message says of its only one. */
export const faultOfTrade = (fault: VenueFault, trade: number): VenueFault => ({
  ...fault,
  field: fault.field.replace(/^data\[0\]/, `data[${trade}]`),
});

/** The recorded line as it is, or one line for each trade in it. */
export const linesOfTrades = (venue: VenueName, text: string): readonly string[] => {
  if ((venue !== "kraken" && venue !== "okx") || !tradeChannel.test(text)) return [text];
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
