// Protobuf requests of which some records cannot be read, so that these cost the others nothing.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import {
  badRecordsMax,
  hideRecord,
  type RecordFault,
  scanFaults,
} from "../../schemas/otlp/hidden-record.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { recordWord } from "../../schemas/otlp/record-layout.ts";
import { createSignalScan, type SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { isProtobuf, signalNames, startsRequest } from "./protobuf-signal.ts";

/** A copy without the bad records, and what is wrong with each, in their order. */
export type DamagedRequest = {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  readonly faults: readonly RecordFault[];
};

type Readable = DamagedRequest & { readonly readable: number };

/** Hides the records of a good scan in which something nested is wrong. */
const hideNested = (scan: SignalScan, signal: Signal): RecordFault[] => {
  const type = messageType(signals[signal].record);
  const check = new MessageCheck();
  const faults: RecordFault[] = [];
  for (let i = 0; i < scan.count; i += 1) {
    const row = i * scan.layout.stride;
    const start = scan.records[row + recordWord.start] ?? 0;
    const end = scan.records[row + recordWord.end] ?? 0;
    const code = check.check(scan.bytes, start, end, type);
    if (code === scanCode.ok) continue;
    faults.push({ fault: scanCodeText(code), at: check.errorAt });
    hideRecord(scan, i);
  }
  return faults;
};

/** Null when more is wrong than single records. */
const readableOf = (request: Uint8Array, signal: Signal): Readable | null => {
  const bytes = request.slice();
  const scan = createSignalScan(signal);
  const framing = [...scanFaults(scan, bytes)];
  if (framing.length > badRecordsMax) return null;
  const nested = hideNested(scan, signal);
  const faults = [...framing, ...nested].sort((a, b) => a.at - b.at);
  const isWhole = faults.length > 0 && isProtobuf(bytes, signal);
  return isWhole ? { signal, bytes, faults, readable: scan.count - nested.length } : null;
};

/**
 * A request of which no signal's messages read all, as the signal whose records can be read best; null
 * when none can be read, or those of two signals equally well.
 */
export const damagedRequest = (
  request: Uint8Array,
  asked: Signal | null,
): DamagedRequest | null => {
  if (!startsRequest(request)) return null;
  if (asked !== null) return readableOf(request, asked);
  const [best, next] = signalNames
    .flatMap((signal) => readableOf(request, signal) ?? [])
    .filter(({ readable }) => readable > 0)
    .sort((a, b) => b.readable - a.readable);
  return best === undefined || best.readable === next?.readable ? null : best;
};
