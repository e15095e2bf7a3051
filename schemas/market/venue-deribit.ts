// Deribit v2 notifications book.INSTRUMENT.INTERVAL and trades.*. Each change names the one before it
// (prev_change_id), snapshots come in the stream. Grouped books (book.INSTRUMENT.GROUP.DEPTH.INTERVAL)
// and quotes have no levels to go on with and are ignored. Amounts of inverse futures and perpetuals
// are US dollars, of everything else the coin; prices below 0, as future spreads have, are refused.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isFault,
  isId,
  isObject,
  type Json,
  type LevelForm,
  type LevelList,
  levelsAt,
  malformed,
  numberText,
  pairForm,
  readSides,
  readTaken,
  setEventMs,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

/** [action, price, amount]. */
const levelForm: LevelForm = { price: 1, size: 2 };
const wholeBook = /^book\.[^.]*\.[^.]*$/;
const actions = new Set<unknown>(["new", "change", "delete"]);
const inverse = /^[A-Z0-9]+-(?:PERPETUAL|\d{1,2}[A-Z]{3}\d{2})$/;

/**
 * Whether the instrument's amounts are US dollars, by its name: what is linear, or spot, has its pair
 * in it (SOL_USDC-PERPETUAL), what is inverse only the coin (BTC-PERPETUAL, BTC-27JUN25).
 */
export const isInDollars = (instrument: string): boolean => inverse.test(instrument);

/** Fills kind, symbol, ids, time and levels. One of several trades is refused: venue-trades.ts. */
export const readDeribit = (json: Json, into: DepthMessage): VenueFault | null => {
  const { method, params } = json as { method?: unknown; params?: unknown };
  // An answer to a request has none.
  if (method !== "subscription") return ignored("method", method);
  if (!isObject(params)) return malformed("params", params, "an object");
  const { channel, data } = params as { channel?: unknown; data?: unknown };
  if (typeof channel !== "string") return malformed("params.channel", channel, "a channel");
  if (channel.startsWith("trades.")) return readTrades(data, into);
  if (!wholeBook.test(channel)) return ignored("params.channel", channel);
  if (!isObject(data)) return malformed("params.data", data, "an object");
  return readInstrument("params.data", data, into) ?? readBook(data, into);
};

const readInstrument = (field: string, data: Json, into: DepthMessage): VenueFault | null => {
  const instrument = data["instrument_name"];
  if (typeof instrument !== "string")
    return malformed(`${field}.instrument_name`, instrument, "an instrument");
  into.symbol = instrument;
  return setEventMs(into, `${field}.timestamp`, data["timestamp"]);
};

const readBook = (data: Json, into: DepthMessage): VenueFault | null => {
  const { type, change_id: id, prev_change_id: previous } = data;
  if (type !== "snapshot" && type !== "change")
    return malformed("params.data.type", type, "snapshot or change");
  if (!isId(id)) return malformed("params.data.change_id", id, idForm);
  setIds(into, id, id);
  into.kind = depthKind.snapshot;
  if (type === "change") {
    if (!isId(previous)) return malformed("params.data.prev_change_id", previous, idForm);
    into.kind = depthKind.delta;
    into.prevId = previous;
  }
  return readSides(sideAt(data, "bids"), sideAt(data, "asks"), levelForm, into);
};

// The side with decimal texts; what is deleted has size 0, whatever amount it came with.
const sideAt = (data: Json, name: string): LevelList | VenueFault => {
  const side = levelsAt(data, name);
  const field = `params.data.${name}`;
  if (isFault(side)) return malformed(field, data[name], "an array of [action, price, amount]");
  const levels: unknown[] = [];
  for (const level of side.levels) {
    const place = `${field}[${levels.length}]`;
    if (!Array.isArray(level)) return malformed(place, level, "[action, price, amount]");
    const [action, price, amount] = level as unknown[];
    if (!actions.has(action)) return malformed(`${place}[0]`, action, "new, change or delete");
    levels.push([action, numberText(price), action === "delete" ? "0" : numberText(amount)]);
  }
  return { field, levels };
};

const readTrades = (list: unknown, into: DepthMessage): VenueFault | null => {
  const [trade] = Array.isArray(list) ? (list as unknown[]) : [];
  if (!Array.isArray(list) || list.length !== 1 || !isObject(trade)) {
    return malformed("params.data", list, "an array of one object");
  }
  return readInstrument("params.data[0]", trade, into) ?? readTrade(trade, into);
};

const readTrade = (trade: Json, into: DepthMessage): VenueFault | null => {
  const { trade_seq: id, direction, price, amount } = trade;
  if (!isId(id)) return malformed("params.data[0].trade_seq", id, idForm);
  if (direction !== "buy" && direction !== "sell") {
    return malformed("params.data[0].direction", direction, "buy or sell");
  }
  into.kind = depthKind.trade;
  setIds(into, id, id);
  const level = { field: "", levels: [[numberText(price), numberText(amount)]] };
  const fault = readTaken(direction === "buy", level, pairForm, into);
  return fault === null ? null : { ...fault, field: "params.data[0].price, amount" };
};
