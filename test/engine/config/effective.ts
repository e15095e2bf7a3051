// A good configuration for tests, with some fields set as by options.
import type { Variables } from "../../../engine/config/layers.ts";
import { problemText } from "../../../engine/config/problem.ts";
import { type EffectiveConfig, resolveConfig } from "../../../engine/config/resolve-config.ts";

export const effective = (
  set: { readonly [path: string]: string } = {},
  variables: Variables = {},
): EffectiveConfig => {
  const flags = Object.entries(set).map(([path, text]) => ({
    path,
    text,
    option: `--set ${path}`,
  }));
  const resolved = resolveConfig({ file: null, variables, flags });
  if (!resolved.ok) throw new Error(resolved.problems.map(problemText).join("\n"));
  return resolved;
};
