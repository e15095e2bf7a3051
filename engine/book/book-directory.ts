// Finds the book of an item by venue and symbol bytes, in place: no text is made per item. Open
// addressing over the slots in use; nothing is ever removed.
import type { DepthItem } from "../../schemas/market/depth-item.ts";
import { depthSymbolBytesMax } from "../../schemas/market/depth-layout.ts";

const wordsMax = depthSymbolBytesMax / 4;
const wordsPerEntry = wordsMax + 2;

/** Entries are numbered from 0 in order of arrival. Market thread only. */
export class BookDirectory {
  readonly #entriesMax: number;
  readonly #table: Int32Array;
  // Venue, number of symbol words, words.
  readonly #entries: Uint32Array;
  #count = 0;
  #latest = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(entriesMax * 2 + 1))).fill(-1);
    this.#entries = new Uint32Array(entriesMax * wordsPerEntry);
  }

  get count(): number {
    return this.#count;
  }

  /** The entry of the item, or -1. */
  find(item: DepthItem): number {
    if (this.#count > 0 && this.#isEntry(this.#latest, item)) return this.#latest;
    const entry = this.#table[this.#slotOf(item)] ?? -1;
    if (entry >= 0) this.#latest = entry;
    return entry;
  }

  /** Adds an entry for an item that `find` did not find; -1 when there is no room. */
  add(item: DepthItem): number {
    if (this.#count === this.#entriesMax) return -1;
    const entry = this.#count;
    const at = entry * wordsPerEntry;
    this.#entries[at] = item.venue;
    this.#entries[at + 1] = item.symbolWords;
    for (let i = 0; i < item.symbolWords; i += 1) this.#entries[at + 2 + i] = item.symbolWord(i);
    this.#table[this.#slotOf(item)] = entry;
    this.#count += 1;
    return entry;
  }

  // The slot of the item's entry, or the empty one where it belongs; at most half are taken.
  #slotOf(item: DepthItem): number {
    let hash = Math.imul(item.venue, 0x9e3779b1);
    for (let i = 0; i < item.symbolWords; i += 1) {
      hash = Math.imul(hash ^ item.symbolWord(i), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#table[slot] ?? -1;
      if (entry < 0 || this.#isEntry(entry, item)) return slot;
    }
  }

  #isEntry(entry: number, item: DepthItem): boolean {
    const at = entry * wordsPerEntry;
    if (this.#entries[at] !== item.venue || this.#entries[at + 1] !== item.symbolWords)
      return false;
    for (let i = 0; i < item.symbolWords; i += 1) {
      if (this.#entries[at + 2 + i] !== item.symbolWord(i)) return false;
    }
    return true;
  }
}
