// What travels from the ingest thread to the market and stream threads: one log record a message,
// with a header before the record's value. Little-endian.
//
//   0  u32  id of the topic and partition (ledger/positions.ts)
//   4  u32  flags: bit 0 = appended by this run's own edge; from bit 1 on the ticket of a record
//           that is traced (trace/trace-layout.ts), else 0
//   8  f64  offset in the partition
//  16  f64  record timestamp, ms since the epoch (the edge's receive time)
//  24       record: its value · assign, assignAnew: commit metadata, UTF-8 · revoke: nothing

/** Message types of the rings that ingest writes. `assignAnew`: offsets of before are of no record now. */
export const messageType = { record: 1, assign: 2, revoke: 3, assignAnew: 4 } as const;

export const headerBytes = 24;

const ownRunBit = 1;

export type RecordHeader = {
  readonly id: number;
  readonly ownRun: boolean;
  readonly offset: number;
  readonly timestampMs: number;
  /** Ticket of a traced record, else 0. */
  readonly trace: number;
};

export const writeHeader = (view: DataView, at: number, header: RecordHeader): void => {
  view.setUint32(at, header.id, true);
  view.setUint32(at + 4, (header.ownRun ? ownRunBit : 0) | (header.trace << 1), true);
  view.setFloat64(at + 8, header.offset, true);
  view.setFloat64(at + 16, header.timestampMs, true);
};

export const readId = (view: DataView, at: number): number => view.getUint32(at, true);
export const readOwnRun = (view: DataView, at: number): boolean =>
  (view.getUint32(at + 4, true) & ownRunBit) !== 0;
export const readTrace = (view: DataView, at: number): number => view.getUint32(at + 4, true) >>> 1;
export const readOffset = (view: DataView, at: number): number => view.getFloat64(at + 8, true);
export const readTimestampMs = (view: DataView, at: number): number =>
  view.getFloat64(at + 16, true);
