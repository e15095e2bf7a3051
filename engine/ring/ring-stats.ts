// What a ring counted, readable from any thread at any time. Each number is exact when both ends rest;
// while they run, numbers of different owners are from slightly different moments, read in an order
// that never makes more come out than went in.
import {
  abortedCounter,
  capacityWord,
  counterAt,
  droppedFullCounter,
  droppedOldestCounter,
  droppedOversizeCounter,
  kindWord,
  messageRingKind,
  paddingBytesCounter,
  publishedWord,
  readCounter,
  readerParksCounter,
  readerUsedHighCounter,
  readerWakesCounter,
  readWord,
  retakesCounter,
  slotBytesWord,
  slotRingKind,
  wordAt,
  writerParksCounter,
  writerUsedHighCounter,
  writerWakesCounter,
  writtenCounter,
} from "./ring-control-layout.ts";

/** Counts by priority. */
type ByPriority = { readonly high: number; readonly low: number };

/** What both ends of a ring counted since its memory was made. Records, unless it says bytes. */
export type RingStats = {
  readonly capacityBytes: number;
  /** Published and not yet released, with headers and padding. */
  readonly usedBytes: number;
  /** Highest `usedBytes` that either end saw when it looked. */
  readonly usedBytesHigh: number;
  /** Records published. */
  readonly written: number;
  /** Records that the reader got. */
  readonly read: number;
  /** Records in the ring: written - read - dropped.oldest. */
  readonly inFlight: number;
  /** Claims given up by the writer. */
  readonly aborted: number;
  readonly paddingBytes: number;
  /** Times that an end went to sleep. */
  readonly parks: { readonly writer: number; readonly reader: number };
  /** Times that an end woke the other. */
  readonly wakes: { readonly writer: number; readonly reader: number };
  /** Drop-oldest: takes that the writer was faster than. */
  readonly retakes: number;
  readonly dropped: {
    /** Refused for want of room. */
    readonly full: ByPriority;
    /** Refused because longer than the ring's limit. */
    readonly oversize: ByPriority;
    /** Published, then overwritten before the reader took them. */
    readonly oldest: ByPriority;
  };
};

const byPriority = (counters: Float64Array, counter: number): ByPriority => ({
  low: counterAt(counters, counter),
  high: counterAt(counters, counter + 1),
});

/** Statistics of a message ring or slot ring. @throws TypeError for other memory. */
export const readRingStats = (memory: SharedArrayBuffer): RingStats => {
  const words = new Int32Array(memory);
  const kind = wordAt(words, kindWord);
  if (kind !== messageRingKind && kind !== slotRingKind)
    throw new TypeError("memory is no ring: make it with createMessageRing or createSlotRing");
  const counters = new Float64Array(memory);
  const unitBytes = kind === slotRingKind ? wordAt(words, slotBytesWord) : 1;
  // What leaves is read before what enters, so that nothing leaves that has not entered.
  const read = counterAt(counters, readCounter);
  const oldest = byPriority(counters, droppedOldestCounter);
  const readPosition = Atomics.load(words, readWord);
  const usedUnits = Math.min(
    (Atomics.load(words, publishedWord) - readPosition) | 0,
    wordAt(words, capacityWord),
  );
  const written = counterAt(counters, writtenCounter);
  const usedHighUnits = Math.max(
    counterAt(counters, writerUsedHighCounter),
    counterAt(counters, readerUsedHighCounter),
  );
  return {
    capacityBytes: wordAt(words, capacityWord) * unitBytes,
    usedBytes: usedUnits * unitBytes,
    usedBytesHigh: usedHighUnits * unitBytes,
    written,
    read,
    inFlight: written - read - oldest.low - oldest.high,
    aborted: counterAt(counters, abortedCounter),
    paddingBytes: counterAt(counters, paddingBytesCounter),
    parks: {
      writer: counterAt(counters, writerParksCounter),
      reader: counterAt(counters, readerParksCounter),
    },
    wakes: {
      writer: counterAt(counters, writerWakesCounter),
      reader: counterAt(counters, readerWakesCounter),
    },
    retakes: counterAt(counters, retakesCounter),
    dropped: {
      full: byPriority(counters, droppedFullCounter),
      oversize: byPriority(counters, droppedOversizeCounter),
      oldest,
    },
  };
};
