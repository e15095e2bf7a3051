// Address lookup tables in shared memory: written by the control thread alone, read by every market
// thread. The name of a table chooses one set of eight slots; in a full set another table makes room.
//
//    0  i32  sets, a power of two       64  slots of 8,256 bytes each:
//    4  i32  changes, wraps               0  i32  version, odd while another table is put in
//                                         4  i32  addresses; 0: looked for in vain
//                                         8  f64  when the node was asked last, monotonic us
//                                        16  32 B name of the table
//                                        64  32 B each: its addresses, which are only ever appended
import { hashOfKey } from "../../schemas/market/key-words.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";

/** Addresses of one table at most: an index is one byte. */
export const tableKeysMax = 256;
/** Slots of a set. */
export const setSlots = 8;

const tablesMaxLimit = 65_536;

/** Offsets in the memory and in a slot. */
export const cacheAt = { sets: 0, changes: 4, slots: 64 } as const;
export const slotAt = { version: 0, count: 4, checked: 8, name: 16, keys: 64 } as const;
export const slotBytes: number = slotAt.keys + tableKeysMax * keyBytes;

/** @throws RangeError when `tablesMax` is no power of two from 8 to 65,536. */
export const createTableCache = (tablesMax: number): SharedArrayBuffer => {
  const isPower = Number.isInteger(Math.log2(tablesMax));
  if (!isPower || tablesMax < setSlots || tablesMax > tablesMaxLimit) {
    throw new RangeError(`tablesMax=${tablesMax}, a power of two from 8 to ${tablesMaxLimit}`);
  }
  const memory = new SharedArrayBuffer(cacheAt.slots + tablesMax * slotBytes);
  new Int32Array(memory)[cacheAt.sets >> 2] = tablesMax / setSlots;
  return memory;
};

// 13 bits: as many as the largest cache has sets.
const hashShift = 19;

/** Number of the set of the name at `at`, of `sets` in all. */
export const setOf = (view: DataView, at: number, sets: number): number =>
  (hashOfKey(view, at) >>> hashShift) & (sets - 1);
