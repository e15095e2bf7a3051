// One configuration against another, and one made of another: what changed, by field, and a copy
// with some fields set. Configurations are never changed in place.
import { isDeepStrictEqual } from "node:util";

import { type Config, type Field, fields, valueAt } from "./schema.ts";

/** Fields whose values differ. */
export const changedFields = (from: Config, to: Config): readonly Field[] =>
  fields.filter((field) => !isDeepStrictEqual(valueAt(from, field), valueAt(to, field)));

type Tree = { [key: string]: unknown };

/** A frozen copy of `config` in which `valueOf` says what the fields in `set` are. */
export const withValues = (
  config: Config,
  set: readonly Field[],
  valueOf: (field: Field) => unknown,
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
