// One item of a frame of topic weir-transactions: what the edge knew about a transaction, then
// its wire bytes, unchanged. Everything is little-endian; fields whose flag is clear are zero.
//
//    0  u8   format version, 1
//    1  u8   flags: 1 slot is known, 2 index is known, 4 receive time is known
//    2  u16  reserved, 0
//    4  u32  index of the transaction in its block
//    8  u64  slot
//   16  u64  receive time, ns since the epoch, at the edge
//   24  ...  wire bytes (transaction.ts), to the end of the item

/** Bytes in front of the wire bytes. */
export const transactionItemHeaderBytes = 24;

const at = { version: 0, flags: 1, reserved: 2, index: 4, slot: 8, receiveTime: 16 } as const;
const formatVersion = 1;

/** Bits of `flags`. */
export const transactionItemFlag = { slot: 1, index: 2, receiveTime: 4 } as const;

const flagsKnown = 7;

/** Outcome of `decode`. */
export const transactionItemCode = { ok: 0, truncated: 1, version: 2, flags: 3 } as const;

/** A code of `transactionItemCode`. */
export type TransactionItemCode = (typeof transactionItemCode)[keyof typeof transactionItemCode];

/** Words for people, by code. */
export const transactionItemCodeNames: readonly string[] = [
  "ok",
  "item shorter than its header",
  "unknown item version",
  "unknown item flags",
];

/**
 * The header of an item, reusable: filled by setters or by `decode`, written by `encode`.
 * 64-bit values are two unsigned 32-bit words. One thread; allocates nothing.
 */
export class TransactionItem {
  flags = 0;
  index = 0;
  slotLow = 0;
  slotHigh = 0;
  receiveTimeLow = 0;
  receiveTimeHigh = 0;
  /** The wire bytes' range in the view given to `decode`. */
  wireStart = 0;
  wireEnd = 0;

  clear(): void {
    this.flags = 0;
    this.index = 0;
    this.slotLow = 0;
    this.slotHigh = 0;
    this.receiveTimeLow = 0;
    this.receiveTimeHigh = 0;
  }

  /** `slot` is an integer from 0 to 2^53 - 1. Unchecked, as the other setters. */
  setSlot(slot: number): void {
    this.flags |= transactionItemFlag.slot;
    this.slotLow = slot >>> 0;
    this.slotHigh = Math.floor(slot / 2 ** 32);
  }

  /** `index` is an integer from 0 to 2^32 - 1. */
  setIndex(index: number): void {
    this.flags |= transactionItemFlag.index;
    this.index = index;
  }

  /** Two words of ns since the epoch, each unsigned 32 bits. */
  setReceiveTime(low: number, high: number): void {
    this.flags |= transactionItemFlag.receiveTime;
    this.receiveTimeLow = low;
    this.receiveTimeHigh = high;
  }

  /** Receive time from milliseconds, for a runtime whose clock has no more (workerd). */
  setReceiveTimeMs(ms: number): void {
    // ms x 10^6 passes 2^53: multiply in two halves that stay exact.
    const high = Math.floor(ms / 2 ** 24) * 1_000_000;
    const low = (ms % 2 ** 24) * 1_000_000;
    // ns = high x 2^24 + low; the words are its parts below and above 2^32.
    const shifted = (high % 256) * 2 ** 24 + low;
    this.setReceiveTime(shifted >>> 0, Math.floor(high / 256) + Math.floor(shifted / 2 ** 32));
  }

  /** Writes the 24 header bytes at `offset`, which lie within `view`; the wire bytes follow them. */
  encode(view: DataView, offset: number): void {
    view.setUint8(offset + at.version, formatVersion);
    view.setUint8(offset + at.flags, this.flags);
    view.setUint16(offset + at.reserved, 0, true);
    view.setUint32(offset + at.index, this.index, true);
    view.setUint32(offset + at.slot, this.slotLow, true);
    view.setUint32(offset + at.slot + 4, this.slotHigh, true);
    view.setUint32(offset + at.receiveTime, this.receiveTimeLow, true);
    view.setUint32(offset + at.receiveTime + 4, this.receiveTimeHigh, true);
  }

  /** Reads the item [start, end) of `view`; on a refusal only the code tells. */
  decode(view: DataView, start: number, end: number): TransactionItemCode {
    if (end - start < transactionItemHeaderBytes) return transactionItemCode.truncated;
    if (view.getUint8(start + at.version) !== formatVersion) return transactionItemCode.version;
    const flags = view.getUint8(start + at.flags);
    if ((flags & ~flagsKnown) !== 0) return transactionItemCode.flags;
    this.flags = flags;
    this.index = view.getUint32(start + at.index, true);
    this.slotLow = view.getUint32(start + at.slot, true);
    this.slotHigh = view.getUint32(start + at.slot + 4, true);
    this.receiveTimeLow = view.getUint32(start + at.receiveTime, true);
    this.receiveTimeHigh = view.getUint32(start + at.receiveTime + 4, true);
    this.wireStart = start + transactionItemHeaderBytes;
    this.wireEnd = end;
    return transactionItemCode.ok;
  }
}
