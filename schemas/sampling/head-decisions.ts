// What a head sampling pass says of each record, and its counts. Rows by record, in the order of
// the scan; a record that was out before the pass has an empty row.
import type { Bits56 } from "./threshold.ts";

const word = { fate: 0, set: 1, rule: 2, randomness: 3, threshold: 5 } as const;
const stride = 7;
const rowsAtFirst = 64;

/** What became of a record; `none` = it was out before the pass. */
export const fate = { none: 0, kept: 1, dropped: 2 } as const;

/** Counts of one pass; add them up where they are kept longer. */
export type HeadTally = {
  /** By rule (headRule): error, slow, base. */
  readonly kept: Int32Array;
  readonly dropped: Int32Array;
  /** Spans that end before they begin; slow they are not. */
  negativeDurations: number;
  /** Records with a threshold above their randomness: somebody kept them for another reason. */
  inconsistent: number;
  /** Records whose sampling facts had to be repaired. */
  repaired: number;
  /** Kept records whose threshold found no room: their weight is unknown downstream. */
  unweighted: number;
  /** Records without a usable trace id or randomness of their own. */
  hashed: number;
};

const rules = 3;

/** Zeros. */
export const headTally = (): HeadTally => ({
  kept: new Int32Array(rules),
  dropped: new Int32Array(rules),
  negativeDurations: 0,
  inconsistent: 0,
  repaired: 0,
  unweighted: 0,
  hashed: 0,
});

/** One per sampler, reused; valid until its next pass. */
export class HeadDecisions {
  #rows = new Int32Array(rowsAtFirst * stride);

  /** Empty rows for this many records. */
  begin(count: number): void {
    const length = count * stride;
    if (this.#rows.length < length) this.#rows = new Int32Array(length * 2);
    else this.#rows.fill(0, 0, length);
  }

  /** `set` is the rule set (0 or override + 1), `rule` the rule that decided. */
  put(record: number, isKept: boolean, set: number, rule: number): void {
    const row = record * stride;
    this.#rows[row + word.fate] = isKept ? fate.kept : fate.dropped;
    this.#rows[row + word.set] = set;
    this.#rows[row + word.rule] = rule;
  }

  /** What was compared: the randomness and, for a kept record, the threshold that it carries on. */
  putWords(record: number, randomness: Readonly<Bits56>, threshold: Readonly<Bits56>): void {
    const row = record * stride;
    this.#rows[row + word.randomness] = randomness.high;
    this.#rows[row + word.randomness + 1] = randomness.low;
    this.#rows[row + word.threshold] = threshold.high;
    this.#rows[row + word.threshold + 1] = threshold.low;
  }

  fate(record: number): number {
    return this.#rows[record * stride + word.fate] as number;
  }

  set(record: number): number {
    return this.#rows[record * stride + word.set] as number;
  }

  rule(record: number): number {
    return this.#rows[record * stride + word.rule] as number;
  }

  randomness(record: number): Bits56 {
    return this.#bits(record * stride + word.randomness);
  }

  threshold(record: number): Bits56 {
    return this.#bits(record * stride + word.threshold);
  }

  #bits(at: number): Bits56 {
    return { high: this.#rows[at] as number, low: this.#rows[at + 1] as number };
  }
}
