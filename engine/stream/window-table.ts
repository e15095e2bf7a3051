// The counts of one window by (service, name): an open-addressing table over bytes, with its keys
// in an arena. Each window has its own, because a table shared by windows or partitions would make
// the overflow depend on history, and a replay would count differently. Bounded in keys and bytes;
// what does not fit is counted under one overflow key.
import { isUtf8 } from "node:buffer";

import { hashOf, type KeyPart, type Observation } from "./observation.ts";

/** Service and name of the overflow key; a sender's own `_other` is counted with it. */
const overflowName = "_other";

/** Reads one row of a window when it is emitted. */
export type RowVisitor = (row: WindowRow) => void;

type WindowRow = {
  readonly service: string;
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly durationNsSum: bigint;
  readonly durationNsMax: bigint;
};

// An entry's integers: where its key is, and how long its two parts are.
const keyFields = { hash: 0, start: 1, serviceBytes: 2, nameBytes: 3 } as const;
const keyStride = 4;
// An entry's sums, as doubles that hold integers: 32-bit words never round.
const sumFields = { count: 0, errors: 1, sumHigh: 2, sumLow: 3, maxHigh: 4, maxLow: 5 } as const;
const sumStride = 6;

const wordSize = 2 ** 32;
const overflowEntry = 0;
const overflowBytes = new TextEncoder().encode(overflowName);

const powerOfTwoFrom = (least: number): number => 2 ** Math.ceil(Math.log2(least));

/** One window at a time; one thread. Memory is taken once, at construction. */
export class WindowTable {
  readonly #keysMax: number;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #keys: Int32Array;
  readonly #sums: Float64Array;
  readonly #arena: Uint8Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #entries = 0;
  #arenaEnd = 0;

  /** `keysMax` 1 to 2^20 keys besides the overflow key, `keyBytesMax` for all their bytes. */
  constructor(keysMax: number, keyBytesMax: number) {
    this.#keysMax = keysMax + 1;
    // At most half full, so that a search always meets an empty slot.
    const slots = powerOfTwoFrom(2 * this.#keysMax);
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots);
    this.#keys = new Int32Array(this.#keysMax * keyStride);
    this.#sums = new Float64Array(this.#keysMax * sumStride);
    this.#arena = new Uint8Array(keyBytesMax + 2 * overflowBytes.length);
    this.clear();
  }

  /** Forgets all keys; the memory stays for the next window. */
  clear(): void {
    this.#slots.fill(0);
    this.#entries = 0;
    this.#arenaEnd = 0;
    const whole = { start: 0, end: overflowBytes.length };
    const hash = hashOf(overflowBytes, whole, hashOf(overflowBytes, whole));
    this.#arena.set(overflowBytes, 0);
    this.#arena.set(overflowBytes, overflowBytes.length);
    this.#arenaEnd = 2 * overflowBytes.length;
    this.#open(hash & this.#mask, [hash, 0, overflowBytes.length, overflowBytes.length]);
  }

  /** Counts one item. False: its key did not fit or was no UTF-8, it went to the overflow key. */
  add(item: Observation): boolean {
    const hash = item.keyHash();
    let slot = hash & this.#mask;
    let entry = (this.#slots[slot] as number) - 1;
    while (entry >= 0 && !this.#isKey(entry, hash, item)) {
      slot = (slot + 1) & this.#mask;
      entry = (this.#slots[slot] as number) - 1;
    }
    if (entry < 0) entry = this.#insert(slot, hash, item);
    this.#count(entry < 0 ? overflowEntry : entry, item);
    return entry >= 0;
  }

  /** Visits the rows in order of first appearance, the overflow key first when it has items. */
  visit(visitor: RowVisitor): void {
    for (let entry = 0; entry < this.#entries; entry += 1) {
      const sum = entry * sumStride;
      const count = this.#sums[sum + sumFields.count] as number;
      if (count === 0) continue;
      const key = entry * keyStride;
      const start = this.#keys[key + keyFields.start] as number;
      const middle = start + (this.#keys[key + keyFields.serviceBytes] as number);
      const end = middle + (this.#keys[key + keyFields.nameBytes] as number);
      visitor({
        service: this.#decoder.decode(this.#arena.subarray(start, middle)),
        name: this.#decoder.decode(this.#arena.subarray(middle, end)),
        count,
        errors: this.#sums[sum + sumFields.errors] as number,
        durationNsSum: this.#wide(sum + sumFields.sumHigh),
        durationNsMax: this.#wide(sum + sumFields.maxHigh),
      });
    }
  }

  #wide(high: number): bigint {
    return (BigInt(this.#sums[high] as number) << 32n) + BigInt(this.#sums[high + 1] as number);
  }

  #isKey(entry: number, hash: number, item: Observation): boolean {
    const key = entry * keyStride;
    if (this.#keys[key + keyFields.hash] !== hash) return false;
    const { service, name } = item;
    const serviceBytes = this.#keys[key + keyFields.serviceBytes] as number;
    if (serviceBytes !== service.end - service.start) return false;
    if (this.#keys[key + keyFields.nameBytes] !== name.end - name.start) return false;
    const start = this.#keys[key + keyFields.start] as number;
    return this.#isAt(start, service) && this.#isAt(start + serviceBytes, name);
  }

  #isAt(arenaStart: number, part: KeyPart): boolean {
    const { bytes, start, end } = part;
    for (let i = start, at = arenaStart; i < end; i += 1, at += 1) {
      if (bytes[i] !== this.#arena[at]) return false;
    }
    return true;
  }

  #copy({ bytes, start, end }: KeyPart, arenaStart: number): void {
    this.#arena.set(bytes.subarray(start, end), arenaStart);
  }

  // Once per key and window: here a check may cost something. -1: refused.
  #insert(slot: number, hash: number, item: Observation): number {
    const serviceBytes = item.service.end - item.service.start;
    const start = this.#arenaEnd;
    const middle = start + serviceBytes;
    const end = middle + item.name.end - item.name.start;
    if (this.#entries === this.#keysMax || end > this.#arena.length) return -1;
    this.#copy(item.service, start);
    this.#copy(item.name, middle);
    // Different bytes that are no UTF-8 would become the same text, hence the same id. Asked of
    // the copy, as the item may stand in shared memory.
    const isText =
      isUtf8(this.#arena.subarray(start, middle)) && isUtf8(this.#arena.subarray(middle, end));
    if (!isText) return -1;
    this.#arenaEnd = end;
    return this.#open(slot, [hash, start, serviceBytes, end - middle]);
  }

  #open(slot: number, key: readonly number[]): number {
    const entry = this.#entries;
    this.#entries += 1;
    this.#slots[slot] = entry + 1;
    this.#keys.set(key, entry * keyStride);
    this.#sums.fill(0, entry * sumStride, (entry + 1) * sumStride);
    return entry;
  }

  #count(entry: number, item: Observation): void {
    const sums = this.#sums;
    const at = entry * sumStride;
    sums[at + sumFields.count] = (sums[at + sumFields.count] as number) + 1;
    if (item.isError) sums[at + sumFields.errors] = (sums[at + sumFields.errors] as number) + 1;
    const low = (sums[at + sumFields.sumLow] as number) + item.durationLow;
    const carry = low >= wordSize ? 1 : 0;
    sums[at + sumFields.sumLow] = low - carry * wordSize;
    sums[at + sumFields.sumHigh] =
      (sums[at + sumFields.sumHigh] as number) + item.durationHigh + carry;
    const maxHigh = sums[at + sumFields.maxHigh] as number;
    const maxLow = sums[at + sumFields.maxLow] as number;
    const isLonger =
      item.durationHigh > maxHigh || (item.durationHigh === maxHigh && item.durationLow > maxLow);
    if (!isLonger) return;
    sums[at + sumFields.maxHigh] = item.durationHigh;
    sums[at + sumFields.maxLow] = item.durationLow;
  }
}
