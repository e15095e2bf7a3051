// A configuration's values by field, and one configuration made of another: a copy with some fields
// set. Configurations are never changed in place. Threads use this: it must not load the schema,
// whose zod takes longer to load than all else that they need.
import type { Config } from "./schema.ts";

/** The value of a field. */
export const valueAt = (
  config: Config,
  { keys }: { readonly keys: readonly string[] },
): unknown => {
  let value: unknown = config;
  for (const key of keys) value = (value as { readonly [key: string]: unknown })[key];
  return value;
};

type Tree = { [key: string]: unknown };

/** A frozen copy of `config` in which `valueOf` says what the fields in `set` are. */
export const withValues = <F extends { readonly keys: readonly string[] }>(
  config: Config,
  set: readonly F[],
  valueOf: (field: F) => unknown,
): Config => {
  const root = structuredClone(config) as unknown as Tree;
  for (const field of set) {
    let section = root;
    for (const key of field.keys.slice(0, -1)) section = section[key] as Tree;
    section[field.keys.at(-1) ?? ""] = valueOf(field);
  }
  return frozen(root) as unknown as Config;
};

/** Freezes all of a plain value. */
export const frozen = <T>(value: T): T => {
  if (typeof value !== "object" || value === null) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
};
