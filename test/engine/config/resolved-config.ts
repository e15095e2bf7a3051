// A configuration of a file, variables and options as tests give them, resolved.
import type { Flag, Variables } from "../../../engine/config/layers.ts";
import { problemText } from "../../../engine/config/problem.ts";
import { type EffectiveConfig, resolveConfig } from "../../../engine/config/resolve-config.ts";

/** What a configuration is made of. */
export type Given = {
  readonly toml?: string;
  readonly json?: unknown;
  readonly variables?: Variables;
  readonly set?: { readonly [path: string]: string };
};

const resolve = ({ toml, json, variables = {}, set = {} }: Given) => {
  const text = toml ?? (json === undefined ? undefined : JSON.stringify(json, null, 1));
  const path = json === undefined ? "weir.toml" : "weir.json";
  const flags = Object.entries(set).map(([name, value]): Flag => {
    return { path: name, text: value, option: `--set ${name}` };
  });
  return resolveConfig({ file: text === undefined ? null : { path, text }, variables, flags });
};

/** The configuration; throws the problems that it has instead. */
export const good = (given: Given): EffectiveConfig => {
  const resolved = resolve(given);
  if (!resolved.ok) throw new Error(resolved.problems.map(problemText).join("\n"));
  return resolved;
};

/** What is wrong, a text each. */
export const problems = (given: Given): string[] => {
  const resolved = resolve(given);
  return resolved.ok ? [] : resolved.problems.map(problemText);
};
