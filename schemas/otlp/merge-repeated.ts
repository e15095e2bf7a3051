// Brings a request in which a message that may appear once appears again into the form that the
// readers take: as protobuf asks, the contents of all its appearances become one message, and of the
// members of a oneof the last one stands. Senders do not write this, so it may take its time: the
// readers refuse it, and only then it is looked for.
import { ByteWriter } from "./byte-writer.ts";
import type { Field, MessageType } from "./messages.ts";
import { delimitedStart, lengthBytes, skipValue, tagSize, varintLow } from "./wire.ts";

/** Messages in messages: more than any value that is taken can have, two for each value in a value. */
const depthMax = 256;

type Range = { readonly start: number; readonly end: number };

/** A message of the one that is written, out of one or more appearances. */
type Nested = { readonly field: Field; readonly contents: Range[]; isOverruled: boolean };

/** Fields of one message, in their order; others than messages stay as they are. */
type Gathered = {
  readonly parts: (Range | Nested)[];
  readonly singles: Map<Field, Nested>;
  /** The message that the oneof holds. */
  member: Nested | null;
};

class Merging {
  readonly out = new ByteWriter();
  /** Appearances that were joined to others, or overruled by them. */
  changes = 0;
  readonly #bytes: Uint8Array;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Writes the message whose contents these are together; false when they are malformed. */
  write(contents: readonly Range[], type: MessageType): boolean {
    if (this.#depth >= depthMax) return false;
    const gathered: Gathered = { parts: [], singles: new Map(), member: null };
    for (const range of contents) if (!this.#gather(gathered, range, type)) return false;
    this.#depth += 1;
    const isWritten = gathered.parts.every((part) => this.#writePart(part));
    this.#depth -= 1;
    return isWritten;
  }

  #writePart(part: Range | Nested): boolean {
    const { out } = this;
    if ("start" in part) {
      const { start, end } = part;
      out.reserve(end - start);
      out.bytes.set(this.#bytes.subarray(start, end), out.to);
      out.to += end - start;
      return true;
    }
    const { type, tag } = part.field;
    if (type === null || part.isOverruled) return true;
    // Most stay as long as they were: a wrong guess moves the whole message, once for each around it.
    const guess = lengthBytes(part.contents.reduce((sum, { start, end }) => sum + end - start, 0));
    const start = out.open(tag, guess);
    const isWritten = this.write(part.contents, type);
    out.close(start, guess);
    return isWritten;
  }

  /** False when a field of the range is malformed. */
  #gather(gathered: Gathered, { start, end }: Range, type: MessageType): boolean {
    const bytes = this.#bytes;
    let next: number;
    for (let at = start; at < end; at = next) {
      const size = tagSize(bytes, at, end);
      if (size < 0) return false;
      const tag = varintLow(bytes, at) >>> 0;
      next = skipValue(bytes, at + size, end, tag & 7);
      if (next < 0) return false;
      const field = type.byTag[tag];
      if (field?.oneof === true) this.#overrule(gathered, field);
      if (field === undefined || field.type === null) {
        gathered.parts.push({ start: at, end: next });
        continue;
      }
      this.#add(gathered, field, { start: delimitedStart(bytes, at + size, end), end: next });
    }
    return true;
  }

  #add(gathered: Gathered, field: Field, range: Range): void {
    const { parts, singles } = gathered;
    const earlier = singles.get(field);
    if (earlier !== undefined) {
      earlier.contents.push(range);
      this.changes += 1;
      return;
    }
    const nested = { field, contents: [range], isOverruled: false };
    parts.push(nested);
    if (!field.repeated) singles.set(field, nested);
    if (field.oneof) gathered.member = nested;
  }

  /** Takes out the message that another member of the oneof takes the place of. */
  #overrule(gathered: Gathered, field: Field): void {
    const { member, singles } = gathered;
    if (member === null || member.field === field) return;
    member.isOverruled = true;
    singles.delete(member.field);
    gathered.member = null;
    this.changes += 1;
  }
}

/**
 * The same request with every message once that may appear once; null when it has no such message,
 * or is malformed otherwise.
 */
export const mergeRepeated = (
  bytes: Uint8Array,
  type: MessageType,
): Uint8Array<ArrayBuffer> | null => {
  const merging = new Merging(bytes);
  const isWhole = merging.write([{ start: 0, end: bytes.length }], type);
  return isWhole && merging.changes > 0 ? merging.out.take() : null;
};
