// Arithmetic of consistent probability sampling: 56-bit randomness R and rejection threshold T, a
// record is kept iff R >= T, its adjusted count is 2^56 / (2^56 - T). A double holds 53 bits, so a
// number of 56 bits is two words of 28, which are small integers to every engine. Exact; pure.
// Definitions: OpenTelemetry specification, trace/tracestate-probability-sampling.md.

const wordBits = 28;
const wordLimit = 2 ** wordBits;
const limit = 2 ** (2 * wordBits);
const digitBits = 4;
const digitsPerWord = wordBits / digitBits;
const zeroCode = "0".charCodeAt(0);
const digitCodes = new TextEncoder().encode("0123456789abcdef");

// Value of a lower-case hex digit by its character, -1 for every other byte.
const digitValues = new Int8Array(256).fill(-1);
for (let value = 0; value < digitCodes.length; value += 1) {
  digitValues[digitCodes[value] as number] = value;
}

/** Hex digits of 56 bits. */
export const digitsMax = 14;
/** Digits of a threshold, besides leading `f`s, when nobody asks for more or less. */
const precisionDefault = 4;
/** The smallest probability that a threshold can say, 2^-56. */
export const probabilityMin = 1 / limit;
const precisionLimit = 12;

/** 56 bits: `high` and `low` are integers from 0 to 2^28 - 1. */
export type Bits56 = { high: number; low: number };

/** A new zero, which is also the threshold of probability 1. */
export const bits56 = (): Bits56 => ({ high: 0, low: 0 });

/** True when a < b. */
export const isBelow = (a: Readonly<Bits56>, b: Readonly<Bits56>): boolean =>
  a.high < b.high || (a.high === b.high && a.low < b.low);

/** True when both are the same number. */
export const isSame = (a: Readonly<Bits56>, b: Readonly<Bits56>): boolean =>
  a.high === b.high && a.low === b.low;

/** True for what a rate may be: 2^-56 to 1. Zero is none: "never" has no adjusted count. */
export const isProbability = (value: number): boolean => value >= probabilityMin && value <= 1;

/** Digits to keep: the asked ones and the leading `f`s, which carry no precision. */
const digitsFor = (probability: number, precision: number): number => {
  // Of a number in [2^(e-1), 2^e), e <= 0: the threshold begins with floor(e / -4) digits `f`.
  let exponent = 0;
  for (let scaled = probability; scaled < 0.5; scaled *= 2) exponent -= 1;
  const raised = precision + Math.floor(exponent / -digitBits);
  return Math.min(Math.max(precisionLimit, precision), raised);
};

/**
 * The threshold of a probability, rounded to the nearest with this many hex digits (1 to 14), not
 * counting leading `f`s; at most 12 in all unless more are asked for, so that 2^-48 is the least
 * that 4 digits can say.
 * @throws RangeError when the probability is none, or `precision` no integer from 1 to 14: no digits
 * are the threshold that keeps everything.
 */
export const thresholdOf = (probability: number, precision = precisionDefault): Bits56 => {
  if (!isProbability(probability)) {
    throw new RangeError(`probability=${probability}, expected 2^-56 to 1`);
  }
  if (!Number.isInteger(precision) || precision < 1 || precision > digitsMax)
    throw new RangeError(`precision=${precision}, integers from 1 to ${digitsMax}`);
  // Exact: a power of two scales a double without loss; from 2^53 on it is whole by itself.
  const kept = Math.round(probability * limit);
  const keptHigh = Math.floor(kept / wordLimit);
  const keptLow = kept - keptHigh * wordLimit;
  const high = wordLimit - keptHigh - (keptLow === 0 ? 0 : 1);
  const low = keptLow === 0 ? 0 : wordLimit - keptLow;
  return rounded({ high, low }, digitsFor(probability, precision));
};

/** To this many digits, half up, but never to 2^56: that would keep nothing. */
const rounded = ({ high, low }: Bits56, digits: number): Bits56 => {
  const inHigh = Math.min(digits, digitsPerWord);
  const inLow = digits - inHigh;
  const unit = 2 ** (wordBits - digitBits * (inLow > 0 ? inLow : inHigh));
  if (inLow > 0) {
    const nearest = Math.floor((low + unit / 2) / unit) * unit;
    if (nearest < wordLimit) return { high, low: nearest };
    if (high < wordLimit - 1) return { high: high + 1, low: 0 };
    return { high, low: wordLimit - unit };
  }
  const up = unit === 1 && low >= wordLimit / 2 ? 1 : 0;
  const nearest = unit === 1 ? high + up : Math.floor((high + unit / 2) / unit) * unit;
  return { high: nearest < wordLimit ? nearest : wordLimit - unit, low: 0 };
};

/** 2^56 - T, rounded to a double where it has more than 53 significant bits. */
const keptOf = ({ high, low }: Readonly<Bits56>): number => (wordLimit - high) * wordLimit - low;

/** The probability that a threshold stands for, 2^-56 to 1. */
export const probabilityOf = (threshold: Readonly<Bits56>): number => keptOf(threshold) / limit;

/** How many records one that passed this threshold stands for, 1 to 2^56. */
export const adjustedCountOf = (threshold: Readonly<Bits56>): number => limit / keptOf(threshold);

/** Value of the lower-case hex digit with this character code, or -1. */
const digitOf = (code: number): number => digitValues[code] as number;

/**
 * Reads 1 to 14 lower-case hex digits, the most significant first; missing ones are zeros. False,
 * with `into` undefined, for anything else.
 */
export const readDigits = (
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Bits56,
): boolean => {
  const count = end - start;
  if (count < 1 || count > digitsMax) return false;
  let high = 0;
  let low = 0;
  let all = 0;
  for (let i = 0; i < digitsPerWord; i += 1) {
    const digit = i < count ? digitOf(bytes[start + i] as number) : 0;
    all |= digit;
    high = (high << digitBits) | digit;
  }
  for (let i = digitsPerWord; i < digitsMax; i += 1) {
    const digit = i < count ? digitOf(bytes[start + i] as number) : 0;
    all |= digit;
    low = (low << digitBits) | digit;
  }
  into.high = high;
  into.low = low;
  return all >= 0;
};

/** Writes all 14 digits, as `rv` has them; returns the position behind them. */
export const writeAllDigits = (
  out: Uint8Array,
  at: number,
  { high, low }: Readonly<Bits56>,
): number => {
  for (let i = 0; i < digitsPerWord; i += 1) {
    const shift = wordBits - digitBits * (i + 1);
    out[at + i] = digitCodes[(high >>> shift) & 15] as number;
    out[at + digitsPerWord + i] = digitCodes[(low >>> shift) & 15] as number;
  }
  return at + digitsMax;
};

/** Writes the digits without trailing zeros, one at least, as `th` has them. Needs room for 14. */
export const writeDigits = (out: Uint8Array, at: number, value: Readonly<Bits56>): number => {
  let end = writeAllDigits(out, at, value);
  while (end > at + 1 && out[end - 1] === zeroCode) end -= 1;
  return end;
};

const ascii = new TextDecoder();

/** All 14 digits as text. */
export const allDigits = (value: Readonly<Bits56>): string => {
  const out = new Uint8Array(digitsMax);
  return ascii.decode(out.subarray(0, writeAllDigits(out, 0, value)));
};

/** The digits of `th` as text. */
export const digits = (value: Readonly<Bits56>): string => {
  const out = new Uint8Array(digitsMax);
  return ascii.decode(out.subarray(0, writeDigits(out, 0, value)));
};
