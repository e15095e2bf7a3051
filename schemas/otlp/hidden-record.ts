// How a record that cannot be read is stepped over: its tag is overwritten by that of an unknown field
// of the same length, which every reader skips.
import { scanCode, scanCodeText } from "./limits.ts";
import { recordWord } from "./record-layout.ts";
import type { SignalScan } from "./signal-scan.ts";
import { tagOf, wireType } from "./wire.ts";

/** What is wrong at an offset of a request. */
export type RecordFault = { readonly fault: string; readonly at: number };

/** Bad records of one request that are stepped over; after that the request is given up. */
export const badRecordsMax = 1000;

const hiddenTag = tagOf(15, wireType.delimited);

const cell = (rows: Int32Array, index: number): number => rows[index] ?? 0;

/** Overwrites a record of the last scan, by its index, in the bytes that were scanned. */
export const hideRecord = (scan: SignalScan, index: number): void => {
  scan.bytes[cell(scan.records, index * scan.layout.stride + recordWord.fieldStart)] = hiddenTag;
};

/** After a refused scan: hides the record at fault; false when the fault is not in a record. */
const tryHideRecord = (scan: SignalScan): boolean => {
  const row = scan.count * scan.layout.stride;
  const fieldStart = cell(scan.records, row + recordWord.fieldStart);
  const isInRecord = fieldStart > 0 && scan.errorAt >= fieldStart;
  if (!isInRecord || scan.errorAt > cell(scan.records, row + recordWord.end)) return false;
  hideRecord(scan, scan.count);
  return true;
};

/**
 * Scans `bytes` until a scan ends well, each time without the record that ended the one before, and
 * yields what was wrong with it while the rows are those of that scan. A fault outside the records,
 * or that there are more than `badRecordsMax`, is the last one.
 */
export function* scanFaults(scan: SignalScan, bytes: Uint8Array): Generator<RecordFault> {
  for (let bad = 0; ; bad += 1) {
    const code = scan.scan(bytes, 0, bytes.length);
    if (code === scanCode.ok) return;
    yield { fault: scanCodeText(code, scan.limits), at: scan.errorAt };
    if (!tryHideRecord(scan)) return;
    if (bad >= badRecordsMax) {
      yield { fault: `more than badRecordsMax=${badRecordsMax} bad records`, at: scan.errorAt };
      return;
    }
  }
}
