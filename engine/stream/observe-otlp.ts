// From a row of the OTLP scanner to an observation: which time, which name, what is an error.
// Event time of a span is its start (its end when that is absent), of a log record its time, then
// its observed time; without any of them, the receive time of the log record that carried it.
import {
  logWord,
  resourceStride,
  resourceWord,
  spanWord,
} from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import type { Observation } from "./observation.ts";

const encoder = new TextEncoder();

/** The service of items whose resource names none. */
const unknownService = "unknown_service";
const unknownBytes = encoder.encode(unknownService);

/** Names of log records with neither event name nor severity text: the bands of severity 1-24. */
const bands = ["UNSPECIFIED", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].map((name) =>
  encoder.encode(name),
);
const unspecified = bands[0] as Uint8Array;
const bandSize = 4;
const severityMax = 24;
const severityError = 17;
const statusError = 2;

// 2^32 ns = 4294 ms and 967296 ns: in two parts everything stays an exact integer.
const wordMs = 4294;
const wordRestNs = 967_296;
const msNs = 1_000_000;

/** Whole ms of a time in ns, given as two unsigned 32-bit words; exact for all of them. */
export const msOf = (high: number, low: number): number =>
  high * wordMs + Math.floor((high * wordRestNs + low) / msNs);

const word = (rows: Int32Array, at: number): number => (rows[at] as number) >>> 0;

/** Points the observation at the service of a resource. False: it has none. */
export const setService = (item: Observation, scan: SignalScan, resource: number): boolean => {
  const row = resource * resourceStride;
  const start = scan.resources[row + resourceWord.serviceNameStart] as number;
  const end = scan.resources[row + resourceWord.serviceNameEnd] as number;
  if (start === end) item.setService(unknownBytes, 0, unknownBytes.length);
  else item.setService(scan.bytes, start, end);
  return start !== end;
};

/** Fills the observation from a span's row. False: it has no time, `receiveMs` is taken. */
export const observeSpan = (
  item: Observation,
  scan: SignalScan,
  row: number,
  receiveMs: number,
): boolean => {
  const { records, bytes } = scan;
  const startHigh = word(records, row + spanWord.startTimeHigh);
  const startLow = word(records, row + spanWord.startTimeLow);
  const endHigh = word(records, row + spanWord.endTimeHigh);
  const endLow = word(records, row + spanWord.endTimeLow);
  item.isError = records[row + spanWord.statusCode] === statusError;
  const nameStart = records[row + spanWord.nameStart] as number;
  item.name.point(bytes, nameStart, records[row + spanWord.nameEnd] as number);
  item.durationHigh = 0;
  item.durationLow = 0;
  if (startHigh === 0 && startLow === 0) {
    const hasEnd = endHigh !== 0 || endLow !== 0;
    item.eventMs = hasEnd ? msOf(endHigh, endLow) : receiveMs;
    return hasEnd;
  }
  item.eventMs = msOf(startHigh, startLow);
  // A span that ends before it starts has no duration to add.
  if (endHigh > startHigh || (endHigh === startHigh && endLow > startLow)) {
    item.durationLow = (endLow - startLow) >>> 0;
    item.durationHigh = endHigh - startHigh - (endLow < startLow ? 1 : 0);
  }
  return true;
};

/** Fills the observation from a log record's row. False: it has no time, `receiveMs` is taken. */
export const observeLog = (
  item: Observation,
  scan: SignalScan,
  row: number,
  receiveMs: number,
): boolean => {
  const { records } = scan;
  const severity = records[row + logWord.severityNumber] as number;
  item.isError = severity >= severityError && severity <= severityMax;
  item.durationHigh = 0;
  item.durationLow = 0;
  nameLog(item, scan, row);
  for (const [high, low] of logTimes) {
    const timeHigh = word(records, row + high);
    const timeLow = word(records, row + low);
    if (timeHigh === 0 && timeLow === 0) continue;
    item.eventMs = msOf(timeHigh, timeLow);
    return true;
  }
  item.eventMs = receiveMs;
  return false;
};

const logTimes = [
  [logWord.timeHigh, logWord.timeLow],
  [logWord.observedTimeHigh, logWord.observedTimeLow],
] as const;

const nameLog = (item: Observation, { records, bytes }: SignalScan, row: number): void => {
  const eventStart = records[row + logWord.eventNameStart] as number;
  const eventEnd = records[row + logWord.eventNameEnd] as number;
  if (eventEnd > eventStart) {
    item.name.point(bytes, eventStart, eventEnd);
    return;
  }
  const textStart = records[row + logWord.severityTextStart] as number;
  const textEnd = records[row + logWord.severityTextEnd] as number;
  if (textEnd > textStart) {
    item.name.point(bytes, textStart, textEnd);
    return;
  }
  const severity = records[row + logWord.severityNumber] as number;
  const isKnown = severity > 0 && severity <= severityMax;
  const band = isKnown ? (bands[Math.ceil(severity / bandSize)] ?? unspecified) : unspecified;
  item.name.point(band, 0, band.length);
};
