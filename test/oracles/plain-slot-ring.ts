// The plain twin of the slot ring: an array of numbers, one per slot.
import type { RingPolicy } from "../../engine/ring/ring-control-layout.ts";

export class PlainSlotRing {
  readonly counts = { written: 0, read: 0, full: 0, oldest: 0 };
  readonly #slots: number;
  readonly #policy: RingPolicy;
  #position: number;
  #held: number[] = [];

  constructor(slots: number, policy: RingPolicy, position: number) {
    this.#slots = slots;
    this.#policy = policy;
    this.#position = position;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Slots granted for `wanted`. */
  claim(wanted: number): number {
    if (this.#policy === "drop-oldest" && this.#slots - this.held < wanted) {
      const cleared = Math.min(Math.max(wanted, this.#slots / 8), this.#slots);
      const dropped = this.held - (this.#slots - cleared);
      this.#held = this.#held.slice(dropped);
      this.counts.oldest += dropped;
    }
    const free = this.#slots - this.held;
    if (free === 0 && this.#policy === "drop-newest") this.counts.full += wanted;
    return Math.min(wanted, free, this.#slots - (this.#position & (this.#slots - 1)));
  }

  publish(values: readonly number[]): void {
    this.#held.push(...values);
    this.#position = (this.#position + values.length) | 0;
    this.counts.written += values.length;
  }

  read(count: number): number[] {
    this.counts.read += count;
    return this.#held.splice(0, count);
  }
}
