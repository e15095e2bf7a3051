// The door `weir/ring`: queues in shared memory from one thread to one other. Message rings carry
// bytes of any length, slot rings records of one size. A ring is made once, its memory posted to
// both threads, and an end constructed over it in each: one writer and one reader, never more.
// When it is full, its policy says what happens: "block", "drop-newest" or "drop-oldest".
export { createMessageRing, type MessageRingOptions } from "../ring/message-ring.ts";
export { type MessageHandler, MessageRingReader } from "../ring/message-ring-reader.ts";
export { MessageRingWriter } from "../ring/message-ring-writer.ts";
export { createSlotRing, type SlotRingOptions } from "../ring/slot-ring.ts";
export { SlotRingReader } from "../ring/slot-ring-reader.ts";
export { SlotRingWriter } from "../ring/slot-ring-writer.ts";
export { priorityHigh, priorityLow, type RingPolicy } from "../ring/ring-control-layout.ts";
export { readRingStats, type RingStats } from "../ring/ring-stats.ts";
export { monotonicUs, sojournUs, stampNowUs } from "../ring/enqueue-stamp.ts";
