// Numbers of OTLP/JSON from their text, exactly: no 64-bit integer passes through a double. Text as
// a number or inside a string are the same. Null = not such a number.

/** Characters of the longest number that is read; 1e308 written out has 309. */
export const numberCharsMax = 400;

const zero = 48;
const minus = 45;
const digitsMax = 20;
const digitsPerPart = 9;
const partScale = 1e9;
const eightScale = 1e8;
const twoTo16 = 2 ** 16;
const twoTo32 = 2 ** 32;

const isDigit = (value: number): boolean => value >= 0 && value <= 9;

/** The value of four decimal digits, or a negative number. */
const fourDigits = (word: number): number => {
  const digits = (word - 0x30303030) | 0;
  // Above 9, the first sum reaches the high bit; below 0, the difference has it.
  if ((((word + 0x46464646) | digits) & 0x80808080) !== 0) return -eightScale;
  const pairs = digits * 10 + (digits >>> 8);
  return (pairs & 255) * 100 + ((pairs >>> 16) & 255);
};

/** The value of eight decimal digits, or a negative number. */
const eightDigits = (view: DataView, at: number): number =>
  fourDigits(view.getInt32(at, true)) * 1e4 + fourDigits(view.getInt32(at + 4, true));

/**
 * Decimal digits to 64 bits without a BigInt: text of a sign and up to 20 digits, nothing else,
 * which is how nearly every integer comes. Reused; valid until the next `read`.
 */
export class DecimalWords {
  isNegative = false;
  /** The magnitude's lower and upper half, unsigned. */
  low = 0;
  high = 0;

  /** False when the bytes are no such text or the magnitude has more than 64 bits. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.isNegative = bytes[start] === minus;
    const from = this.isNegative ? start + 1 : start;
    const count = end - from;
    if (count < 1 || count > digitsMax) return false;
    const split = end - Math.min(count, digitsPerPart);
    let upper = 0;
    let lower = 0;
    for (let at = from; at < end; at += 1) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) return false;
      if (at < split) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
    }
    return this.#combine(upper, lower);
  }

  /** Reads 19 digits at `at`; false when they are none. */
  readLong(view: DataView, at: number): boolean {
    const first = view.getUint8(at) - zero;
    const second = view.getUint8(at + 1) - zero;
    const middle = view.getUint8(at + 10) - zero;
    const high = eightDigits(view, at + 2);
    const low = eightDigits(view, at + 11);
    const isDigits = isDigit(first) && isDigit(second) && isDigit(middle);
    if (!isDigits || high < 0 || low < 0) return false;
    this.isNegative = false;
    return this.#combine((first * 10 + second) * eightScale + high, middle * eightScale + low);
  }

  // upper * 10^9 + lower, in steps that stay below 2^53: upper has up to 11 digits.
  #combine(upper: number, lower: number): boolean {
    if (upper === 0) {
      this.low = lower;
      this.high = 0;
      return true;
    }
    // Division by powers of two and rounding down are exact, and faster than remainders.
    const upperHigh = Math.floor(upper / twoTo16);
    const product = upperHigh * partScale;
    const rest = (upper - upperHigh * twoTo16) * partScale + lower;
    const productHigh = Math.floor(product / twoTo16);
    const lowSum = (product - productHigh * twoTo16) * twoTo16 + rest;
    const carry = Math.floor(lowSum / twoTo32);
    this.low = lowSum - carry * twoTo32;
    this.high = productHigh + carry;
    return this.high < twoTo32;
  }

  /** Turns a negative value into its two's complement; false when it has no place in 63 bits. */
  toSigned(): boolean {
    const isMost = this.high === 0x8000_0000 && this.low === 0;
    if (!this.isNegative) return this.high < 0x8000_0000;
    if (this.high >= 0x8000_0000 && !isMost) return false;
    const low = this.low === 0 ? 0 : twoTo32 - this.low;
    const borrow = this.low === 0 ? 0 : 1;
    this.high = (twoTo32 - this.high - borrow) % twoTo32;
    this.low = low;
    return true;
  }
}

const wholeNumber = /^-?\d{1,20}$/;
const anyNumber = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;
const exponentMax = 40;

/** The integer that the text stands for: `12`, `-3`, `1.0` and `2e3`, not `1.5`. */
export const integerOf = (text: string): bigint | null => {
  if (wholeNumber.test(text)) return BigInt(text);
  const parts = anyNumber.exec(text);
  if (parts === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const power = Number(exponent) - fraction.length;
  if (Math.abs(power) > exponentMax) return null;
  const digits = BigInt(whole + fraction);
  const scale = 10n ** BigInt(Math.abs(power));
  if (power < 0 && digits % scale !== 0n) return null;
  const value = power < 0 ? digits / scale : digits * scale;
  return sign === "-" ? -value : value;
};

export type IntegerRange = { readonly min: bigint; readonly max: bigint };

const unsigned = (bits: bigint): IntegerRange => ({ min: 0n, max: (1n << bits) - 1n });
const signed = (bits: bigint): IntegerRange => ({
  min: -(1n << (bits - 1n)),
  max: (1n << (bits - 1n)) - 1n,
});

/** The values that each kind of integer field can hold. */
export const integerRanges: { readonly [kind: string]: IntegerRange } = {
  enum: signed(32n),
  sint32: signed(32n),
  uint32: unsigned(32n),
  fixed32: unsigned(32n),
  uint64: unsigned(64n),
  fixed64: unsigned(64n),
  int64: signed(64n),
  sfixed64: signed(64n),
};

const decimal = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const named = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * The double that the text stands for; the three names are exact. Null for digits beyond the largest
 * double: as an infinity they would be another value than was sent.
 */
export const doubleOfText = (text: string): number | null => {
  const value = decimal.test(text) ? Number(text) : null;
  if (value === null) return named.get(text) ?? null;
  return Number.isFinite(value) ? value : null;
};
