// Our own form of depth messages, for any source that has no reader here:
//
//   {"type":"snapshot"|"update"|"trade"|"ticker","symbol":"X","sequence":12,"previous":11,
//    "ts":1700000000000,"bids":[["100.5","2"]],"asks":[]}
//
// sequence counts the messages of a symbol by one, or each names the one before in previous. ts
// (ms) and either side may be left out. Venue generic: a size replaces, 0 removes. Venue
// generic-delta: an update's sizes are added and may be negative ("-1.5"); a level that reaches 0
// is removed. A trade has one level: a bid when the buyer took, an ask when the seller did.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isId,
  type Json,
  levelsAt,
  malformed,
  pairForm,
  readSides,
  setEventMs,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

const kinds: { readonly [type: string]: number } = {
  snapshot: depthKind.snapshot,
  update: depthKind.delta,
  trade: depthKind.trade,
  ticker: depthKind.ticker,
};

/** Fills kind, symbol, ids, time and levels; `isAdded` is that of the venue's updates. */
export const readGeneric = (
  json: Json,
  into: DepthMessage,
  isAdded: boolean,
): VenueFault | null => {
  const { type, symbol, sequence, previous, ts } = json;
  const kind = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind === undefined) return ignored("type", type);
  if (typeof symbol !== "string") return malformed("symbol", symbol, "a symbol");
  if (!isId(sequence)) return malformed("sequence", sequence, idForm);
  into.symbol = symbol;
  into.kind = kind;
  into.isAdded = isAdded && kind === depthKind.delta;
  setIds(into, sequence, sequence);
  if (previous !== undefined && kind === depthKind.delta) {
    if (!isId(previous)) return malformed("previous", previous, idForm);
    into.prevId = previous;
  }
  const fault = setEventMs(into, "ts", ts);
  if (fault !== null) return fault;
  return readSides(levelsAt(json, "bids", true), levelsAt(json, "asks", true), pairForm, into);
};
