// The records of a protobuf request that cannot be read, so that they cost the others nothing.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { badRecordsMax, hideRecord, tryHideRecord } from "../../schemas/otlp/hidden-record.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { recordWord } from "../../schemas/otlp/record-layout.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
  type SignalScan,
} from "../../schemas/otlp/signal-scan.ts";

/** What is wrong with a record, and at which byte of the request. */
export type RecordFault = { readonly fault: string; readonly at: number };

const createScan: { readonly [signal in Signal]: () => SignalScan } = {
  traces: createTraceScan,
  metrics: createMetricScan,
  logs: createLogScan,
};

/** Those whose framing or own fields are wrong, which end a scan: each is hidden before the next. */
const hideUnreadable = (scan: SignalScan, bytes: Uint8Array): RecordFault[] => {
  const faults: RecordFault[] = [];
  for (;;) {
    const code = scan.scan(bytes, 0, bytes.length);
    if (code === scanCode.ok) return faults;
    const fault = { fault: scanCodeText(code), at: scan.errorAt };
    // What is wrong outside the records is for who reads the whole to say.
    if (faults.length === badRecordsMax || !tryHideRecord(scan)) return faults;
    faults.push(fault);
  }
};

/**
 * Overwrites in `bytes` what no record can be read from, and returns what was wrong with each, in
 * their order, and how many can be read.
 */
export const hideBadRecords = (
  bytes: Uint8Array,
  signal: Signal,
): { readonly faults: readonly RecordFault[]; readonly readable: number } => {
  const scan = createScan[signal]();
  const faults = hideUnreadable(scan, bytes);
  const type = messageType(signals[signal].record);
  const check = new MessageCheck();
  let readable = 0;
  for (let i = 0; i < scan.count; i += 1) {
    const row = i * scan.layout.stride;
    const start = scan.records[row + recordWord.start] ?? 0;
    const code = check.check(bytes, start, scan.records[row + recordWord.end] ?? 0, type);
    if (code === scanCode.ok) {
      readable += 1;
      continue;
    }
    faults.push({ fault: scanCodeText(code), at: check.errorAt });
    hideRecord(scan, i);
  }
  return { faults: faults.toSorted((a, b) => a.at - b.at), readable };
};
