// Kraken WebSocket v2, channels book and trade. Kraken numbers nothing: the time of a message
// orders it, and a CRC-32 of the ten best levels proves the book after it. The checksum is of
// texts at the venue's precision, which numbers in JSON lose, so it is only kept when the levels
// came as texts (venue-message.ts has JSON.parse make them of the numbers).
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  integerOf,
  isFault,
  isId,
  isObject,
  type Json,
  type LevelForm,
  type LevelList,
  levelsAt,
  malformed,
  numberText,
  readLevels,
  readTaken,
  rfc3339Ns,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

const levelForm: LevelForm = { price: "price", size: "qty", isPrecise: true };
const checksumMax = 2 ** 32 - 1;
const nsPerUs = 1000n;

/** Fills kind, symbol, ids, time and levels. One of several books or trades is refused: venue-trades.ts. */
export const readKraken = (json: Json, into: DepthMessage): VenueFault | null => {
  const channel = json["channel"];
  if (channel !== "book" && channel !== "trade")
    return ignored("channel", channel ?? json["method"]);
  // The trades before the subscription: known already where it is one made anew.
  if (channel === "trade" && json["type"] === "snapshot") return ignored("type", "snapshot");
  const list = json["data"];
  const [data] = Array.isArray(list) ? (list as unknown[]) : [];
  if (!Array.isArray(list) || list.length !== 1 || !isObject(data)) {
    return malformed("data", list, "an array of one object");
  }
  const symbol = data["symbol"];
  if (typeof symbol !== "string") return malformed("data[0].symbol", symbol, "a symbol");
  into.symbol = symbol;
  return channel === "book" ? readBook(json["type"], data, into) : readTrade(data, into);
};

const readBook = (type: unknown, data: Json, into: DepthMessage): VenueFault | null => {
  if (type !== "snapshot" && type !== "update") {
    return malformed("type", type, "snapshot or update");
  }
  into.kind = type === "snapshot" ? depthKind.snapshot : depthKind.delta;
  const bids = levelsAt(data, "bids", true);
  if (isFault(bids)) return bids;
  const asks = levelsAt(data, "asks", true);
  if (isFault(asks)) return asks;
  // Snapshots have no time in older versions of the protocol; what follows is newer than any.
  const ns =
    type === "snapshot" && data["timestamp"] === undefined ? 0n : rfc3339Ns(data["timestamp"]);
  if (ns === null) return malformed("data[0].timestamp", data["timestamp"], "RFC 3339 in UTC");
  into.eventNs = ns;
  setIds(into, Number(ns / nsPerUs), Number(ns / nsPerUs));
  const checksum = integerOf(data["checksum"]);
  if (!Number.isInteger(checksum) || checksum < 0 || checksum > checksumMax) {
    return malformed("data[0].checksum", data["checksum"], `an integer from 0 to ${checksumMax}`);
  }
  if (isPrecise(bids) && isPrecise(asks)) into.checksum = checksum;
  return readLevels(inText(bids), inText(asks), levelForm, into);
};

const readTrade = (data: Json, into: DepthMessage): VenueFault | null => {
  const id = integerOf(data["trade_id"]);
  if (!isId(id)) return malformed("data[0].trade_id", data["trade_id"], idForm);
  const { side } = data as { side?: unknown };
  if (side !== "buy" && side !== "sell") return malformed("data[0].side", side, "buy or sell");
  into.kind = depthKind.trade;
  setIds(into, id, id);
  into.eventNs = rfc3339Ns(data["timestamp"]) ?? 0n;
  const trade = inText({ field: "data[0]", levels: [data] });
  return readTaken(side === "buy", trade, levelForm, into);
};

const isPrecise = ({ levels }: LevelList): boolean =>
  levels.every(
    (level) =>
      isObject(level) && typeof level["price"] === "string" && typeof level["qty"] === "string",
  );

// Numbers become text again; their trailing zeros are gone.
const inText = ({ field, levels }: LevelList): LevelList => ({
  field,
  levels: levels.map((level) =>
    isObject(level) ? { price: numberText(level["price"]), qty: numberText(level["qty"]) } : level,
  ),
});
