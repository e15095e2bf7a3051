// A file of settings as a tree with the lines of its keys: TOML, or JSON when the name ends in .json
// or the text begins with a brace. It says nothing about what the keys mean.
import { parse, TomlError } from "smol-toml";

import { readByLibrary } from "../registry/yaml-library.ts";
import type { ConfigProblem } from "./problem.ts";
import { type LineOf, tomlLines } from "./toml-lines.ts";

/** A file that was read; `path` as it is shown. */
export type ConfigFile = { readonly path: string; readonly text: string };

export type ConfigTree = { readonly value: object; readonly lineOf: LineOf };

/** Larger files are refused. */
export const fileCharsMax: number = 1 << 20;

/** Of values in each other. */
export const depthMax = 32;

/** Whether objects and lists stand in each other deeper than `depth`. */
export const isDeeperThan = (depth: number, value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (depth === 0 || Object.values(value).some((child) => isDeeperThan(depth - 1, child)));

/** The tree, or why there is none. */
export const readTree = (file: ConfigFile): ConfigTree | ConfigProblem => {
  if (file.text.length > fileCharsMax) {
    const message = `found ${file.text.length} characters, expected up to ${fileCharsMax}`;
    return { place: file.path, field: "", message };
  }
  const isJson = /\.json$/i.test(file.path) || /^\s*\{/.test(file.text);
  return isJson ? readJson(file) : readToml(file);
};

const readToml = ({ path, text }: ConfigFile): ConfigTree | ConfigProblem => {
  try {
    const value = parse(text, {
      integersAsBigInt: "asNeeded",
      unsafeKeyBehaviour: "throw",
      maxDepth: depthMax,
    });
    return { value, lineOf: tomlLines(text) };
  } catch (error) {
    const line = error instanceof TomlError ? `:${error.line}` : "";
    return { place: `${path}${line}`, field: "", message: `not TOML: ${reasonOf(error)}` };
  }
};

// JSON.parse is the judge; the YAML reader, whose language contains JSON, knows lines and finds keys
// that are given twice.
const readJson = ({ path, text }: ConfigFile): ConfigTree | ConfigProblem => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = reasonOf(error);
    const line = /\bline (\d+)/.exec(message)?.[1];
    const place = line === undefined ? path : `${path}:${line}`;
    return { place, field: "", message: `not JSON: ${message}` };
  }
  if (isDeeperThan(depthMax, value)) {
    return {
      place: path,
      field: "",
      message: `found values deeper than ${depthMax} in each other`,
    };
  }
  const positions = readByLibrary(text);
  const twice = positions.faults.find(({ message }) => /unique/i.test(message));
  if (twice !== undefined) {
    return { place: `${path}:${twice.line}`, field: "", message: "found a key twice" };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { value, lineOf: (keys) => positions.lineOf(keys) };
  }
  return { place: path, field: "", message: "expected an object of sections" };
};

const reasonOf = (error: unknown): string => {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  return first.replace(/^Invalid TOML document: /, "");
};
