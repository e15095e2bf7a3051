// Parts that the JSON Schemas of all venues share: ids, decimals, levels, symbols, times.
import { decimalScaleMax } from "../../schemas/market/decimal.ts";
import { depthLevelsMax, depthSymbolBytesMax } from "../../schemas/market/depth-layout.ts";

export const idMax = Number.MAX_SAFE_INTEGER;
/** Characters of an integer in text. */
export const integerCharsMax = 16;

/** Pattern of decimal text from 0 to `max`, with leading zeros up to `charsMax` characters. */
const upTo = (max: string): string => {
  const below = Array.from(max, (digit, at) => {
    const rest = max.length - at - 1;
    const smaller = digit === "0" ? [] : [`[0-${Number(digit) - 1}]`];
    return smaller.map((first) => `${max.slice(0, at)}${first}\\d{${rest}}`);
  }).flat();
  return `^0*(?:\\d{0,${max.length - 1}}|${[...below, max].join("|")})$`;
};

/** Decimal text from 0 to `max`. */
export const textUpTo = (max: number | bigint, charsMax: number) =>
  ({ type: "string", pattern: upTo(String(max)), minLength: 1, maxLength: charsMax }) as const;

export const id = { type: "integer", minimum: 0, maximum: idMax } as const;
const millisecondsMax = 2 ** 43;
export const milliseconds = { type: "integer", minimum: 0, maximum: millisecondsMax } as const;
/** Venues that write times as text are read so too. */
export const millisecondsOrText = {
  oneOf: [milliseconds, textUpTo(millisecondsMax, integerCharsMax)],
} as const;
/** An id, where a venue writes it as text. */
export const idText = textUpTo(idMax, integerCharsMax);
/** For a time that nothing depends on: what is none counts as unknown. */
export const anyTime = {
  description: "RFC 3339 in UTC; anything else counts as unknown.",
} as const;
export const rfc3339 = {
  type: "string",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$",
} as const;

export const decimal = {
  type: "string",
  pattern: `^\\d+(\\.\\d{1,${decimalScaleMax}}0*)?$`,
  maxLength: 64,
  description: `A decimal that is not negative, at most ${decimalScaleMax} places and 2^53 - 1 units of the message's finest place.`,
} as const;
/** Numbers become texts again; their trailing zeros are gone. */
export const decimalOrNumber = {
  oneOf: [decimal, { type: "number", minimum: 0, maximum: idMax }],
} as const;
const signedDecimal = {
  type: "string",
  pattern: `^-?\\d+(\\.\\d{1,${decimalScaleMax}}0*)?$`,
  maxLength: 65,
} as const;

const level = {
  type: "array",
  prefixItems: [decimal, decimal],
  minItems: 2,
  description: "[price, size]; a size of 0 takes the level away.",
} as const;
const levelsNote = `Both sides together have at most ${depthLevelsMax} levels.`;
export const levels = { type: "array", items: level, description: levelsNote } as const;
export const signedLevels = {
  type: "array",
  items: { ...level, prefixItems: [decimal, signedDecimal], description: "[price, change]" },
  description: levelsNote,
} as const;

export const symbol = {
  type: "string",
  pattern: "^[!-~]+$",
  maxLength: depthSymbolBytesMax,
} as const;

/** Which side took, of a trade. */
export const side = { enum: ["buy", "sell"] } as const;

/** An array of exactly one of these. */
export const one = <Item extends object>(items: Item) =>
  ({ type: "array", minItems: 1, maxItems: 1, items }) as const;

/** A list that is not empty. */
export const some = <Item extends object>(items: Item) =>
  ({ type: "array", minItems: 1, items }) as const;

/** A schema of the document. */
export const ref = (name: string): { readonly $ref: string } => ({
  $ref: `#/components/schemas/${name}`,
});
