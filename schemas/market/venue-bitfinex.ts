// Bitfinex v2 WebSocket, channels book (P0 to P4) and trades of trading pairs, with or without the flags
// SEQ_ALL, TIMESTAMP and OB_CHECKSUM. Messages are arrays that name a channel by its number, which
// only the "subscribed" of their connection explains: bitfinex-connection.ts. The checksum is a message
// of its own after the updates that it is of: a delta without levels. The venue's own sample client cuts
// nothing to the length subscribed to and holds its book to the checksum: what leaves it is removed by an
// update. A list is a snapshot, so BULK_UPDATES is not read, nor single orders (R0) and funding.
import type { BitfinexChannel, BitfinexConnection } from "./bitfinex-connection.ts";
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isFault,
  isId,
  isObject,
  type Json,
  malformed,
  numberText,
  pairForm,
  readLevels,
  setEventMs,
  setIds,
  shown,
  type VenueFault,
} from "./venue-fields.ts";

const entryForm = "[price, count, amount]";
const entryFields = 3;
const checksumMin = -(2 ** 31);
const checksumMax = 2 ** 31 - 1;
const nsPerUs = 1000n;
/** Behind the payload, what is less is a sequence number, what is not a time: ms in September 2001. */
const timeMsMin = 10 ** 12;
/** A sequence number and a time. */
const trailersMax = 2;

/** Payloads that have a name and are read: a checksum, a trade. */
const namesRead = new Set(["cs", "te"]);
const accountChannel = 0;
/** A channel of which nothing was told: its messages show what they are, as far as they do. */
const anyChannel = "";

/**
 * Fills kind, symbol, ids, time and levels. `symbol` is that of all messages where no connection tells
 * of channels, "" when unknown. Without a connection a list of rows other than [price, count, amount],
 * or of none, is ignored: it may be of any channel.
 */
export const readBitfinex = (
  json: Json | readonly unknown[],
  symbol: string,
  into: DepthMessage,
  connection: BitfinexConnection | null,
): VenueFault | null => {
  if (isObject(json)) return connection?.see(json) ?? ignored("event", json["event"]);
  const [id, payload] = json;
  if (!isId(id)) return malformed("message[0]", id, `a channel, ${idForm}`);
  // Heartbeats, trades told of once more, funding.
  if (typeof payload === "string" && !namesRead.has(payload)) return ignored("message[1]", payload);
  if (id === accountChannel) return ignored("message[0]", id);
  const channel = channelOf(id, symbol, connection);
  return isFault(channel) ? channel : readMessage(json, channel, into);
};

const readMessage = (
  json: readonly unknown[],
  channel: BitfinexChannel,
  into: DepthMessage,
): VenueFault | null => {
  const [, payload, named] = json;
  into.symbol = channel.symbol;
  if (payload === "te") return isOf("trades", channel) ?? readTrade(named, into);
  const isChecksum = payload === "cs";
  return (
    isOf("book", channel) ??
    readTrailers(json, isChecksum ? 3 : 2, into) ??
    (isChecksum ? readChecksum(named, into) : readBook(payload, channel, into))
  );
};

const channelOf = (
  id: number,
  symbol: string,
  connection: BitfinexConnection | null,
): BitfinexChannel | VenueFault => {
  if (connection?.isTold === true) {
    const channel = connection.channel(id);
    if (channel !== undefined) return channel;
  } else if (symbol !== "") return { name: anyChannel, symbol, ignoredFor: null };
  const expected = 'a channel that a "subscribed" told of, or a symbol in the request';
  return { code: "symbol", field: "message[0]", found: shown(id), expected };
};

/** Null when the channel is of that name, or may be. */
const isOf = (name: string, channel: BitfinexChannel): VenueFault | null => {
  if (channel.symbol.startsWith("f")) return ignored("symbol", channel.symbol);
  if (channel.name !== anyChannel && channel.name !== name) return ignored("channel", channel.name);
  return channel.ignoredFor;
};

// Sequence number and time, whichever there are; without a number the receive time is the id.
const readTrailers = (
  json: readonly unknown[],
  place: number,
  into: DepthMessage,
): VenueFault | null => {
  let id = Number(into.receiveNs / nsPerUs);
  for (const [at, value] of json.slice(place, place + trailersMax).entries()) {
    const field = `message[${place + at}]`;
    if (!isId(value)) return malformed(field, value, "a sequence number or milliseconds");
    if (value < timeMsMin) id = value;
    else {
      const fault = setEventMs(into, field, value);
      if (fault !== null) return fault;
    }
  }
  setIds(into, id, id);
  return null;
};

const readBook = (
  payload: unknown,
  channel: BitfinexChannel,
  into: DepthMessage,
): VenueFault | null => {
  if (!Array.isArray(payload)) return malformed("message[1]", payload, `${entryForm} or a list`);
  const list = payload as readonly unknown[];
  const isSnapshot = list.length === 0 || Array.isArray(list[0]);
  const first = isSnapshot ? list[0] : list;
  const fields = Array.isArray(first) ? first.length : 0;
  // Tickers, candles and the trades before the subscription have more fields.
  if (channel.name === anyChannel && (list.length === 0 || fields > entryFields))
    return ignored("message[1]", payload);
  into.kind = isSnapshot ? depthKind.snapshot : depthKind.delta;
  return readEntries(isSnapshot ? list : [list], isSnapshot, into);
};

type Level = readonly [price: unknown, size: unknown];

const readEntries = (
  entries: readonly unknown[],
  isSnapshot: boolean,
  into: DepthMessage,
): VenueFault | null => {
  const bids: Level[] = [];
  const asks: Level[] = [];
  for (const [at, entry] of entries.entries()) {
    const place = isSnapshot ? `message[1][${at}]` : "message[1]";
    if (!Array.isArray(entry)) return malformed(place, entry, entryForm);
    const [price, count, amount] = entry as unknown[];
    if (typeof price !== "number" || price < 0)
      return malformed(`${place}[0]`, price, "a number that is not negative");
    if (!isId(count) || (isSnapshot && count === 0))
      return malformed(`${place}[1]`, count, isSnapshot ? "an integer from 1" : idForm);
    if (typeof amount !== "number" || amount === 0)
      return malformed(`${place}[2]`, amount, "a number, above 0 a bid and below an ask");
    const size = count === 0 ? "0" : numberText(Math.abs(amount));
    (amount > 0 ? bids : asks).push([numberText(price), size]);
  }
  return readAt("message[1]", bids, asks, into);
};

const readAt = (
  field: string,
  bids: readonly Level[],
  asks: readonly Level[],
  into: DepthMessage,
): VenueFault | null => {
  const fault = readLevels({ field, levels: bids }, { field, levels: asks }, pairForm, into);
  // Sides are apart in the reader and together in the message: an index would be wrong.
  return fault === null ? null : { ...fault, field };
};

const readChecksum = (checksum: unknown, into: DepthMessage): VenueFault | null => {
  const isGood =
    Number.isInteger(checksum) &&
    Number(checksum) >= checksumMin &&
    Number(checksum) <= checksumMax;
  if (!isGood)
    return malformed("message[2]", checksum, `an integer from ${checksumMin} to ${checksumMax}`);
  into.kind = depthKind.delta;
  into.checksum = Number(checksum) >>> 0;
  return readAt("message[2]", [], [], into);
};

const readTrade = (trade: unknown, into: DepthMessage): VenueFault | null => {
  if (!Array.isArray(trade)) return malformed("message[2]", trade, "[id, time, amount, price]");
  const [id, time, amount, price] = trade as unknown[];
  if (!isId(id)) return malformed("message[2][0]", id, idForm);
  if (!isId(time)) return malformed("message[2][1]", time, "milliseconds since the epoch");
  if (typeof amount !== "number" || amount === 0)
    return malformed("message[2][2]", amount, "a number, above 0 where the buyer took");
  if (typeof price !== "number" || price < 0)
    return malformed("message[2][3]", price, "a number that is not negative");
  into.kind = depthKind.trade;
  setIds(into, id, id);
  const level: Level = [numberText(price), numberText(Math.abs(amount))];
  return (
    setEventMs(into, "message[2][1]", time) ??
    readAt("message[2]", amount > 0 ? [level] : [], amount > 0 ? [] : [level], into)
  );
};
