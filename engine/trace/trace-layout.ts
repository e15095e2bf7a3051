// The trace table: what is known of each record that is traced while it goes through the engine, in
// shared memory. A slot is one record; each thread writes lines of its own, and control makes spans
// of it when all have. A slot is in use while `claimed` (ingest) differs from `collected` (control);
// the others compare what they write with `claimed`, so that what is left of an earlier use is none.
//
//  header, 128 bytes:  0 i32 1 while records are to be traced · 4 i32 slots      control
//  slot, 1024 bytes:
//     0  i32 claimed: number of the use · 4 i32 id of the partition              ingest
//     8  f64 offset · 16 f64 record time, ms · 24 f64 read, us · 32 f64 in the ring, us
//    40  16 bytes trace id · 56  8 bytes parent's span id
//   128  i32 done: number of the use · 4 i32 items of the record · 8 i32 items followed
//        12 i32 taken: number of the use · 16 f64 taken out of the ring, us · 24 f64 done, us                      market
//   256  4 items of 128 bytes: 0 i32 last event + 1 · 4 i32 reason · 8 i32 candidates handed off
//        16 f64 x 4 end of each stage, us · 48 f64 x 4 turn of that stage, us    market
//   768  i32 x 4 acknowledged: number of the use, by item
//        16 f64 x 4 taken by egress, us · 48 f64 x 4 acknowledged, us            egress
//   896  i32 collected: number of the use                                        control
//
// Times are of the machine's monotonic clock (ring/enqueue-stamp.ts), which threads may see some
// microseconds apart.

/** Records that are traced at the same time; further ones are not, and counted. At most 127. */
export const traceSlots = 64;
/** Items of a record that are followed; of further ones only the record says something. */
export const traceItemsMax = 4;
/** Stages that a transaction goes through: prefilter, extract, secure, handoff. */
export const traceStages = 4;

const traceHeaderBytes = 128;
const traceSlotBytes = 1024;

/** Byte offsets in the header. */
const traceHeaderAt = { isOn: 0, slots: 4 } as const;

/** Byte offsets in a slot. */
export const traceAt = {
  claimed: 0,
  id: 4,
  offset: 8,
  receivedMs: 16,
  readUs: 24,
  pushedUs: 32,
  traceId: 40,
  parentSpanId: 56,
  done: 128,
  items: 132,
  followed: 136,
  taken: 140,
  takenUs: 144,
  doneUs: 152,
  transactions: 256,
  acknowledged: 768,
  egressTakenUs: 784,
  egressDoneUs: 816,
  collected: 896,
} as const;

/** Byte offsets in an item, and the bytes from one to the next. */
export const traceItemAt = { last: 0, reason: 4, handed: 8, endUs: 16, turnUs: 48 } as const;
export const traceItemBytes = 128;

export const traceIdBytes = 16;
export const spanIdBytes = 8;

/** First byte of a slot. */
export const traceSlotAt = (slot: number): number => traceHeaderBytes + slot * traceSlotBytes;

/** What goes through the ring with a traced record: slot and use, in 24 bits; 0 is none. */
export const traceTicket = (slot: number, use: number): number =>
  (slot + 1) | ((use & 0xffff) << 8);
export const ticketSlot = (ticket: number): number => (ticket & 0xff) - 1;

/** Whether the slot is still in the use that the ticket is of. */
export const isTicketOf = (ticket: number, use: number): boolean => ticket >>> 8 === (use & 0xffff);

/** A table in which nothing is traced. */
export const createTraceMemory = (): SharedArrayBuffer => {
  const memory = new SharedArrayBuffer(traceHeaderBytes + traceSlots * traceSlotBytes);
  new Int32Array(memory)[traceHeaderAt.slots / 4] = traceSlots;
  return memory;
};

/** From now on marked records are traced. Control, before the threads are started. */
export const turnTracingOn = (memory: SharedArrayBuffer): void => {
  Atomics.store(new Int32Array(memory), traceHeaderAt.isOn / 4, 1);
};

export const isTracingOn = (memory: SharedArrayBuffer): boolean =>
  Atomics.load(new Int32Array(memory), traceHeaderAt.isOn / 4) === 1;
