// Why single items of one request were refused, and what else its sender should know: counts by
// reason and the first few by index, so that the sender can find them. Bounded in both, whatever
// the request holds.
import { fixedLimits } from "../limits.ts";

/** `index`: place in the request; `reason` is counted, `detail` is for people, "" for none. */
export type RejectedItem = {
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
  /** What the sender is told instead of the reason, when more is known. */
  readonly label?: string;
};

const { namedItemsMax, reasonsMax } = fixedLimits;

const addTo = (counts: Map<string, number>, reason: string, count: number): void => {
  const isKept = counts.has(reason) || counts.size < reasonsMax;
  const kept = isKept ? reason : "other";
  counts.set(kept, (counts.get(kept) ?? 0) + count);
};

const listed = (counts: ReadonlyMap<string, number>): string =>
  Array.from(counts, ([reason, count]) => `${count} x ${reason}`).join(", ");

/** `noun` is a plural in s. */
const counted = (count: number, noun: string): string =>
  `${count} ${count === 1 ? noun.slice(0, -1) : noun}`;

const named = ({ index, detail }: RejectedItem): string =>
  detail === "" ? `item ${index}` : `item ${index}: ${detail}`;

/** Those of one request; in = accepted + `total`. */
export class Rejections {
  readonly first: RejectedItem[] = [];
  /** By reason, for the counters; `#told` by label, for the sender. */
  readonly #counts = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #quarantined = new Map<string, number>();
  readonly #warnings = new Map<string, number>();
  /** Metrics without data points, by label: they are no items, so nothing else tells of them. */
  readonly #empty = new Map<string, number>();
  #total = 0;
  #aside = 0;

  /** Counts `count` refused items; `item` names the first of them. 0: a metric without any. */
  add(item: RejectedItem, count = 1): void {
    const { reason, label = reason } = item;
    if (count === 0) {
      addTo(this.#empty, label, 1);
      return;
    }
    addTo(this.#counts, reason, count);
    addTo(this.#told, label, count);
    this.#total += count;
    if (this.first.length < namedItemsMax) this.first.push(item);
  }

  /** Counts refused items whose places are not known any more. */
  addUnnamed(reason: string, count: number): void {
    // The items of a record for weir-rejected are told already.
    if (count === 0) return;
    addTo(this.#counts, reason, count);
    addTo(this.#told, reason, count);
    this.#total += count;
  }

  /** Counts an item that is kept aside: it was taken, but does not go where it was sent. */
  quarantine(label: string, count = 1): void {
    if (count === 0) addTo(this.#empty, label, 1);
    else addTo(this.#quarantined, label, count);
    this.#aside += count;
  }

  /** Counts something that is told though it refuses nothing. */
  warn(reason: string, count = 1): void {
    addTo(this.#warnings, reason, count);
  }

  get total(): number {
    return this.#total;
  }

  /** Items in quarantine; they are not in `total`. */
  get quarantined(): number {
    return this.#aside;
  }

  /** Something does not go where it was sent, be it a metric without data points. */
  get isAnyOut(): boolean {
    return this.#total > 0 || this.#aside > 0 || this.#empty.size > 0;
  }

  /** Nothing was refused and nothing is to be told: the answer has no partial success. */
  get isSilent(): boolean {
    return !this.isAnyOut && this.#warnings.size === 0;
  }

  /** Counts by reason, in order of first appearance. */
  get reasons(): { readonly [reason: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  /** Counts of what was warned of. */
  get warnings(): { readonly [reason: string]: number } {
    return Object.fromEntries(this.#warnings);
  }

  /**
   * English for people: "3 spans rejected: 2 x truncated, 1 x vote (first: item 4: …); 1 in
   * quarantine: 1 x …; warnings: 1 x unknown".
   */
  describe(noun: string): string {
    const [first] = this.first;
    const place = first === undefined ? "" : ` (first: ${named(first)})`;
    const parts = [
      this.#total === 0
        ? ""
        : `${counted(this.#total, noun)} rejected: ${listed(this.#told)}${place}`,
      this.#aside === 0
        ? ""
        : `${counted(this.#aside, noun)} in quarantine: ${listed(this.#quarantined)}`,
      this.#empty.size === 0 ? "" : `metrics without data points: ${listed(this.#empty)}`,
      this.#warnings.size === 0 ? "" : `warnings: ${listed(this.#warnings)}`,
    ];
    return parts.filter((part) => part !== "").join("; ");
  }
}
