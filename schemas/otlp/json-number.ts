// Numbers of OTLP/JSON from their text, exactly: no 64-bit integer passes through a double. Text as
// a number or inside a string are the same. Null = not such a number.

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

/** The double that the text stands for; the three names are exact. */
export const doubleOfText = (text: string): number | null =>
  named.get(text) ?? (decimal.test(text) ? Number(text) : null);
