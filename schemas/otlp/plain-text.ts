// Where a JSON string stops being plain ASCII, found by 32-bit words: four characters at a time, and
// the same look proves that they need no unescaping and are UTF-8. No state, any thread.

const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;
const spaces = 0x20202020;
const ones = 0x01010101;
const highBits = 0x80808080 | 0;

/**
 * Nonzero when a character of the word is a quote, a backslash, a control character or above 127.
 * A subtraction sets the high bit of a byte that is too small; it may borrow from the next byte, but
 * only where a lower one is already found.
 */
export const stopBits = (word: number): number =>
  (word | (word - spaces) | ((word ^ quotes) - ones) | ((word ^ backslashes) - ones)) & highBits;

/** Which of the word's four bytes is the first that was found, from 0. */
export const stopIndex = (found: number): number => (31 - Math.clz32(found & -found)) >> 3;

/**
 * Position of the first such byte in [start, end). Stops up to three bytes before `end` when there
 * is none: those are not looked at.
 */
export const plainEnd = (view: DataView, start: number, end: number): number => {
  const last = end - 4;
  let at = start;
  while (at <= last) {
    const found = stopBits(view.getInt32(at, true));
    if (found !== 0) return at + stopIndex(found);
    at += 4;
  }
  return at;
};
