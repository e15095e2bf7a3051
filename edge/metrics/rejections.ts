// Why single items of one request were refused: counts by reason and the first few by index, so
// that the sender can find them. Bounded in both, whatever the request holds.

/** `index`: place in the request; `reason` is counted, `detail` is for people, "" for none. */
export type RejectedItem = {
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
};

/** Items named one by one in an answer. */
const firstMax = 16;
/** Distinct reasons kept; further ones count as "other". */
const reasonsMax = 32;

/** Those of one request; in = accepted + `total`. */
export class Rejections {
  readonly first: RejectedItem[] = [];
  readonly #counts = new Map<string, number>();
  #total = 0;

  /** Counts `count` refused items; `item` names the first of them. */
  add(item: RejectedItem, count = 1): void {
    const { reason } = item;
    const isKept = this.#counts.has(reason) || this.#counts.size < reasonsMax;
    const kept = isKept ? reason : "other";
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + count);
    this.#total += count;
    if (this.first.length < firstMax) this.first.push(item);
  }

  get total(): number {
    return this.#total;
  }

  /** Counts by reason, in order of first appearance. */
  get reasons(): { readonly [reason: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  /** One English sentence for people: "3 rejected: 2 x truncated, 1 x vote". */
  describe(noun: string): string {
    const parts = Array.from(this.#counts, ([reason, count]) => `${count} x ${reason}`);
    return `${this.#total} ${noun} rejected: ${parts.join(", ")}`;
  }
}
