// Reads what event collectors hold, newest last, from any thread while they are written. An event
// that is overwritten during the reading is left out.
import { finishLoads } from "../ring/store-order.ts";
import {
  capacityWord,
  checkEventMemory,
  eventAt,
  eventHeaderBytes,
  eventSlotBytes,
  type EventType,
  eventTypes,
  nextSlotWord,
  writtenWord,
} from "./event-layout.ts";
import { type EventLine, eventLine } from "./event-line.ts";

/** Largest `limit` of a reading. */
export const eventLimitMax = 10_000;

/** Which events are wanted; type null for all. */
export type EventQuery = {
  readonly type: EventType | null;
  /** 1 to 10,000. */
  readonly limit: number;
};

const anyType = -1;

const codeOf = (type: EventType | null): number => {
  if (type === null) return anyType;
  const code = eventTypes.indexOf(type);
  if (code < 0) throw new RangeError(`type=${type}, one of ${eventTypes.join(", ")}`);
  return code;
};

/**
 * The newest `limit` events of that type over all memories, oldest first.
 * @throws TypeError for other memory than that of `createEventMemory`.
 * @throws RangeError for a type that there is not, or a limit that is no integer of those.
 */
export const readEvents = (
  memories: readonly SharedArrayBuffer[],
  { type, limit }: EventQuery,
): readonly EventLine[] => {
  const code = codeOf(type);
  if (!Number.isInteger(limit) || limit < 1 || limit > eventLimitMax)
    throw new RangeError(`limit=${limit}, integers from 1 to ${eventLimitMax}`);
  return memories
    .flatMap((memory) => newest(memory, code, limit))
    .toSorted((a, b) => a.timestamp_us - b.timestamp_us)
    .slice(-limit);
};

/** Events written since the start, also those overwritten, modulo 2^32. */
export const eventsWritten = (memory: SharedArrayBuffer): number =>
  Atomics.load(new Int32Array(memory), writtenWord) >>> 0;

const newest = (memory: SharedArrayBuffer, type: number, limit: number): EventLine[] => {
  checkEventMemory(memory);
  const words = new Int32Array(memory);
  const view = new DataView(memory);
  const capacity = words[capacityWord] ?? 1;
  const written = eventsWritten(memory);
  const next = Atomics.load(words, nextSlotWord);
  const lines: EventLine[] = [];
  for (let back = 1; back <= Math.min(written, capacity) && lines.length < limit; back += 1) {
    const at = eventHeaderBytes + ((next - back + capacity) % capacity) * eventSlotBytes;
    const before = Atomics.load(words, at >> 2);
    if (before === 0) continue;
    if (type !== anyType && view.getUint8(at + eventAt.type) !== type) continue;
    const line = eventLine(view, at);
    finishLoads();
    if (line !== null && Atomics.load(words, at >> 2) === before) lines.push(line);
  }
  return lines.toReversed();
};
