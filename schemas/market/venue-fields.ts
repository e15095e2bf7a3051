// What the readers of all venues share: faults as values, fields of parsed JSON, and levels from
// decimal text. A reader turns its venue's form of levels into pairs of texts; scales and integers
// come from here. No venue's rules.
import { decimalPlaces, decimalRefusalText, decimalScaleMax, parseDecimal } from "./decimal.ts";
import { depthCode } from "./depth-item.ts";
import { depthLevelsMax, depthSymbolBytesMax } from "./depth-layout.ts";
import { checkDepthMessage, type DepthMessage } from "./depth-message.ts";
import type { MessageVenueName } from "./venues.ts";

/**
 * `ignored`: a good message of a kind that says nothing about the book (answers to subscriptions,
 * heartbeats, partial-depth streams). `symbol`: a REST answer of Binance or a message of Bitfinex,
 * which name none, without one in the context. `malformed`: everything else.
 */
export type VenueFault = {
  readonly code: "malformed" | "symbol" | "ignored";
  readonly field: string;
  readonly found: string;
  readonly expected: string;
};

/** What a message does not say itself. */
export type VenueContext = {
  readonly venue: MessageVenueName;
  /**
   * Used when the message names no symbol (REST depth of Binance spot and USD-M, Bitfinex);
   * "" when unknown.
   */
  readonly symbol: string;
  /** ns since the epoch, 0 to 2^64 - 1. */
  readonly receiveNs: bigint;
};

/** A parsed JSON object. */
export type Json = { readonly [key: string]: unknown };

const foundCharsMax = 60;

/** A value as it is shown in a fault. */
export const shown = (value: unknown): string =>
  value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value).slice(0, foundCharsMax);

export const malformed = (field: string, value: unknown, expected: string): VenueFault => ({
  code: "malformed",
  field,
  found: shown(value),
  expected,
});

/** What no single field could tell: the message is whole, but no item can hold it. Null when one can. */
export const itemFault = (message: DepthMessage): VenueFault | null => {
  const { symbol, bidCount, askCount, lastId } = message;
  const code = checkDepthMessage(message);
  if (code === depthCode.good) return null;
  if (code === depthCode.symbol) {
    const form = `1 to ${depthSymbolBytesMax} printable ASCII characters without space`;
    return malformed("symbol", symbol, form);
  }
  if (code === depthCode.levelCount)
    return malformed(
      "levels",
      bidCount + askCount,
      "one in a trade, at most one a side in a ticker",
    );
  return malformed("id, time", lastId, "ids up to 2^53 - 1, times below 2^64 ns");
};

/** A message of a kind that is of no use here. */
export const ignored = (field: string, value: unknown): VenueFault => ({
  code: "ignored",
  field,
  found: typeof value === "string" ? value : shown(value),
  expected: "a depth, ticker or trade message",
});

/** A fault as one line for people. */
export const venueFaultText = ({ field, found, expected }: VenueFault): string =>
  `field ${field}: found ${found}, expected ${expected}`;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An update id: an integer from 0 to 2^53 - 1. */
export const isId = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
export const idForm = "an integer from 0 to 2^53 - 1";

/** A message's levels in the venue's own form, and where they stand. */
export type LevelList = {
  readonly field: string;
  readonly levels: readonly unknown[];
};

/** Where price and size of one level stand in the venue's form: array places or keys. */
export type LevelForm = {
  readonly price: number | string;
  readonly size: number | string;
  /** Trailing zeros count as decimals: the text has the venue's precision. */
  readonly isPrecise?: boolean;
};

/** [price, size, ...]. */
export const pairForm: LevelForm = { price: 0, size: 1 };

const textOf = (level: unknown, key: number | string): unknown =>
  (typeof key === "number" ? Array.isArray(level) : isObject(level))
    ? (level as Json)[key]
    : undefined;

const isSigned = (text: string, into: DepthMessage): boolean => into.isAdded && text[0] === "-";

/**
 * Reads both sides into the message's levels and scales; forgets the levels before. The scale is
 * that of the finest text. Returns the first fault, and then the message is in no usable state.
 */
export const readLevels = (
  bids: LevelList,
  asks: LevelList,
  form: LevelForm,
  into: DepthMessage,
): VenueFault | null => {
  const count = bids.levels.length + asks.levels.length;
  if (count > depthLevelsMax)
    return malformed(bids.field, count, `at most ${depthLevelsMax} levels`);
  into.clearLevels();
  into.priceScale = 0;
  into.sizeScale = 0;
  return (
    widenScales(bids, form, into) ??
    widenScales(asks, form, into) ??
    addLevels(bids, form, into, true) ??
    addLevels(asks, form, into, false)
  );
};

/** The same of sides that may be faults, the bids' told first. */
export const readSides = (
  bids: LevelList | VenueFault,
  asks: LevelList | VenueFault,
  form: LevelForm,
  into: DepthMessage,
): VenueFault | null => {
  if (isFault(bids)) return bids;
  return isFault(asks) ? asks : readLevels(bids, asks, form, into);
};

/** The only level of a trade: a bid where the buyer took, else an ask. */
export const readTaken = (
  isBuy: boolean,
  trade: LevelList,
  form: LevelForm,
  into: DepthMessage,
): VenueFault | null => {
  const none = { field: trade.field, levels: [] };
  return isBuy ? readLevels(trade, none, form, into) : readLevels(none, trade, form, into);
};

const placesOf = (text: string, isPrecise: boolean): number => {
  const places = decimalPlaces(text);
  const point = text.indexOf(".");
  if (!isPrecise || places < 0 || point < 0) return places;
  return Math.min(text.length - point - 1, decimalScaleMax);
};

// First pass: the scale of a message is that of its finest price or size.
const widenScales = (
  { field, levels }: LevelList,
  form: LevelForm,
  into: DepthMessage,
): VenueFault | null => {
  const isPrecise = form.isPrecise === true;
  for (let i = 0; i < levels.length; i += 1) {
    const price = textOf(levels[i], form.price);
    if (typeof price !== "string") return notText(field, i, form.price, levels[i]);
    const pricePlaces = placesOf(price, isPrecise);
    if (pricePlaces < 0) return refused(`${field}[${i}][${form.price}]`, price, pricePlaces);
    const size = textOf(levels[i], form.size);
    if (typeof size !== "string") return notText(field, i, form.size, levels[i]);
    const sizePlaces = placesOf(isSigned(size, into) ? size.slice(1) : size, isPrecise);
    if (sizePlaces < 0) return refused(`${field}[${i}][${form.size}]`, size, sizePlaces);
    if (pricePlaces > into.priceScale) into.priceScale = pricePlaces;
    if (sizePlaces > into.sizeScale) into.sizeScale = sizePlaces;
  }
  return null;
};

// Second pass: the forms are known to be good, only the range is left to check.
const addLevels = (
  { field, levels }: LevelList,
  form: LevelForm,
  into: DepthMessage,
  isBids: boolean,
): VenueFault | null => {
  for (let i = 0; i < levels.length; i += 1) {
    const priceText = textOf(levels[i], form.price) as string;
    const sizeText = textOf(levels[i], form.size) as string;
    const price = parseDecimal(priceText, into.priceScale);
    if (price < 0) return refused(`${field}[${i}][${form.price}]`, priceText, price);
    const isNegative = isSigned(sizeText, into);
    const size = parseDecimal(isNegative ? sizeText.slice(1) : sizeText, into.sizeScale);
    if (size < 0) return refused(`${field}[${i}][${form.size}]`, sizeText, size);
    if (isBids) into.addBid(price, isNegative ? -size : size);
    else into.addAsk(price, isNegative ? -size : size);
  }
  return null;
};

const notText = (field: string, index: number, key: number | string, level: unknown): VenueFault =>
  typeof key === "number" && !Array.isArray(level)
    ? malformed(`${field}[${index}]`, level, "[price, size]")
    : malformed(`${field}[${index}][${key}]`, textOf(level, key), "a decimal in a string");

const refused = (field: string, text: string, code: number): VenueFault =>
  malformed(field, text, decimalRefusalText(code));

/**
 * A number as decimal text, exact and without zeros behind, for venues that write numbers; anything
 * else as it is. What has more than `decimalScaleMax` places keeps its exponent, so it is refused.
 */
export const numberText = (value: unknown): unknown => {
  if (typeof value !== "number") return value;
  const text = String(value);
  if (!text.includes("e-")) return text;
  const places = value.toFixed(decimalScaleMax);
  // The zeros behind are not the venue's: as decimals they would leave no room for larger sizes.
  return Number(places) === value ? places.replace(/0+$/, "") : text;
};

/** A list of levels, or a fault; a missing one is empty when `isOptional`. */
export const levelsAt = (data: Json, field: string, isOptional = false): LevelList | VenueFault => {
  const levels = data[field];
  if (levels === undefined && isOptional) return { field, levels: [] };
  if (!Array.isArray(levels)) return malformed(field, levels, "an array of [price, size]");
  return { field, levels };
};

export const isFault = (value: object): value is VenueFault => "expected" in value;

/** Sets ids and no previous id, no checksum: what most messages have. */
export const setIds = (into: DepthMessage, firstId: number, lastId: number): void => {
  into.firstId = firstId;
  into.lastId = lastId;
  into.prevId = -1;
  into.checksum = -1;
};

const integerText = /^\d{1,16}$/;

/** A number as it is, decimal text as the number it says, NaN for anything else. */
export const integerOf = (value: unknown): number => {
  if (typeof value === "number") return value;
  return typeof value === "string" && integerText.test(value) ? Number(value) : Number.NaN;
};

const nsPerMs = 1_000_000n;
const msMax = 2 ** 43;

/** Time in ms, a number or decimal text, to `into.eventNs`; 0 when it is left out. */
export const setEventMs = (
  into: DepthMessage,
  field: string,
  value: unknown,
): VenueFault | null => {
  const ms = value === undefined ? 0 : integerOf(value);
  if (!Number.isInteger(ms) || ms < 0 || ms > msMax) {
    return malformed(field, value, "milliseconds since the epoch");
  }
  into.eventNs = BigInt(ms) * nsPerMs;
  return null;
};

const timeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/** RFC 3339 text in UTC to ns since the epoch, or null. */
export const rfc3339Ns = (text: unknown): bigint | null => {
  const match = typeof text === "string" ? timeForm.exec(text) : null;
  if (match === null) return null;
  const ms = Date.parse(`${match[1]}Z`);
  if (!(ms >= 0)) return null;
  return BigInt(ms) * nsPerMs + BigInt((match[2] ?? "0").padEnd(9, "0"));
};
