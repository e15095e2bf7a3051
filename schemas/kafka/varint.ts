// Zigzag varints and short texts as Kafka's records have them: lengths first, then writing.
// Numbers are integers from -1 to 2^52; -1 stands for "none".

const low = 128;
const asciiMax = 0x7f;

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Bytes that `putVarint` writes. */
export const varintBytes = (value: number): number => {
  let rest = zigzag(value);
  let bytes = 1;
  while (rest >= low) {
    rest = Math.floor(rest / low);
    bytes += 1;
  }
  return bytes;
};

/** @returns the position after it. */
export const putVarint = (target: Uint8Array, at: number, value: number): number => {
  let rest = zigzag(value);
  let next = at;
  while (rest >= low) {
    target[next] = (rest % low) | low;
    rest = Math.floor(rest / low);
    next += 1;
  }
  target[next] = rest;
  return next + 1;
};

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > asciiMax) return false;
  return true;
};

/** Bytes of a text in UTF-8. */
export const textBytes = (text: string): number =>
  isAscii(text) ? text.length : Buffer.byteLength(text);

/** Length and UTF-8 of a text. @returns the position after it. */
export const putText = (target: Uint8Array, start: number, text: string): number => {
  if (!isAscii(text)) return putUnicode(target, start, text);
  // Header texts are short: a call into the runtime costs more than this loop.
  const at = putVarint(target, start, text.length);
  for (let i = 0; i < text.length; i += 1) target[at + i] = text.charCodeAt(i);
  return at + text.length;
};

const putUnicode = (target: Uint8Array, start: number, text: string): number => {
  const bytes = Buffer.from(text);
  const at = putVarint(target, start, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
};
