// A key of JSON as a scanner compares it: with its quotes and colon, by 32-bit words. Keys of the
// same message come in the same order again and again, so one comparison usually finds a key.

/** A key of lower-case letters, for `JsonScanner.tryKey`. */
export type JsonKey = {
  /** Of `"name":`, little-endian; the last word is its last four bytes. */
  readonly words: Int32Array;
  /** Length of `"name":`. */
  readonly bytes: number;
};

/** The name, ASCII without anything to escape, as it is compared. */
export const jsonKeyOf = (name: string): JsonKey => {
  const text = new TextEncoder().encode(`"${name}":`);
  const view = new DataView(text.buffer);
  const { length } = text;
  const count = Math.ceil(length / 4);
  const words = Int32Array.from({ length: count }, (_, i) =>
    view.getInt32(Math.min(4 * i, length - 4), true),
  );
  return { words, bytes: length };
};
