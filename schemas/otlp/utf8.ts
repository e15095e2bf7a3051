// Whether bytes are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above
// U+10FFFF. Without a decoder's text or exception; any thread, no state.
import { byteAt } from "./wire.ts";

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Length of the sequence that starts with this byte, 2 to 4, or 0. */
const sequenceBytes = (lead: number): number => {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
};

/** Some leads narrow what may follow them: overlong forms, surrogates, beyond the last plane. */
const isSecondAllowed = (lead: number, second: number): boolean => {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  return lead !== 0xf4 || second < 0x90;
};

/** True when bytes[start, end) is valid UTF-8. */
export const isUtf8 = (bytes: Uint8Array, start: number, end: number): boolean => {
  let at = start;
  while (at < end) {
    // Nearly all text is ASCII.
    while (at < end && byteAt(bytes, at) < 0x80) at += 1;
    if (at === end) return true;
    const lead = byteAt(bytes, at);
    const size = sequenceBytes(lead);
    if (size === 0 || at + size > end) return false;
    if (!isSecondAllowed(lead, byteAt(bytes, at + 1))) return false;
    for (let i = 1; i < size; i += 1) if (!isContinuation(byteAt(bytes, at + i))) return false;
    at += size;
  }
  return true;
};
