// A candidate as a transaction record of 32 bytes, for stages and bundles. The record's price is the
// candidate's price hint: quote by base amount in raw units, of a million raw units of the base (one
// token of the usual six decimals), in 1/10,000 raw units of the quote (lamports). Its size is the
// base amount in whole millions of raw units, 1 at least and 2^32 - 1 at most.
import {
  candidateAt,
  candidateDirections,
  candidateFlag,
} from "../../schemas/market/candidate-layout.ts";
import { transactionSide } from "../bundle/bundle-layout.ts";
import { recordCode, writeRecord } from "../bundle/transaction-record.ts";

const unitsOfSize = 1_000_000;
const priceScale = 10_000;
const sizeMax = 2 ** 32 - 1;
const sell = candidateDirections.indexOf("sell");

/** Which record it becomes; times in monotonic ns. */
export type RecordIdentity = { readonly id: number; readonly ingressNs: number };

/**
 * Writes the record of the candidate at `from` to `to`, at 0; false when it has no price that a
 * record can hold: then nothing was written.
 */
export const writeCandidateRecord = (
  view: DataView,
  from: number,
  to: DataView,
  { id, ingressNs }: RecordIdentity,
): boolean => {
  const flags = view.getUint16(from + candidateAt.flags, true);
  if ((flags & candidateFlag.priceHint) === 0) return false;
  const hint = view.getFloat64(from + candidateAt.priceHint, true);
  const price = Math.round(hint * unitsOfSize * priceScale);
  const units = Number(view.getBigUint64(from + candidateAt.baseAmount, true));
  const size = Math.min(sizeMax, Math.max(1, Math.floor(units / unitsOfSize)));
  const side =
    view.getUint8(from + candidateAt.direction) === sell
      ? transactionSide.ask
      : transactionSide.bid;
  return writeRecord(to, 0, { id, price, size, side, ingressNs }) === recordCode.ok;
};
