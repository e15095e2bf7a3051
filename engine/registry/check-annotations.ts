// Our annotations, `weir.*`, where they are written: a wrong one would otherwise show only when
// the registry is compiled, without its line. Annotations of others are theirs.
import { noValuePasses } from "../../schemas/weaver/constraints.ts";
import { globBytesMax } from "../../schemas/weaver/glob.ts";
import { compilePattern } from "../../schemas/weaver/pattern-compile.ts";
import { PatternError } from "../../schemas/weaver/pattern-parse.ts";
import type { ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import { nearest } from "../cli/arguments.ts";
import { type Fields, isYamlMap, shown } from "./fields.ts";

/** What is expected of a value, or null when it is good. */
type Check = (value: unknown) => string | null;

const number: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) ? null : "a number";

const length: Check = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31
    ? null
    : "an integer from 0 to 2147483647";

const pattern: Check = (value) => {
  if (typeof value !== "string") return "a pattern as a text";
  try {
    compilePattern(value);
    return null;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return `a pattern (${error.message})`;
  }
};

const isGlob = (value: unknown): boolean =>
  typeof value === "string" && value !== "" && Buffer.byteLength(value) <= globBytesMax;

const globs: Check = (value) => {
  const isGood = Array.isArray(value) ? value.length > 0 && value.every(isGlob) : isGlob(value);
  return isGood
    ? null
    : `a glob over span names, or a list of them, of ${globBytesMax} bytes at most`;
};

const scalars = new Set(["string", "number", "boolean"]);

const isAtom = (value: unknown): boolean => {
  if (!isYamlMap(value)) return false;
  const { status, attribute, equals, ...others } = value;
  if (Object.keys(others).length > 0) return false;
  if (attribute === undefined) return status === "error" && equals === undefined;
  if (typeof attribute !== "string" || status !== undefined) return false;
  return equals === undefined || scalars.has(typeof equals);
};

const condition: Check = (value) => {
  const isGood = Array.isArray(value) ? value.length > 0 && value.every(isAtom) : isAtom(value);
  return isGood
    ? null
    : "{status: error}, {attribute: KEY}, {attribute: KEY, equals: VALUE}, or a list";
};

type Checks = { readonly [key: string]: Check };

const ofAttributes: Checks = {
  "weir.min": number,
  "weir.max": number,
  "weir.max_length": length,
  "weir.pattern": pattern,
  "weir.condition": condition,
};
const ofSpans: Checks = { "weir.match": globs };

/** Who has annotations: an attribute, or a group of a type. */
type Holder = "attribute" | ResolvedGroup["type"];

const checksOf = (holder: Holder): Checks => {
  if (holder === "attribute") return ofAttributes;
  return holder === "span" ? ofSpans : {};
};

const hint = (key: string, known: readonly string[]): string => {
  if (known.length > 0) return `; did you mean ${nearest(key, known)}?`;
  return Object.hasOwn(ofSpans, key) ? ": it is one of spans" : "";
};

/** Checks our annotations of an attribute or a group. */
export const checkAnnotations = (fields: Fields, holder: Holder): void => {
  const map = fields.raw("annotations");
  if (!isYamlMap(map)) return;
  const annotations = fields.below("annotations", fields.what);
  const checks = checksOf(holder);
  const whose = `${holder.replace("_", " ")}s`;
  for (const [key, value] of Object.entries(map)) {
    if (!key.startsWith("weir.")) continue;
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (check === undefined) {
      const text = `${key} is no annotation of ${whose}, ignored`;
      annotations?.warning(key, text + hint(key, Object.keys(checks)));
      continue;
    }
    const expected = check(value);
    if (expected !== null)
      annotations?.error(key, `${key} must be ${expected}, found ${shown(value)}`);
  }
  if (annotations !== undefined && holder === "attribute") checkBounds(annotations);
};

const boundKeys = ["weir.min", "weir.max"] as const;

const checkBounds = (annotations: Fields): void => {
  for (const key of boundKeys) {
    const { file, path } = annotations.at(key);
    const value = annotations.raw(key);
    // 1e300 is exact as it stands; digits that a double has no room for are another bound than written.
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    const source = isRounded ? (file.sourceOf(path) ?? "") : "";
    if (/^[-+]?\d+$/.test(source))
      annotations.error(key, `${key} must be within 2^53 - 1 as an integer, found ${source}`);
  }
  const min = annotations.raw("weir.min");
  const max = annotations.raw("weir.max");
  if (typeof min !== "number" || typeof max !== "number" || min <= max) return;
  annotations.error("weir.max", noValuePasses(min, max));
};
