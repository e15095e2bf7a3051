// Kraken and OKX tell of several trades in one message, a depth message has one: a recorded line of
// theirs becomes a line for each.
import { isObject } from "./venue-fields.ts";
import { venueReviver } from "./venue-message.ts";
import type { VenueName } from "./venues.ts";

const tradeChannel = /"channel"\s*:\s*"trades?"/;

/** The line as it is, or one line for each trade in it. */
export const linesOfTrades = (venue: VenueName, text: string): readonly string[] => {
  if ((venue !== "kraken" && venue !== "okx") || !tradeChannel.test(text)) return [text];
  const start = Math.max(text.indexOf("{"), 0);
  let json: unknown;
  try {
    json = JSON.parse(text.slice(start), venueReviver(venue));
  } catch {
    return [text];
  }
  const trades = isObject(json) ? json["data"] : undefined;
  if (!isObject(json) || !Array.isArray(trades) || trades.length < 2) return [text];
  const message = json;
  return trades.map(
    (trade: unknown) => text.slice(0, start) + JSON.stringify({ ...message, data: [trade] }),
  );
};
