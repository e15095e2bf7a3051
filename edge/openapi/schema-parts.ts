// Parts that the JSON Schemas of all venues share: ids, decimals, levels, symbols, times.
import { decimalScaleMax } from "../../schemas/market/decimal.ts";
import { depthLevelsMax, depthSymbolBytesMax } from "../../schemas/market/depth-layout.ts";

export const idMax = Number.MAX_SAFE_INTEGER;

export const id = { type: "integer", minimum: 0, maximum: idMax } as const;
export const milliseconds = { type: "integer", minimum: 0, maximum: 2 ** 43 } as const;
/** Venues that write times as text are read so too. */
export const millisecondsOrText = {
  oneOf: [milliseconds, { type: "string", pattern: "^\\d{1,13}$" }],
} as const;
/** Digits, where a venue writes an integer as text. */
export const integerText = { type: "string", pattern: "^\\d{1,16}$" } as const;
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
  pattern: "^\\d+(\\.\\d+)?$",
  maxLength: 64,
  description: `A decimal that is not negative, at most ${decimalScaleMax} places and 2^53 - 1 units of the message's finest place.`,
} as const;
/** Numbers become texts again; their trailing zeros are gone. */
export const decimalOrNumber = {
  oneOf: [decimal, { type: "number", minimum: 0, maximum: idMax }],
} as const;
const signedDecimal = {
  type: "string",
  pattern: "^-?\\d+(\\.\\d+)?$",
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

/** An array of exactly one of these. */
export const one = <Item extends object>(items: Item) =>
  ({ type: "array", minItems: 1, maxItems: 1, items }) as const;

/** A schema of the document. */
export const ref = (name: string): { readonly $ref: string } => ({
  $ref: `#/components/schemas/${name}`,
});
