// What a setting is made of: a zod type with default, one sentence that says what was expected, and
// whether a running engine takes a change. Sections put these together; nothing else may make fields,
// so that every one of them has its meaning and its label.
import * as z from "zod";

import { hasLogin, httpUrl } from "../send/http-url.ts";
import { refusedPorts } from "./refused-ports.ts";

/** `live`: a reload applies it between two batches. `restart`: kept until the next start. */
export type Reload = "live" | "restart";

/** What every field says about itself; units stand in the name. */
export type FieldFacts = { readonly what: string; readonly reload: Reload };

type NumberFacts = FieldFacts & {
  readonly default: number;
  readonly min: number;
  readonly max: number;
};

/** Zod's own name for it, spelt out for exported signatures. */
type NumberField = z.ZodDefault<z.ZodNumber>;
type TextField = z.ZodDefault<z.ZodString>;
type TextsField = z.ZodDefault<z.ZodArray<z.ZodString>>;

/** Keywords of JSON Schema for what zod does not put into words: a refinement. */
type Keywords = { readonly [keyword: string]: unknown };

const facts = (
  { what, reload }: FieldFacts,
  keywords: Keywords = {},
): { description: string; reload: Reload } => ({ description: what, reload, ...keywords });

/** A whole number from `min` to `max`. */
export const integer = (of: NumberFacts): NumberField => {
  const expected = `expected an integer from ${of.min} to ${of.max}`;
  return z
    .int(expected)
    .min(of.min, expected)
    .max(of.max, expected)
    .default(of.default)
    .meta(facts(of));
};

/** A port to serve HTTP on; 0 is a free one. */
export const httpPort = (of: FieldFacts & { readonly default: number }): NumberField =>
  integer({ ...of, min: 0, max: 65_535 })
    .unwrap()
    .refine(
      (port) => !refusedPorts.has(port),
      "expected a port that browsers and fetch do not refuse",
    )
    .default(of.default)
    .meta(facts(of, { not: { enum: [...refusedPorts] } }));

/** A finite number from `min` to `max`. */
export const decimal = (of: NumberFacts): NumberField => {
  const expected = `expected a number from ${of.min} to ${of.max}`;
  return z
    .number(expected)
    .min(of.min, expected)
    .max(of.max, expected)
    .default(of.default)
    .meta(facts(of));
};

const powersOfTwo = ({ min, max }: NumberFacts): readonly number[] =>
  Array.from({ length: 53 }, (_, exponent) => 2 ** exponent).filter(
    (power) => power >= min && power <= max,
  );

/** A power of two from `min` to `max`. */
export const powerOfTwo = (of: NumberFacts): NumberField => {
  const expected = `expected a power of two from ${of.min} to ${of.max}`;
  const powers = powersOfTwo(of);
  return z
    .int(expected)
    .min(of.min, expected)
    .max(of.max, expected)
    .refine((value) => powers.includes(value), expected)
    .default(of.default)
    .meta(facts(of, { enum: powers }));
};

/** `true` or `false`. */
export const flag = (of: FieldFacts & { readonly default: boolean }): z.ZodDefault<z.ZodBoolean> =>
  z.boolean("expected true or false").default(of.default).meta(facts(of));

/** One word of a closed list. */
export const choice = <const T extends readonly [string, ...string[]]>(
  values: T,
  of: FieldFacts & { readonly default: T[number] },
): z.ZodDefault<z.ZodEnum<{ [K in T[number]]: K }>> =>
  z
    .enum(values, `expected one of ${values.join(", ")}`)
    .default(of.default as never)
    .meta(facts(of));

type TextFacts = FieldFacts & {
  readonly default: string;
  /** What it must look like, and in words; anything of up to 4,096 characters by default. */
  readonly form?: RegExp;
  readonly expected?: string;
};

const textCharsMax = 4096;
const anyText = /^[^]*$/;

/** Text of up to 4,096 characters. */
export const text = (of: TextFacts): TextField => {
  const { form = anyText, expected = `expected text of up to ${textCharsMax} characters` } = of;
  return z
    .string(expected)
    .max(textCharsMax, expected)
    .regex(form, expected)
    .default(of.default)
    .meta(facts(of));
};

/** How an address begins, for a schema. */
export const addressPattern = "^\\s*[Hh][Tt][Tt][Pp][Ss]?:";

/** An address of http or https, or "" where `optional`. */
export const address = (
  of: FieldFacts & {
    readonly default: string;
    readonly optional: boolean;
    /** Whether it may hold user and password: OpenTelemetry's exporters send them, fetch refuses. */
    readonly mayHaveLogin: boolean;
  },
): TextField => {
  const login = of.mayHaveLogin ? "" : " without user and password";
  const expected = `expected an http or https address${login}${of.optional ? ', or ""' : ""}`;
  const isGood = (value: string): boolean => {
    if (value === "") return of.optional;
    return of.mayHaveLogin ? httpUrl(value) !== null : isFetchable(value);
  };
  const pattern = of.optional ? `^$|${addressPattern}` : addressPattern;
  return z
    .string(expected)
    .refine(isGood, expected)
    .default(of.default)
    .meta(facts(of, { pattern }));
};

/** Whether fetch takes the address. */
export const isFetchable = (address: string): boolean => {
  const url = httpUrl(address);
  return url !== null && !hasLogin(url);
};

type ListFacts = FieldFacts & {
  readonly default: readonly string[];
  readonly max: number;
  readonly expected: string;
  readonly isGood: (value: string) => boolean;
  /** The same in JSON Schema. */
  readonly item: Keywords;
};

/** Up to `max` texts, none of them twice. */
export const texts = (of: ListFacts): TextsField => {
  const expected = `expected a list of up to ${of.max}, none twice: ${of.expected}`;
  const isDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length;
  return z
    .array(z.string(expected).refine(of.isGood, expected).meta(of.item), expected)
    .max(of.max, expected)
    .refine(isDistinct, expected)
    .default([...of.default])
    .meta(facts(of, { uniqueItems: true }));
};
