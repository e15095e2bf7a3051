// Texts of a sender as they are shown to people: the beginning of a long one is enough.

/** Bytes that are shown of a name, a key or a value that a sender chose. */
const bytesShownMax = 120;
const utf8 = new TextDecoder();

/** The text at [start, end), or its beginning. */
export const shown = (bytes: Uint8Array, start: number, end: number): string => {
  let to = Math.min(end, start + bytesShownMax);
  // Not in the middle of a character.
  while (to < end && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
  return utf8.decode(bytes.subarray(start, to));
};
