// Texts in one array of bytes, found by their bytes: open addressing, then a comparison word by
// word. Made by views into a compiled registry; nothing is copied. One per table; any thread.
import { keyHash, slotShift } from "./key-hash.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const hashOf = keyHash;

export type TextRanges = {
  readonly view: DataView;
  readonly at: Uint32Array;
  readonly bytes: Uint16Array;
};

/** Entries are found by number; two may have the same text when their `slots` differ. */
export class TextIndex {
  readonly #view: DataView;
  readonly #at: Uint32Array;
  readonly #bytes: Uint16Array;
  readonly #slots: Int16Array;
  readonly #mask: number;
  readonly #shift: number;

  constructor({ view, at, bytes }: TextRanges, slots: Int16Array) {
    this.#view = view;
    this.#at = at;
    this.#bytes = bytes;
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#shift = slotShift(slots.length);
  }

  /** The entry whose text is `length` bytes of the view at `at`, or -1. */
  find(view: DataView, at: number, length: number): number {
    const slots = this.#slots;
    let slot = hashOf(view, at, length) >>> this.#shift;
    // Never full: half of the slots are empty.
    for (;;) {
      const entry = slots[slot] as number;
      if (entry < 0) return -1;
      if (this.#bytes[entry] === length && this.isAt(entry, view, at)) return entry;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Whether the entry's text stands in the view at `at`, which has as many bytes there. */
  isAt(entry: number, view: DataView, at: number): boolean {
    const own = this.#view;
    const from = this.#at[entry] as number;
    const length = this.#bytes[entry] as number;
    if (length < 4) {
      for (let i = 0; i < length; i += 1) {
        if (view.getUint8(at + i) !== own.getUint8(from + i)) return false;
      }
      return true;
    }
    const last = length - 4;
    // The last word first: beginnings are shared, ends are not.
    if (view.getInt32(at + last, true) !== own.getInt32(from + last, true)) return false;
    for (let i = 0; i < last; i += 4) {
      if (view.getInt32(at + i, true) !== own.getInt32(from + i, true)) return false;
    }
    return true;
  }
}
