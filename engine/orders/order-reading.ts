// What the readers of single orders share: what they yield, what they count for the end of a
// recording, and prices as integers of few decimals. Places are numbers that each reader defines:
// bytes or rows.
import { decimalValueMax } from "../../schemas/market/decimal.ts";
import type { DepthMessage } from "../../schemas/market/depth-message.ts";
import { malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";

/** One message, or one fault. The reader's `message` is filled and valid until the next one. */
export type OrderReading = {
  /** Offset of the first byte, or number of the row from 1. */
  readonly at: number;
  readonly fault: VenueFault | null;
  readonly receiveNs: bigint;
};

/** A reading without a fault. */
export const told = (at: number, { receiveNs }: DepthMessage): OrderReading => ({
  at,
  fault: null,
  receiveNs,
});

export const faulty = (at: number, fault: VenueFault): OrderReading => ({
  at,
  fault,
  receiveNs: 0n,
});

/** Orders of one recording at one time, at most; more are left out. They take about 360 MB. */
export const ordersMax = 4_194_304;

/** Of one recording, all its symbols and files. */
export type OrderCounts = {
  /** That are in the book. */
  orders: number;
  /** Left out, because there were `ordersMax`. */
  leftOut: number;
  /** Changes of orders that the recording did not begin with, or that were left out. */
  unknown: number;
  /** Records that say nothing about a book. */
  ignored: number;
  /** Records of other symbols than the one asked for. */
  skipped: number;
};

export const noOrderCounts = (): OrderCounts => ({
  orders: 0,
  leftOut: 0,
  unknown: 0,
  ignored: 0,
  skipped: 0,
});

/** Numbers where they are exact, so that most ids cost no bigint. */
export type OrderId = number | bigint;

export const orderIdOf = (id: bigint): OrderId => (id <= BigInt(decimalValueMax) ? Number(id) : id);

/** Price in units of 10^-scale. */
export type Price = { readonly price: number; readonly priceScale: number };

/** The price without trailing zeros: a book keeps a window of levels, which fine ticks would waste. */
export const priceOf = (units: number, scale: number): Price => {
  let price = units;
  let priceScale = scale;
  while (priceScale > 0 && price % 10 === 0) {
    price /= 10;
    priceScale -= 1;
  }
  return { price, priceScale };
};

/** The same of units that may pass what a number holds, or a fault. */
export const wholePriceOf = (units: bigint, scale: number): Price | VenueFault => {
  let price = units;
  let priceScale = scale;
  while (priceScale > 0 && price % 10n === 0n) {
    price /= 10n;
    priceScale -= 1;
  }
  if (price >= 0n && price <= BigInt(decimalValueMax)) return { price: Number(price), priceScale };
  const expected = `units of 10^-${scale}, without trailing zeros 0 to ${decimalValueMax}`;
  return malformed("price", units.toString(), expected);
};
