// Bytes in OTLP/JSON: ids in hex of any case, everything else in base64 of either alphabet. The
// token is the one that the scanner took last, without escapes; what is wrong becomes its fault.
import type { ByteWriter } from "./byte-writer.ts";
import { hexDigits } from "./json-escape.ts";
import type { JsonScanner } from "./json-scanner.ts";
import { byteAt } from "./wire.ts";

const base64Digits = new Int8Array(128).fill(-1);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
for (let i = 0; i < alphabet.length; i += 1) base64Digits[alphabet.charCodeAt(i)] = i;
// The standard alphabet's last two, and those of the one for URLs.
for (const [text, digit] of [
  ["+", 62],
  ["/", 63],
  ["-", 62],
  ["_", 63],
] as const) {
  base64Digits[text.charCodeAt(0)] = digit;
}
const padding = "=".charCodeAt(0);

/** Writes the bytes of the base64 token; there is room for its length. False after a fault. */
export const writeBase64 = (input: JsonScanner, out: ByteWriter): boolean => {
  const { tokenBytes: bytes, tokenStart, tokenEnd } = input;
  let end = tokenEnd;
  while (end > tokenStart && byteAt(bytes, end - 1) === padding) end -= 1;
  let bits = 0;
  let count = 0;
  for (let at = tokenStart; at < end; at += 1) {
    const byte = byteAt(bytes, at);
    const digit = byte < 128 ? (base64Digits[byte] as number) : -1;
    if (digit < 0) return input.fail("expected base64", input.tokenAt);
    bits = ((bits << 6) | digit) & 0xfff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.bytes[out.to] = (bits >> count) & 255;
    out.to += 1;
  }
  // Six bits left over are a digit that belongs to no byte.
  return count < 6 || input.fail("base64 of an impossible length", input.tokenAt);
};

/** Writes the id of this many bytes, or nothing for ""; there is room. False after a fault. */
export const writeId = (input: JsonScanner, out: ByteWriter, bytes: number): boolean => {
  const { tokenBytes, tokenStart, tokenEnd } = input;
  const length = tokenEnd - tokenStart;
  if (length === 0) return true;
  if (length !== 2 * bytes) return badId(input, bytes);
  const { bytes: written } = out;
  let { to } = out;
  let bits = 0;
  for (let at = tokenStart; at < tokenEnd; at += 2, to += 1) {
    const high = hexDigits[byteAt(tokenBytes, at)] as number;
    const byte = (high << 4) | (hexDigits[byteAt(tokenBytes, at + 1)] as number);
    // A character that is no digit makes it negative.
    bits |= byte;
    written[to] = byte;
  }
  if (bits < 0) return badId(input, bytes);
  out.to = to;
  return true;
};

const badId = (input: JsonScanner, bytes: number): false => {
  const length = input.tokenEnd - input.tokenStart;
  const isBase64 = length === 4 * Math.ceil(bytes / 3);
  const hint = isBase64 ? " (base64? OTLP/JSON writes ids in hex)" : "";
  return input.fail(
    `expected ${2 * bytes} hex characters or "", found ${length} characters${hint}`,
    input.tokenAt,
  );
};
