// The one configuration: all sections, its type, and the list of fields that it is made of. A field
// has three names that follow from its place: `sniffer.batch_size` in files and in `--set`,
// `WEIR_SNIFFER_BATCH_SIZE` in the environment.
import * as z from "zod";

import { engineSections } from "./engine-sections.ts";
import { choice, type Reload } from "./fields.ts";
import { profileNames } from "./profiles.ts";
import { snifferSection } from "./sniffer-section.ts";

/** Of the whole document; unknown keys are refused at every level. */
export const configSchema = z.strictObject({
  profile: choice(profileNames, {
    default: "standard",
    reload: "restart",
    what: "set of values that takes the place of the defaults",
  }),
  sniffer: snifferSection,
  ...engineSections,
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Every field has a value. Frozen, plain, and structured-cloneable: threads can be given it. */
export type Config = DeepReadonly<z.infer<typeof configSchema>>;

/** How a value stands in a variable or behind `--set`. */
type FieldKind = "number" | "boolean" | "text" | "list" | "json";

/** One field; sections are none. */
export type Field = {
  /** `sniffer.batch_size`. */
  readonly path: string;
  readonly keys: readonly string[];
  /** `WEIR_SNIFFER_BATCH_SIZE`. */
  readonly variable: string;
  readonly kind: FieldKind;
  /** Of a choice: its words; else none. */
  readonly words: readonly string[];
  readonly reload: Reload;
  readonly what: string;
  readonly schema: z.ZodType;
};

const withoutDefault = (schema: z.ZodType): unknown =>
  schema instanceof z.ZodDefault ? schema.unwrap() : schema;

const kindOf = (schema: z.ZodType): FieldKind => {
  const inner = withoutDefault(schema);
  if (inner instanceof z.ZodNumber) return "number";
  if (inner instanceof z.ZodBoolean) return "boolean";
  if (inner instanceof z.ZodLiteral) return typeof inner.value === "boolean" ? "boolean" : "text";
  if (!(inner instanceof z.ZodArray)) return "text";
  return inner.element instanceof z.ZodString ? "list" : "json";
};

const wordsOf = (schema: z.ZodType): readonly string[] => {
  const inner = withoutDefault(schema);
  return inner instanceof z.ZodEnum ? inner.options.map(String) : [];
};

const fieldOf = (schema: z.ZodType, keys: readonly string[]): Field => {
  const { description = "", reload } = schema.meta() ?? {};
  return {
    path: keys.join("."),
    keys,
    variable: `WEIR_${keys.join("_").toUpperCase()}`,
    kind: kindOf(schema),
    words: wordsOf(schema),
    reload: reload === "live" ? "live" : "restart",
    what: description,
    schema,
  };
};

const found: Field[] = [];
const foundSections: string[] = [];

const walk = (section: z.ZodObject, keys: readonly string[]): void => {
  for (const [key, child] of Object.entries(section.shape)) {
    const place = [...keys, key];
    if (!(child instanceof z.ZodObject)) {
      found.push(fieldOf(child as z.ZodType, place));
      continue;
    }
    foundSections.push(place.join("."));
    walk(child, place);
  }
};

walk(configSchema, []);

/** All fields in the order of the schema. */
export const fields: readonly Field[] = found;

/** By path. */
export const fieldByPath: ReadonlyMap<string, Field> = new Map(
  found.map((field) => [field.path, field]),
);

/** Paths of the sections, nested ones too. */
export const sections: readonly string[] = foundSections;
