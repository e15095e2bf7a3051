// Base58 as Solana writes keys (32 bytes), signatures (64 bytes) and instruction data. No
// checksum. Not for the hot path of the market thread: there keys stay bytes.

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Digit value by character code, -1 for characters outside the alphabet. */
const digitOf = Int8Array.from({ length: 128 }, (_, code) =>
  alphabet.indexOf(String.fromCharCode(code)),
);

// Five digits at once: 58^5 < 2^30, and a remainder below 58^5 times 2^16 stays exact in a double.
const limb = 58 ** 5;
const digitsPerLimb = 5;

/** Longest input of `encodeBase58`: a whole transaction, as RPC nodes send it. */
export const base58BytesMax = 4096;

/**
 * Encodes [start, end) of `bytes`, all of them by default.
 * @throws RangeError above 4,096 bytes, as the algorithm is quadratic, and for a range that does not
 * lie within `bytes`.
 */
export const encodeBase58 = (bytes: Uint8Array, start = 0, end = bytes.length): string => {
  if (!(start >= 0 && start <= end && end <= bytes.length))
    throw new RangeError(`base58 of bytes ${start} to ${end}, limits 0 to ${bytes.length}`);
  if (end - start > base58BytesMax) {
    throw new RangeError(`base58 of ${end - start} bytes, limit base58BytesMax=${base58BytesMax}`);
  }
  let zeros = start;
  while (zeros < end && bytes[zeros] === 0) zeros += 1;
  const words = toWords(bytes, zeros, end);
  let text = "";
  let first = 0;
  while (first < words.length) {
    let rest = 0;
    for (let i = first; i < words.length; i += 1) {
      const value = rest * 65_536 + (words[i] ?? 0);
      const quotient = Math.floor(value / limb);
      // A quotient is below 2^16 because the rest was below the limb.
      words[i] = quotient;
      rest = value - quotient * limb;
    }
    while (first < words.length && words[first] === 0) first += 1;
    text = limbText(rest, first < words.length) + text;
  }
  return "1".repeat(zeros - start) + text;
};

const toWords = (bytes: Uint8Array, start: number, end: number): Uint16Array => {
  const words = new Uint16Array((end - start + 1) >> 1);
  for (let i = words.length - 1, at = end; i >= 0; i -= 1, at -= 2) {
    words[i] = (bytes[at - 1] ?? 0) | (at - 2 >= start ? (bytes[at - 2] ?? 0) << 8 : 0);
  }
  return words;
};

const limbText = (value: number, padded: boolean): string => {
  let text = "";
  let rest = value;
  const lengthMin = padded ? digitsPerLimb : 0;
  while (rest > 0 || text.length < lengthMin) {
    text = (alphabet[rest % 58] ?? "") + text;
    rest = Math.floor(rest / 58);
  }
  return text;
};

/** Decodes any length up to `bytesMax`, 4,096 by default; null for other characters or a longer value. */
export const decodeBase58 = (
  text: string,
  bytesMax = base58BytesMax,
): Uint8Array<ArrayBuffer> | null => {
  // A byte takes more than one digit, so longer texts cannot fit: refused before the work.
  if (!(text.length <= bytesMax * 1.37 + 1)) return null;
  let zeros = 0;
  while (zeros < text.length && text[zeros] === "1") zeros += 1;
  const bytes = new Uint8Array(Math.ceil((text.length - zeros) * 0.7326) + 1);
  let used = 0;
  for (let i = zeros; i < text.length; i += 1) {
    let carry = digitOf[text.charCodeAt(i)] ?? -1;
    if (carry < 0) return null;
    let k = 0;
    for (; k < used || carry > 0; k += 1) {
      carry += 58 * (bytes[k] ?? 0);
      bytes[k] = carry & 0xff;
      carry >>= 8;
    }
    used = k;
  }
  if (zeros + used > bytesMax) return null;
  const out = new Uint8Array(zeros + used);
  for (let i = 0; i < used; i += 1) out[zeros + i] = bytes[used - 1 - i] ?? 0;
  return out;
};

/** A key: exactly 32 bytes, or null. */
export const decodeKey = (text: string): Uint8Array<ArrayBuffer> | null => exactly(text, 32);

/** A signature: exactly 64 bytes, or null. */
export const decodeSignature = (text: string): Uint8Array<ArrayBuffer> | null => exactly(text, 64);

const exactly = (text: string, length: number): Uint8Array<ArrayBuffer> | null => {
  const bytes = decodeBase58(text, length);
  return bytes !== null && bytes.length === length ? bytes : null;
};
