// OKX v5 public channels books*, bbo-tbt and trades. Each delta names the one before it
// (prevSeqId), -1 there is a snapshot, equal ids are a heartbeat. The checksum of the channel is
// deprecated and always 0: it is not looked at.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  integerOf,
  isId,
  isObject,
  type Json,
  levelsAt,
  malformed,
  pairForm,
  readSides,
  readTaken,
  setEventMs,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

const wholeBook = new Set(["books", "books-l2-tbt", "books50-l2-tbt", "books-elp"]);
const tickers = new Set(["bbo-tbt"]);

/** Fills kind, symbol, ids, time and levels. One of several trades is refused: venue-trades.ts. */
export const readOkx = (json: Json, into: DepthMessage): VenueFault | null => {
  const { arg, data: list } = json as { arg?: unknown; data?: unknown };
  if ("event" in json) return ignored("event", json["event"]);
  if (!isObject(arg)) return malformed("arg", arg, "an object");
  const channel = String(arg["channel"]);
  if (!wholeBook.has(channel) && !tickers.has(channel) && channel !== "trades") {
    return ignored("arg.channel", channel);
  }
  const [data] = Array.isArray(list) ? (list as unknown[]) : [];
  if (!Array.isArray(list) || list.length !== 1 || !isObject(data)) {
    return malformed("data", list, "an array of one object");
  }
  const symbol = arg["instId"] ?? data["instId"];
  if (typeof symbol !== "string") return malformed("arg.instId", symbol, "an instrument");
  into.symbol = symbol;
  const fault = setEventMs(into, "data[0].ts", data["ts"]);
  if (fault !== null) return fault;
  return channel === "trades" ? readTrade(data, into) : readBook(channel, data, json, into);
};

const readBook = (
  channel: string,
  data: Json,
  json: Json,
  into: DepthMessage,
): VenueFault | null => {
  const { seqId, prevSeqId } = data as { seqId?: unknown; prevSeqId?: unknown };
  if (!isId(seqId)) return malformed("data[0].seqId", seqId, idForm);
  setIds(into, seqId, seqId);
  if (tickers.has(channel)) into.kind = depthKind.ticker;
  else if (json["action"] === "snapshot" || prevSeqId === -1) into.kind = depthKind.snapshot;
  else {
    if (!isId(prevSeqId)) return malformed("data[0].prevSeqId", prevSeqId, `-1 or ${idForm}`);
    into.kind = depthKind.delta;
    into.prevId = prevSeqId;
  }
  return readSides(levelsAt(data, "bids"), levelsAt(data, "asks"), pairForm, into);
};

const readTrade = (data: Json, into: DepthMessage): VenueFault | null => {
  const id = integerOf(data["tradeId"]);
  if (!isId(id)) return malformed("data[0].tradeId", data["tradeId"], idForm);
  const { side } = data as { side?: unknown };
  if (side !== "buy" && side !== "sell") return malformed("data[0].side", side, "buy or sell");
  into.kind = depthKind.trade;
  setIds(into, id, id);
  const trade = { field: "data", levels: [[data["px"], data["sz"]]] };
  return readTaken(side === "buy", trade, pairForm, into);
};
