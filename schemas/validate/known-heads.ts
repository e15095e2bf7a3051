// Resources and scopes that were lately found without fault, by their bytes: a sender says the same
// of itself in every request, so the next one is compared instead of checked. Of fixed size; what it
// does not hold is checked as before.
//
//   cell    length (0 = empty), which message, offset of service.name's value in it, its end (0, 0 = none)
import type { OtlpLimits } from "../otlp/limits.ts";
import { keyHash } from "../weaver/key-hash.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const hashOf = keyHash;

const slots = 64;
const slotShift = 26;
const cellStride = 4;
/** Shorter ones are checked as fast. */
const bytesMin = 8;
const bytesMax = 1024;

/** Offsets in the request; 0, 0 = none. */
export type ValueRange = { readonly start: number; readonly end: number };

/** One per plan, whose findings it knows to be none. */
export class KnownHeads {
  readonly #cells = new Int32Array(slots * cellStride);
  /** Made for the first one. */
  #texts = new DataView(new ArrayBuffer(0));
  /** Those that heads were found without fault under. */
  #limits: OtlpLimits | undefined;

  /** The slot with this message, bytes [start, end) of the view, or -1. */
  find(view: DataView, start: number, end: number, message: number): number {
    const length = end - start;
    if (length < bytesMin || length > bytesMax) return -1;
    const slot = hashOf(view, start, length) >>> slotShift;
    const cell = slot * cellStride;
    if (this.#cells[cell] !== length || this.#cells[cell + 1] !== message) return -1;
    const texts = this.#texts;
    const shift = (slot * bytesMax - start) | 0;
    const last = (end - 4) | 0;
    if (view.getInt32(last, true) !== texts.getInt32((last + shift) | 0, true)) return -1;
    for (let at = start | 0; at < last; at = (at + 4) | 0) {
      if (view.getInt32(at, true) !== texts.getInt32((at + shift) | 0, true)) return -1;
    }
    return slot;
  }

  /** Keeps a message that is well formed within the limits, and in which nothing is to be found. */
  keep(bytes: Uint8Array, { start, end }: ValueRange, message: number, named: ValueRange): void {
    const length = end - start;
    if (length < bytesMin || length > bytesMax) return;
    if (this.#texts.byteLength === 0) this.#texts = new DataView(new ArrayBuffer(slots * bytesMax));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const slot = hashOf(view, start, length) >>> slotShift;
    new Uint8Array(this.#texts.buffer).set(bytes.subarray(start, end), slot * bytesMax);
    const hasName = named.end > 0;
    const cell = slot * cellStride;
    this.#cells[cell] = length;
    this.#cells[cell + 1] = message;
    this.#cells[cell + 2] = hasName ? named.start - start : 0;
    this.#cells[cell + 3] = hasName ? named.end - start : 0;
  }

  /** Of the value of service.name in a known message; both 0 = it has none. */
  nameStart(slot: number): number {
    return this.#cells[slot * cellStride + 2] as number;
  }

  nameEnd(slot: number): number {
    return this.#cells[slot * cellStride + 3] as number;
  }

  /** Before a pass: what was kept under other limits is forgotten. */
  open(limits: OtlpLimits): void {
    if (this.#limits === limits) return;
    this.#limits = limits;
    this.#cells.fill(0);
  }
}
