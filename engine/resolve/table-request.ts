// What a market thread asks for: a message ring of its own to the control thread. Full, a request is
// dropped and counted; whoever waits for that table goes on without it in time.
//
//    0  32 B name of the table     32  u32  address of it that a transaction refers to
import { createMessageRing } from "../ring/message-ring.ts";

/** Offsets in a request. */
export const requestAt = { name: 0, entry: 32 } as const;
export const requestBytes = 40;
/** Of all messages of the ring. */
export const requestType = 1;

const ringBytes = 1 << 15;

/** What a market lane has of the resolver: the cache of all, and its own ring of requests. */
export type TableMemory = {
  readonly cache: SharedArrayBuffer;
  readonly requests: SharedArrayBuffer;
};

/** Memory of the ring of one market lane. */
export const createTableRequests = (): SharedArrayBuffer =>
  createMessageRing({ capacityBytes: ringBytes, policy: "drop-newest" });
