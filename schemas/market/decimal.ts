// Decimal text to integers at a given scale, and back, without floating-point arithmetic on
// fractions: "61685.99" at scale 2 is 6168599. Not a number parser: no sign, no exponent, no
// spaces, as venues write prices. A value is a safe integer from 0 to 2^53 - 1, so it travels
// exactly in a double.

/** Largest integer that a price or size may have, in units of its scale. */
export const decimalValueMax = Number.MAX_SAFE_INTEGER;

/** Largest number of decimals of a scale. */
export const decimalScaleMax = 18;

/** Longest text that is read; a venue writes at most about 25 characters. */
const decimalCharsMax = 64;

/** Why a text was refused; all are negative, so that one comparison tells them from a value. */
export const decimalRefusal = {
  malformed: -1,
  negative: -2,
  /** A non-zero digit stands beyond the scale. */
  tooFine: -3,
  /** More than `decimalValueMax` at this scale. */
  tooLarge: -4,
} as const;

/** What a refusal code expects, for messages. */
export const decimalRefusalText = (code: number): string => {
  if (code === decimalRefusal.negative) return "a decimal that is not negative";
  if (code === decimalRefusal.tooFine) return `a decimal of at most ${decimalScaleMax} places`;
  if (code === decimalRefusal.tooLarge) return `a decimal of at most ${decimalValueMax} units`;
  return `a decimal like "123.45" of at most ${decimalCharsMax} characters`;
};

const zero = 48;
const nine = 57;
const point = 46;
const minus = 45;

/**
 * Places after the point without trailing zeros (0 to `decimalScaleMax`), or a refusal.
 * "1.54698000" has 5. Allocates nothing.
 */
export const decimalPlaces = (text: string): number => {
  const length = text.length;
  if (length === 0 || length > decimalCharsMax) return decimalRefusal.malformed;
  if (text.charCodeAt(0) === minus) return decimalRefusal.negative;
  let pointAt = -1;
  let lastNonZero = -1;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === point && pointAt < 0 && i > 0 && i < length - 1) pointAt = i;
    else if (code < zero || code > nine) return decimalRefusal.malformed;
    else if (code !== zero) lastNonZero = i;
  }
  const places = pointAt < 0 || lastNonZero < pointAt ? 0 : lastNonZero - pointAt;
  return places > decimalScaleMax ? decimalRefusal.tooFine : places;
};

/**
 * The integer `text * 10^scale`, exact, from 0 to `decimalValueMax`, or a refusal. `scale` is 0 to
 * `decimalScaleMax`. Allocates nothing. @throws RangeError for another scale.
 */
export const parseDecimal = (text: string, scale: number): number => {
  checkScale(scale, decimalScaleMax);
  const places = decimalPlaces(text);
  if (places < 0) return places;
  if (places > scale) return decimalRefusal.tooFine;
  let value = 0;
  let after = -1;
  for (let i = 0; i < text.length && after < places; i += 1) {
    const code = text.charCodeAt(i);
    if (code === point) {
      after = 0;
      continue;
    }
    // Beyond 2^53 the product is rounded, but never down to a safe integer again.
    value = value * 10 + (code - zero);
    if (value > decimalValueMax) return decimalRefusal.tooLarge;
    if (after >= 0) after += 1;
  }
  for (let i = Math.max(after, 0); i < scale; i += 1) {
    value *= 10;
    if (value > decimalValueMax) return decimalRefusal.tooLarge;
  }
  return value;
};

const checkScale = (scale: number, scaleMax: number): void => {
  if ((scale | 0) !== scale || scale < 0 || scale > scaleMax)
    throw new RangeError(`scale=${scale}, limits 0 to ${scaleMax}`);
};

/** A product of two values at a fee's scale has more decimals than a value. */
const textScaleMax = 100;

/**
 * Exact text of `value / 10^scale` with `scale` places: 6168599 at 2 is "61685.99", -5 is "-0.05".
 * @throws RangeError for a number that is no safe integer, or a scale that is not 0 to 100.
 */
export const formatDecimal = (value: number | bigint, scale: number): string => {
  checkScale(scale, textScaleMax);
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw new RangeError(`value=${value} is no integer of at most ${decimalValueMax}`);
  if (value < 0) return `-${formatDecimal(-value, scale)}`;
  if (scale === 0) return value.toString();
  const digits = value.toString().padStart(scale + 1, "0");
  const split = digits.length - scale;
  return `${digits.slice(0, split)}.${digits.slice(split)}`;
};

const powers = Float64Array.from({ length: decimalScaleMax + 1 }, (_, i) => Number(`1e${i}`));

/** 10^exponent, exact for 0 to 18 (all are doubles without rounding up to 10^22). */
export const powerOfTen = (exponent: number): number => powers[exponent] ?? Number.NaN;
