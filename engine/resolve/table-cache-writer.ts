// The control thread's end of the table cache. Addresses of a table are only ever appended on the
// chain, so growth is written behind what readers may be reading; anything else, another table in the
// slot above all, makes readers look away for as long as it is written.
import { isSameKey } from "../../schemas/market/key-words.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";
import { cacheAt, setOf, setSlots, slotAt, slotBytes, tableKeysMax } from "./table-cache-layout.ts";

/** What is known of a table. `count` 0: it was looked for in vain. */
export type KnownTable = { readonly count: number; readonly checkedUs: number };

/** One for each cache. */
export class TableCacheWriter {
  /** Tables that made room for another one, those looked for in vain not counted. */
  evicted = 0;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #sets: number;
  /** Of each set: which slot makes room next. */
  readonly #victims: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#bytes = new Uint8Array(memory);
    this.#sets = this.#words[cacheAt.sets >> 2] ?? 1;
    this.#victims = new Uint8Array(this.#sets);
  }

  /** Null: nothing is known. */
  look(name: Uint8Array): KnownTable | null {
    const slot = this.#find(viewOf(name));
    if (slot < 0) return null;
    return {
      count: this.#words[(slot + slotAt.count) >> 2] ?? 0,
      checkedUs: this.#view.getFloat64(slot + slotAt.checked, true),
    };
  }

  /**
   * Puts in what the node said at `checkedUs`: 32 bytes for each address, none for what is no table.
   * Fewer than known before are those of a node that lags: the known ones stay.
   * @throws RangeError unless `name` has 32 bytes and `keys` 32 for each of at most 256 addresses.
   */
  set(name: Uint8Array, keys: Uint8Array, checkedUs: number): void {
    const count = keys.length / keyBytes;
    if (name.length !== keyBytes || !Number.isInteger(count) || count > tableKeysMax) {
      throw new RangeError(`lookup table: name of ${name.length} bytes, ${count} addresses`);
    }
    const slot = this.#find(viewOf(name));
    if (slot >= 0 && this.#isContinued(slot, keys)) this.#append(slot, keys);
    else this.#replace(slot >= 0 ? slot : this.#slotFor(viewOf(name)), name, keys);
    const known = this.#find(viewOf(name));
    this.#view.setFloat64(known + slotAt.checked, checkedUs, true);
    Atomics.add(this.#words, cacheAt.changes >> 2, 1);
  }

  #find(name: DataView): number {
    const first = this.#firstOf(setOf(name, 0, this.#sets));
    for (let i = 0; i < setSlots; i += 1) {
      const slot = first + i * slotBytes;
      const isUsed = this.#words[(slot + slotAt.version) >> 2] !== 0;
      if (isUsed && isSameKey(this.#view, slot + slotAt.name, name, 0)) return slot;
    }
    return -1;
  }

  #firstOf(set: number): number {
    return cacheAt.slots + set * setSlots * slotBytes;
  }

  // A free slot, else that of a table looked for in vain, else in turn.
  #slotFor(name: DataView): number {
    const set = setOf(name, 0, this.#sets);
    const first = this.#firstOf(set);
    for (const isEmpty of [
      (slot: number) => this.#words[(slot + slotAt.version) >> 2] === 0,
      (slot: number) => this.#words[(slot + slotAt.count) >> 2] === 0,
    ]) {
      for (let i = 0; i < setSlots; i += 1) {
        if (isEmpty(first + i * slotBytes)) return first + i * slotBytes;
      }
    }
    const victim = this.#victims[set] ?? 0;
    this.#victims[set] = (victim + 1) % setSlots;
    this.evicted += 1;
    return first + victim * slotBytes;
  }

  /** Whether what is known and `keys` begin alike, as far as both go. */
  #isContinued(slot: number, keys: Uint8Array): boolean {
    const known = (this.#words[(slot + slotAt.count) >> 2] ?? 0) * keyBytes;
    const at = slot + slotAt.keys;
    for (let i = 0; i < known && i < keys.length; i += 1) {
      if (this.#bytes[at + i] !== keys[i]) return false;
    }
    return true;
  }

  #append(slot: number, keys: Uint8Array): void {
    const known = (this.#words[(slot + slotAt.count) >> 2] ?? 0) * keyBytes;
    if (keys.length <= known) return;
    this.#bytes.set(keys.subarray(known), slot + slotAt.keys + known);
    Atomics.store(this.#words, (slot + slotAt.count) >> 2, keys.length / keyBytes);
  }

  #replace(slot: number, name: Uint8Array, keys: Uint8Array): void {
    const version = (slot + slotAt.version) >> 2;
    Atomics.add(this.#words, version, 1);
    this.#bytes.set(name, slot + slotAt.name);
    this.#bytes.set(keys, slot + slotAt.keys);
    Atomics.store(this.#words, (slot + slotAt.count) >> 2, keys.length / keyBytes);
    Atomics.add(this.#words, version, 1);
    // Readers take 0 for a slot that was never used.
    if (this.#words[version] === 0) Atomics.store(this.#words, version, 2);
  }
}

const viewOf = (name: Uint8Array): DataView => new DataView(name.buffer, name.byteOffset, keyBytes);
