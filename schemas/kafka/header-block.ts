// Headers that many records have in common, encoded once: a forwarder's records differ in one or
// two of theirs, and writing all of them for each costs more than the rest of a small record.
import { putText, textBytes, varintBytes } from "./varint.ts";

/** Headers by name; values are UTF-8 text. */
export type RecordHeaders = { readonly [name: string]: string };

/** Immutable; any number of records may refer to it. */
export class HeaderBlock {
  readonly texts: RecordHeaders;
  readonly count: number;
  /** Each name and value behind its length, as in a record batch; their count is not in it. */
  readonly bytes: Uint8Array;

  constructor(texts: RecordHeaders) {
    const parts = Object.entries(texts).flat();
    this.texts = texts;
    this.count = parts.length / 2;
    this.bytes = new Uint8Array(
      parts.reduce((sum, part) => sum + varintBytes(textBytes(part)) + textBytes(part), 0),
    );
    let at = 0;
    for (const part of parts) at = putText(this.bytes, at, part);
  }
}

/** All headers of a record, the common ones first. */
export const allHeaders = (record: {
  readonly common?: HeaderBlock;
  readonly headers: RecordHeaders;
}): RecordHeaders =>
  record.common === undefined ? record.headers : { ...record.common.texts, ...record.headers };
