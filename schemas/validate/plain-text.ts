// Whether a short text is ASCII, four bytes at a time: nearly all text is, and then nothing else has
// to be asked. Pure; any thread.
const highBits = 0x80808080 | 0;

/**
 * True for ASCII. False may also mean that one of the three bytes before `start`, which must be
 * within the view, is none: ask isUtf8 then.
 */
export const isPlainText = (view: DataView, start: number, end: number): boolean => {
  let at = end - 4;
  // Nothing is left, or up to four bytes: most texts take one of the next three ways.
  if (at <= start) return at === start - 4 || (view.getInt32(at, true) & highBits) === 0;
  let all = view.getInt32(at, true) | view.getInt32(start, true);
  at -= 4;
  for (; at > start + 4; at -= 8) all |= view.getInt32(at, true) | view.getInt32(at - 4, true);
  if (at > start) all |= view.getInt32(at, true);
  return (all & highBits) === 0;
};

/** True for bytes from 1 to 127: then eight of them, as a double, equal no others. */
export const isPlainKey = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === 0 || byte > 127) return false;
  }
  return true;
};
