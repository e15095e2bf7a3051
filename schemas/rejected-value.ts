// Value of a record on weir-rejected: why, then the original. One line of JSON, a line feed, and the
// bytes as they would have stood on their own topic, so that a reader can put them back unchanged.
//
// What is refused because it is too large ("too-large") stands alone. Its original is whole where the
// record can hold it; else only its beginning follows, and `cut` names the size and SHA-256 of the
// whole, by which its sender can find it again.

/** One finding on one item of the record. */
export type RefusedFinding = {
  /** Place of the item in the record's original, from 0. */
  readonly item: number;
  readonly id: string;
  readonly level: string;
  /** Name of the span, metric or event. */
  readonly signal: string;
  readonly message: string;
};

/** Why the items of one record were refused. */
export type RefusedHead = {
  /** Topic that the original was meant for; its encoding is the original's. */
  readonly topic: string;
  readonly mode: "reject" | "quarantine";
  /** Version of the registry that decided. */
  readonly registry: string;
  /** 0: nobody counted them, as a log refused a whole record. */
  readonly items: number;
  /** The first ones, in order of item. */
  readonly findings: readonly RefusedFinding[];
  /** Items whose findings are not listed. */
  readonly itemsOmitted: number;
  /** The original stands as it came, as JSON; absent: in the encoding of its topic. */
  readonly encoding?: "json";
  /** Only the beginning of the original follows; absent: all of it. */
  readonly cut?: RefusedCut;
};

/** What is known of an original that no record can hold. */
type RefusedCut = {
  /** Bytes of the whole. */
  readonly bytes: number;
  /** SHA-256 of the whole, 64 hex digits. */
  readonly sha256: string;
};

/** Bytes of the beginning of an original that no record can hold: enough to see what it is. */
export const cutBytesMax = 64 * 1024;

const lineFeed = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Head, line feed, original; one new array. */
export const writeRefused = (head: RefusedHead, original: Uint8Array): Uint8Array => {
  const line = encoder.encode(JSON.stringify(head));
  const value = new Uint8Array(line.byteLength + 1 + original.byteLength);
  value.set(line);
  value[line.byteLength] = lineFeed;
  value.set(original, line.byteLength + 1);
  return value;
};

/** Undefined for what `writeRefused` cannot have written; the original is a view into `value`. */
export const readRefused = (
  value: Uint8Array,
): { readonly head: RefusedHead; readonly original: Uint8Array } | undefined => {
  const end = value.indexOf(lineFeed);
  if (end < 0) return undefined;
  try {
    const head: unknown = JSON.parse(decoder.decode(value.subarray(0, end)));
    if (typeof head !== "object" || head === null || !("topic" in head)) return undefined;
    return { head: head as RefusedHead, original: value.subarray(end + 1) };
  } catch {
    return undefined;
  }
};
