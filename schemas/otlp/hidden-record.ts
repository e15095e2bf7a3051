// How a record that cannot be read is stepped over: its tag is overwritten by that of an unknown field
// of the same length, which every reader skips.
import { recordWord } from "./record-layout.ts";
import type { SignalScan } from "./signal-scan.ts";
import { tagOf, wireType } from "./wire.ts";

/** Bad records of one request that are stepped over; after that the request is given up. */
export const badRecordsMax = 1000;

const hiddenTag = tagOf(15, wireType.delimited);

const cell = (rows: Int32Array, index: number): number => rows[index] ?? 0;

/** Overwrites a record of the last scan, by its index, in the bytes that were scanned. */
export const hideRecord = (scan: SignalScan, index: number): void => {
  scan.bytes[cell(scan.records, index * scan.layout.stride + recordWord.fieldStart)] = hiddenTag;
};

/**
 * After a refused scan: overwrites the record at fault so that the next scan skips it. False when
 * the fault is not in a record.
 */
export const tryHideRecord = (scan: SignalScan): boolean => {
  const row = scan.count * scan.layout.stride;
  const fieldStart = cell(scan.records, row + recordWord.fieldStart);
  const isInRecord = fieldStart > 0 && scan.errorAt >= fieldStart;
  if (!isInRecord || scan.errorAt > cell(scan.records, row + recordWord.end)) return false;
  hideRecord(scan, scan.count);
  return true;
};
