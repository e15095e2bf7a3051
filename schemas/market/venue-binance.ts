// Binance messages (spot, USD-M, COIN-M) to depth messages: depthUpdate, REST depth answer,
// bookTicker and trade, bare or inside a combined stream's {"stream","data"}. Bad input is a
// value that names the field, never an exception. Sequencing is engine/book's concern. Other
// venues: venue-message.ts.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isId,
  isObject,
  itemFault,
  type Json,
  levelsAt,
  malformed,
  pairForm,
  readSides,
  readTaken,
  setEventMs,
  setIds,
  shown,
  type VenueContext,
  type VenueFault,
} from "./venue-fields.ts";
import { venueCodes } from "./venues.ts";

type Reader = (data: Json, into: DepthMessage) => VenueFault | null;

/**
 * Fills `into` from one parsed message and returns null, or a fault, and then `into` is in no
 * usable state. A message that was read always encodes. Scales are the decimals that occur, without trailing zeros.
 */
export const readBinance = (
  json: unknown,
  context: VenueContext,
  into: DepthMessage,
): VenueFault | null => {
  if (!isObject(json)) return malformed("message", json, "an object");
  const wrapped = isObject(json["data"]);
  const data = wrapped ? (json["data"] as Json) : json;
  const stream = wrapped && typeof json["stream"] === "string" ? json["stream"] : "";
  const kind = kindOf(data, stream);
  if (typeof kind === "string") return ignored("e", kind);
  const symbol = symbolOf(data, stream, context.symbol);
  if (typeof symbol !== "string") return symbol;
  into.clearLevels();
  into.kind = kind;
  into.venue = venueCodes[context.venue];
  into.symbol = symbol;
  into.receiveNs = context.receiveNs;
  into.isAdded = false;
  return readTime(data, into) ?? readerOf(kind)(data, into) ?? itemFault(into);
};

const partialDepth = /@depth(?:5|10|20)(?:@|$)/;

/** A `depthKind`, or the name of something that is none. */
const kindOf = (data: Json, stream: string): number | string => {
  const event = data["e"];
  if (partialDepth.test(stream)) return stream;
  if (event === "depthUpdate") return depthKind.delta;
  if (event === "trade") return depthKind.trade;
  if (event === "bookTicker") return depthKind.ticker;
  if (typeof event === "string") return event;
  if ("lastUpdateId" in data || "bids" in data) return depthKind.snapshot;
  // A spot bookTicker has no "e".
  if ("u" in data && "B" in data && "A" in data) return depthKind.ticker;
  return "result" in data ? "result" : shown(data);
};

const symbolOf = (data: Json, stream: string, otherwise: string): string | VenueFault => {
  const given = data["s"] ?? data["symbol"];
  if (typeof given === "string" && given !== "") return given;
  if (given !== undefined) return malformed("s", given, "a symbol");
  const at = stream.indexOf("@");
  if (at > 0) return stream.slice(0, at).toUpperCase();
  if (otherwise !== "") return otherwise;
  return {
    code: "symbol",
    field: "s",
    found: "nothing",
    expected: "a symbol in message or request",
  };
};

const readTime = (data: Json, into: DepthMessage): VenueFault | null => {
  const time = data["E"] ?? data["T"];
  if (time !== undefined && typeof time !== "number") {
    return malformed("E", time, "milliseconds since the epoch");
  }
  return setEventMs(into, "E", time);
};

const readerOf = (kind: number): Reader => {
  if (kind === depthKind.delta) return readDelta;
  if (kind === depthKind.snapshot) return readSnapshot;
  return kind === depthKind.trade ? readTrade : readTicker;
};

const readDelta: Reader = (data, into) => {
  const { U: first, u: last, pu: previous } = data as { U?: unknown; u?: unknown; pu?: unknown };
  if (!isId(first)) return malformed("U", first, idForm);
  if (!isId(last) || last < first) return malformed("u", last, `${idForm}, not below U=${first}`);
  setIds(into, first, last);
  if (into.venue !== venueCodes["binance-spot"]) {
    if (!isId(previous)) return malformed("pu", previous, idForm);
    into.prevId = previous;
  }
  return readBook(data, { bids: "b", asks: "a" }, into);
};

const readSnapshot: Reader = (data, into) => {
  const last = data["lastUpdateId"];
  if (!isId(last)) return malformed("lastUpdateId", last, idForm);
  setIds(into, last, last);
  return readBook(data, { bids: "bids", asks: "asks" }, into);
};

const readTrade: Reader = (data, into) => {
  const id = data["t"];
  if (!isId(id)) return malformed("t", id, idForm);
  if (typeof data["m"] !== "boolean") return malformed("m", data["m"], "true or false");
  setIds(into, id, id);
  const trade = { field: "", levels: [[data["p"], data["q"]]] };
  // Where the buyer was the maker, the seller took.
  const fault = readTaken(!data["m"], trade, pairForm, into);
  return fault === null ? null : { ...fault, field: "p, q" };
};

const readTicker: Reader = (data, into) => {
  const id = data["u"];
  if (!isId(id)) return malformed("u", id, idForm);
  setIds(into, id, id);
  const sides = { b: [[data["b"], data["B"]]], a: [[data["a"], data["A"]]] };
  const fault = readBook(sides, { bids: "b", asks: "a" }, into);
  return fault === null ? null : { ...fault, field: "b, B, a, A" };
};

type SideNames = { readonly bids: string; readonly asks: string };

const readBook = (data: Json, names: SideNames, into: DepthMessage): VenueFault | null =>
  readSides(levelsAt(data, names.bids), levelsAt(data, names.asks), pairForm, into);
