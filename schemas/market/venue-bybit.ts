// Bybit v5 topic orderbook.DEPTH.SYMBOL. A snapshot message begins the book anew whenever it
// comes, and so does u = 1 (the service restarted), whatever the message calls itself; u counts
// the messages of a topic. seq orders books of several depths and is not used.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isFault,
  isId,
  isObject,
  type Json,
  levelsAt,
  malformed,
  pairForm,
  readLevels,
  setEventMs,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

/** Fills kind, symbol, ids, time and levels. */
export const readBybit = (json: Json, into: DepthMessage): VenueFault | null => {
  const { topic, type, data } = json as { topic?: unknown; type?: unknown; data?: unknown };
  if (typeof topic !== "string" || !topic.startsWith("orderbook.")) {
    return ignored("topic", topic ?? json["op"]);
  }
  if (!isObject(data)) return malformed("data", data, "an object");
  if (type !== "snapshot" && type !== "delta") {
    return malformed("type", type, "snapshot or delta");
  }
  const { s: symbol, u: id } = data as { s?: unknown; u?: unknown };
  if (typeof symbol !== "string") return malformed("data.s", symbol, "a symbol");
  if (!isId(id)) return malformed("data.u", id, idForm);
  into.symbol = symbol;
  into.kind = type === "snapshot" || id === 1 ? depthKind.snapshot : depthKind.delta;
  setIds(into, id, id);
  const fault = setEventMs(into, "ts", json["ts"]);
  if (fault !== null) return fault;
  const bids = levelsAt(data, "b");
  if (isFault(bids)) return bids;
  const asks = levelsAt(data, "a");
  return isFault(asks) ? asks : readLevels(bids, asks, pairForm, into);
};
