// The control block in front of every ring, message or slot: which word is where and who writes it.
// Not the records themselves: see message-ring-layout.ts and slot-ring-layout.ts.
// Each group has a 128-byte line of its own (two cache lines: processors fetch neighbours in pairs),
// so that a thread that only polls one word never slows the thread that writes another.
//
//  byte   line                written by                          polled by
//  0      shape: kind, policy, capacity, slot bytes   creator, before any thread has the memory
//  128    published position  writer                              reader
//  256    read position       reader; policy drop-oldest: reader  writer, when it seems full
//                             and writer, by compare-exchange only
//  384    reader sleeps (0/1) reader                              writer, after each publication
//  512    writer sleeps (0/1) writer                              reader, after each release
//  640    writer's counters   writer                              statistics
//  768    writer's drops      writer                              statistics
//  896    reader's counters   reader                              statistics
//  1024   records
//
// Positions run freely through the 32 bits and are compared by signed difference. Counters are
// doubles: exact to 2^53, and an aligned double is one store on the 64-bit machines we run on.

/** What happens to a claim for which the ring has no room. */
export type RingPolicy = "block" | "drop-newest" | "drop-oldest";

/** Order is format: the index is stored in the memory. */
export const ringPolicies: readonly RingPolicy[] = ["block", "drop-newest", "drop-oldest"];

export const lineBytes = 128;
export const controlBytes = 1024;

const wordOf = (line: number, word: number): number => (line * lineBytes) / 4 + word;
const counterOf = (line: number, counter: number): number => (line * lineBytes) / 8 + counter;

/** Int32 words. */
export const kindWord: number = wordOf(0, 0);
export const policyWord: number = wordOf(0, 1);
/** Bytes in a message ring, slots in a slot ring: what positions count. */
export const capacityWord: number = wordOf(0, 2);
export const slotBytesWord: number = wordOf(0, 3);
export const publishedWord: number = wordOf(1, 0);
export const readWord: number = wordOf(2, 0);
export const readerSleepsWord: number = wordOf(3, 0);
export const writerSleepsWord: number = wordOf(4, 0);

/** Float64 counters of the writer. */
export const writtenCounter: number = counterOf(5, 0);
export const abortedCounter: number = counterOf(5, 1);
export const paddingBytesCounter: number = counterOf(5, 2);
export const writerParksCounter: number = counterOf(5, 3);
export const writerWakesCounter: number = counterOf(5, 4);
export const writerUsedHighCounter: number = counterOf(5, 5);

/** Drops: each reason has a counter for low priority and, behind it, one for high. */
export const droppedFullCounter: number = counterOf(6, 0);
export const droppedOversizeCounter: number = counterOf(6, 2);
export const droppedOldestCounter: number = counterOf(6, 4);

/** Float64 counters of the reader. */
export const readCounter: number = counterOf(7, 0);
export const readerParksCounter: number = counterOf(7, 1);
export const readerWakesCounter: number = counterOf(7, 2);
export const readerUsedHighCounter: number = counterOf(7, 3);
export const retakesCounter: number = counterOf(7, 4);

/** Kinds, so that a writer of the one ring refuses the memory of the other. */
export const messageRingKind = 0x574d_5247;
export const slotRingKind = 0x5753_5247;

/** Priority of a record: it decides only under which counter a drop is counted. */
export const priorityLow = 0;
/** See `priorityLow`. */
export const priorityHigh = 1;

/** A word or counter; the index comes from this file, so it is never out of range. */
export const wordAt = (words: Int32Array, index: number): number => words[index] as number;
export const counterAt = (counters: Float64Array, index: number): number =>
  counters[index] as number;

/** Only the counter's owner may call this: it is a plain read and write. */
export const count = (counters: Float64Array, index: number, by: number): void => {
  counters[index] = (counters[index] as number) + by;
};

/** Raises a high-water mark. Only the mark's owner may call this. */
export const raise = (counters: Float64Array, index: number, to: number): void => {
  if (to > (counters[index] as number)) counters[index] = to;
};

const cacheLineBytes = 64;
/**
 * Moves the cache lines of free space, from byte index `from` to before `to`, to the writer's core.
 * Any store does that; these come one after the other, so that the processor fetches several at once.
 */
export const takeLines = (words: Int32Array, from: number, to: number): void => {
  for (let at = from; at < to; at += cacheLineBytes) words[at >> 2] = 0;
};
