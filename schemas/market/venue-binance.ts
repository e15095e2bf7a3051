// Binance messages (spot, USD-M, COIN-M) to depth messages: depthUpdate, REST depth answer,
// bookTicker and trade, bare or inside a combined stream's {"stream","data"}. Bad input is a
// value that names the field, never an exception. Sequencing is engine/book's concern.
import { decimalPlaces, decimalRefusalText, parseDecimal } from "./decimal.ts";
import { checkDepthMessage, type DepthMessage } from "./depth-message.ts";
import { depthCode, depthCodeText, depthKind } from "./depth-item.ts";
import { depthLevelsMax } from "./depth-layout.ts";
import { type VenueName, venueCodes } from "./venues.ts";

/**
 * `ignored`: a good message of a kind that says nothing about the book (answers to subscriptions,
 * aggTrade, mark prices, partial-depth streams). `symbol`: a REST answer that names none, without
 * one in the context. `malformed`: everything else.
 */
export type BinanceFault = {
  readonly code: "malformed" | "symbol" | "ignored";
  readonly field: string;
  readonly found: string;
  readonly expected: string;
};

export type BinanceContext = {
  readonly venue: VenueName;
  /** Used when the message names no symbol (REST depth of spot and USD-M); "" when unknown. */
  readonly symbol: string;
  /** ns since the epoch, 0 to 2^64 - 1. */
  readonly receiveNs: bigint;
};

type Json = { readonly [key: string]: unknown };
type Reader = (data: Json, into: DepthMessage) => BinanceFault | null;

const nsPerMs = 1_000_000n;
const eventMsMax = 2 ** 43;
const foundCharsMax = 60;

const shown = (value: unknown): string =>
  value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value).slice(0, foundCharsMax);

const malformed = (field: string, value: unknown, expected: string): BinanceFault => ({
  code: "malformed",
  field,
  found: shown(value),
  expected,
});

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads JSON text; see `readBinance`. */
export const readBinanceText = (
  text: string,
  context: BinanceContext,
  into: DepthMessage,
): BinanceFault | null => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { code: "malformed", field: "message", found: text.slice(0, 60), expected: "JSON" };
  }
  return readBinance(json, context, into);
};

/**
 * Fills `into` from one parsed message and returns null, or a fault, and then `into` is in no
 * usable state. A message that was read always encodes. Scales are the decimals that occur, without trailing zeros.
 */
export const readBinance = (
  json: unknown,
  context: BinanceContext,
  into: DepthMessage,
): BinanceFault | null => {
  if (!isObject(json)) return malformed("message", json, "an object");
  const wrapped = isObject(json["data"]);
  const data = wrapped ? (json["data"] as Json) : json;
  const stream = wrapped && typeof json["stream"] === "string" ? json["stream"] : "";
  const kind = kindOf(data, stream);
  if (typeof kind === "string") {
    return {
      code: "ignored",
      field: "e",
      found: kind,
      expected: "a depth, ticker or trade message",
    };
  }
  const symbol = symbolOf(data, stream, context.symbol);
  if (typeof symbol !== "string") return symbol;
  into.clearLevels();
  into.kind = kind;
  into.venue = venueCodes[context.venue];
  into.symbol = symbol;
  into.receiveNs = context.receiveNs;
  into.prevId = -1;
  const fault = readTime(data, into) ?? readerOf(kind)(data, into);
  if (fault !== null) return fault;
  const code = checkDepthMessage(into);
  return code === depthCode.good ? null : malformed("message", symbol, depthCodeText(code));
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

const symbolOf = (data: Json, stream: string, otherwise: string): string | BinanceFault => {
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

const readTime = (data: Json, into: DepthMessage): BinanceFault | null => {
  const time = data["E"] ?? data["T"] ?? 0;
  if (typeof time !== "number" || !Number.isInteger(time) || time < 0 || time > eventMsMax) {
    return malformed("E", time, "milliseconds since the epoch");
  }
  into.eventNs = BigInt(time) * nsPerMs;
  return null;
};

const readerOf = (kind: number): Reader => {
  if (kind === depthKind.delta) return readDelta;
  if (kind === depthKind.snapshot) return readSnapshot;
  return kind === depthKind.trade ? readTrade : readTicker;
};

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const idForm = "an integer from 0 to 2^53 - 1";

const readDelta: Reader = (data, into) => {
  const { U: first, u: last, pu: previous } = data as { U?: unknown; u?: unknown; pu?: unknown };
  if (!isId(first)) return malformed("U", first, idForm);
  if (!isId(last) || last < first) return malformed("u", last, `${idForm}, not below U=${first}`);
  if (into.venue !== venueCodes["binance-spot"]) {
    if (!isId(previous)) return malformed("pu", previous, idForm);
    into.prevId = previous;
  }
  into.firstId = first;
  into.lastId = last;
  return readSides(data, { bids: "b", asks: "a" }, into);
};

const readSnapshot: Reader = (data, into) => {
  const last = data["lastUpdateId"];
  if (!isId(last)) return malformed("lastUpdateId", last, idForm);
  into.firstId = last;
  into.lastId = last;
  return readSides(data, { bids: "bids", asks: "asks" }, into);
};

const readTrade: Reader = (data, into) => {
  const id = data["t"];
  if (!isId(id)) return malformed("t", id, idForm);
  if (typeof data["m"] !== "boolean") return malformed("m", data["m"], "true or false");
  into.firstId = id;
  into.lastId = id;
  const level = [[data["p"], data["q"]]];
  // The buyer was the maker, so the seller took.
  const sides = data["m"] ? { b: [], a: level } : { b: level, a: [] };
  const fault = readSides(sides, { bids: "b", asks: "a" }, into);
  return fault === null ? null : { ...fault, field: "p, q" };
};

const readTicker: Reader = (data, into) => {
  const id = data["u"];
  if (!isId(id)) return malformed("u", id, idForm);
  into.firstId = id;
  into.lastId = id;
  const sides = { b: [[data["b"], data["B"]]], a: [[data["a"], data["A"]]] };
  const fault = readSides(sides, { bids: "b", asks: "a" }, into);
  return fault === null ? null : { ...fault, field: "b, B, a, A" };
};

type SideNames = { readonly bids: string; readonly asks: string };

const readSides = (data: Json, names: SideNames, into: DepthMessage): BinanceFault | null => {
  const bids = data[names.bids];
  const asks = data[names.asks];
  if (!Array.isArray(bids)) return malformed(names.bids, bids, "an array of [price, size]");
  if (!Array.isArray(asks)) return malformed(names.asks, asks, "an array of [price, size]");
  if (bids.length + asks.length > depthLevelsMax) {
    return malformed(names.bids, bids.length + asks.length, `at most ${depthLevelsMax} levels`);
  }
  into.priceScale = 0;
  into.sizeScale = 0;
  return (
    widenScales(bids, names.bids, into) ??
    widenScales(asks, names.asks, into) ??
    addLevels(bids, names.bids, into) ??
    addLevels(asks, names.asks, into)
  );
};

// First pass: the scale of a message is that of its finest price or size.
const widenScales = (levels: unknown[], name: string, into: DepthMessage): BinanceFault | null => {
  for (let i = 0; i < levels.length; i += 1) {
    const level = levels[i];
    if (!Array.isArray(level)) return malformed(`${name}[${i}]`, level, "[price, size]");
    for (let column = 0; column < 2; column += 1) {
      const text: unknown = level[column];
      if (typeof text !== "string") {
        return malformed(`${name}[${i}][${column}]`, text, "a decimal in a string");
      }
      const places = decimalPlaces(text);
      if (places < 0) return refused(`${name}[${i}][${column}]`, text, places);
      if (column === 0 && places > into.priceScale) into.priceScale = places;
      if (column === 1 && places > into.sizeScale) into.sizeScale = places;
    }
  }
  return null;
};

// Second pass: the forms are known to be good, only the range is left to check.
const addLevels = (levels: unknown[], name: string, into: DepthMessage): BinanceFault | null => {
  const isBids = name === "b" || name === "bids";
  for (let i = 0; i < levels.length; i += 1) {
    const [priceText, sizeText] = levels[i] as [string, string];
    const price = parseDecimal(priceText, into.priceScale);
    if (price < 0) return refused(`${name}[${i}][0]`, priceText, price);
    const size = parseDecimal(sizeText, into.sizeScale);
    if (size < 0) return refused(`${name}[${i}][1]`, sizeText, size);
    if (isBids) into.addBid(price, size);
    else into.addAsk(price, size);
  }
  return null;
};

const refused = (field: string, text: string, code: number): BinanceFault =>
  malformed(field, text, decimalRefusalText(code));

/** A fault as one line for people. */
export const binanceFaultText = ({ field, found, expected }: BinanceFault): string =>
  `field ${field}: found ${found}, expected ${expected}`;
