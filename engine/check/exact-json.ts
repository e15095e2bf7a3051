// JSON whose numbers stay what they were written as: `42.0` is a double and `42` an int to the type
// rule, and 64-bit integers keep every digit. Numbers that a JavaScript number cannot tell apart are
// kept as JSON.rawJSON objects, which JSON.stringify writes back verbatim.

import { doubleText } from "../../schemas/validate/double-text.ts";

/** Any JSON object of a sample or a report. */
export type Json = { [key: string]: unknown };

// Of ES2026; the library of ES2024 has no types for them.
type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { source?: string },
) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON: (text: string) => object;
  isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
};

const i64Min = -(2n ** 63n);
const u64Max = 2n ** 64n - 1n;
const integerText = /^-?(?:0|[1-9]\d*)$/;

const isInteger64 = (text: string): boolean => {
  if (!integerText.test(text) || text === "-0" || text.length > 20) return false;
  const value = BigInt(text);
  return value >= i64Min && value <= u64Max;
};

/** The number written as `text`, exact. */
const exactNumber = (text: string): unknown => {
  const value = Number(text);
  const isWhole = Number.isInteger(value);
  if (isInteger64(text)) return Number.isSafeInteger(value) ? value : rawJSON(text);
  // A whole double would read as an integer.
  return isWhole ? rawJSON(text) : value;
};

/** @throws SyntaxError where JSON.parse does. */
export const parseExact = (text: string): unknown =>
  parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? exactNumber(source) : value,
  );

/** An integer of 64 bits given in decimal. */
export const exactInteger = (decimal: string): unknown => exactNumber(decimal);

/** A double; JSON has no word for what is not finite, that is null. */
export const exactDouble = (value: number): unknown => {
  if (!Number.isFinite(value)) return null;
  return Number.isInteger(value) ? rawJSON(doubleText(value)) : value;
};

/** What a number is to the type rule; null when the value is no number. */
export const numberKind = (value: unknown): "int" | "double" | null => {
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "double";
  if (!isRawJSON(value)) return null;
  return isInteger64(value.rawJSON) ? "int" : "double";
};

/** The value to compare and calculate with; NaN when it is no number. */
export const numberOf = (value: unknown): number => {
  if (typeof value === "number") return value;
  return isRawJSON(value) ? Number(value.rawJSON) : Number.NaN;
};

/** An object that is neither null, an array nor an exact number. */
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
