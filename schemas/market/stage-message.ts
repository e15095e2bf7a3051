// What stands in the rings between the sniffer's stages. Every message begins with the trace id
// and the time at which the transaction was received; all little-endian, payloads 8-aligned.
//
//   transaction   0 f64 trace id · 8 f64 received, monotonic us · 16 item (transaction-item.ts)
//   extracted     0, 8 as above · 16 u32 candidates · 20 u32 their bytes · 24 u32 priority
//                 28 f32 confidence, 0 to 1
//                 32 each: u32 length, u32 0, record with accounts · then the wire bytes
//   candidate     0, 8 as above · 16 u32 priority · 20 f32 confidence · 24 record with accounts

import { candidateAccountsMax, candidateBytes } from "./candidate-layout.ts";
import { keyBytes, transactionBytesMax } from "./transaction-layout.ts";

/** Types of the messages. */
export const stageMessage = { transaction: 1, extracted: 2, candidate: 3 } as const;

/** Offsets in every message. */
export const traceIdAt = 0;
/** See `traceIdAt`; monotonic microseconds as f64. */
export const receivedAt = 8;

/** Where the item of a `transaction` begins. */
export const itemAt = 16;

/** Offsets in an `extracted` message. */
export const extractedAt = {
  count: 16,
  bytes: 20,
  priority: 24,
  confidence: 28,
  candidates: 32,
} as const;

/** In front of each record of an `extracted` message. */
export const recordHeaderBytes = 8;

/** Longest record: with all its accounts. */
export const recordBytesMax: number = candidateBytes + candidateAccountsMax * keyBytes;

/** Records made of one transaction, of its first watched instructions; further ones are counted. */
export const transactionRecordsMax = 16;

/** Longest `extracted` message of a legacy or v0 transaction. */
export const extractedBytesMax: number =
  extractedAt.candidates +
  transactionRecordsMax * (recordHeaderBytes + recordBytesMax) +
  transactionBytesMax;

/** Offsets in a `candidate` message. */
export const candidateMessageAt = { priority: 16, confidence: 20, record: 24 } as const;
