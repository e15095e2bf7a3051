// Writes and checks the 32 bytes of a transaction record. Both ways in are checked: fields that are
// written and bytes that come from elsewhere; a refusal is a code, never an exception.
import {
  transactionAt as transactionAtShared,
  transactionSide as transactionSideShared,
} from "./bundle-layout.ts";

// Own constants, because an imported or exported object is looked up at each use.
const transactionAt = transactionAtShared;
const transactionSide = transactionSideShared;

const twoTo32 = 2 ** 32;
/** Upper halves of a safe integer are below this. */
const highMax = 2 ** 21;

/** Outcome of writing or checking a record. */
export const recordCode = {
  ok: 0,
  invalidSide: 1,
  /** Price zero or below. */
  negativePrice: 2,
  zeroSize: 3,
  /** A value that its field cannot hold, or that is no safe integer. */
  range: 4,
  /** Reserved bytes that are not zero. */
  padding: 5,
} as const;

// Likewise.
const code = recordCode;

/** A code of `recordCode`. */
export type RecordCode = (typeof recordCode)[keyof typeof recordCode];

/** The fields of a record: `price` in 1/10,000, `side` a `transactionSide`, time in ns. */
export type TransactionFields = {
  readonly id: number;
  readonly price: number;
  readonly size: number;
  readonly side: number;
  readonly ingressNs: number;
};

/** Reads a u64 that is known to be a safe integer. */
export const u64At = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * twoTo32 + view.getUint32(at, true);

/** Writes a safe integer of 0 or more as u64. */
export const putU64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, value % twoTo32, true);
  view.setUint32(at + 4, Math.floor(value / twoTo32), true);
};

const isU64 = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * Writes a record at `at`, 32 bytes that lie within `view`; anything but `ok` leaves the bytes as they
 * were.
 */
export const writeRecord = (view: DataView, at: number, fields: TransactionFields): RecordCode => {
  const { id, price, size, side, ingressNs } = fields;
  if (side !== transactionSide.bid && side !== transactionSide.ask) return recordCode.invalidSide;
  if (!isU64(id) || !isU64(ingressNs) || !Number.isSafeInteger(price)) return recordCode.range;
  if (price <= 0) return recordCode.negativePrice;
  if (size === 0) return recordCode.zeroSize;
  if (size !== size >>> 0) return recordCode.range;
  putU64(view, at + transactionAt.id, id);
  putU64(view, at + transactionAt.price, price);
  view.setUint32(at + transactionAt.size, size, true);
  // Side and padding in one word.
  view.setUint32(at + transactionAt.side, side, true);
  putU64(view, at + transactionAt.ingressNs, ingressNs);
  return recordCode.ok;
};

/** Whether the 32 bytes at `at`, which lie within `view`, are a record. Allocates nothing. */
export const checkRecord = (view: DataView, at: number): RecordCode => {
  const side = view.getUint8(at + transactionAt.side);
  if (side > transactionSide.ask) return code.invalidSide;
  if (view.getUint32(at + transactionAt.side, true) !== side) return code.padding;
  const priceHigh = view.getInt32(at + transactionAt.price + 4, true);
  const priceLow = view.getUint32(at + transactionAt.price, true);
  if (priceHigh < 0 || (priceHigh === 0 && priceLow === 0)) return code.negativePrice;
  if (view.getUint32(at + transactionAt.size, true) === 0) return code.zeroSize;
  const idHigh = view.getUint32(at + transactionAt.id + 4, true);
  const ingressHigh = view.getUint32(at + transactionAt.ingressNs + 4, true);
  const isSafe = priceHigh < highMax && idHigh < highMax && ingressHigh < highMax;
  return isSafe ? code.ok : code.range;
};

/** The fields of a checked record, as a new object: for outputs and tests, not for the hot path. */
export const readRecord = (view: DataView, at: number): TransactionFields => ({
  id: u64At(view, at + transactionAt.id),
  price: u64At(view, at + transactionAt.price),
  size: view.getUint32(at + transactionAt.size, true),
  side: view.getUint8(at + transactionAt.side),
  ingressNs: u64At(view, at + transactionAt.ingressNs),
});

/** Copies one record. */
export const copyRecord = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  to.setBigInt64(toAt, from.getBigInt64(fromAt, true), true);
  to.setBigInt64(toAt + 8, from.getBigInt64(fromAt + 8, true), true);
  to.setBigInt64(toAt + 16, from.getBigInt64(fromAt + 16, true), true);
  to.setBigInt64(toAt + 24, from.getBigInt64(fromAt + 24, true), true);
};
