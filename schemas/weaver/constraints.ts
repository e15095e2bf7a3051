// Our constraints of values, annotations of an attribute, and the types of value that each fits.

const numbers = ["int", "double"];
// Enums are open: a text that is no member may still be too long.
const texts = ["string", "enum"];

const typesOf: { readonly [key: string]: readonly string[] } = {
  "weir.min": numbers,
  "weir.max": numbers,
  "weir.max_length": texts,
  "weir.pattern": texts,
};

export const constraintKeys: readonly string[] = Object.keys(typesOf);

/** Why values of this type ("enum" for all enums) cannot have the constraint, or null. */
export const constraintFault = (key: string, type: string): string | null => {
  const types = typesOf[key] ?? [];
  return types.includes(type) ? null : `${key} needs type ${types.join(" or ")}, found ${type}`;
};

/** What is wrong with bounds that cross. */
export const noValuePasses = (min: number, max: number): string =>
  `weir.max=${max} is below weir.min=${min}: no value can pass`;
