// Whether the examples of an attribute have its type. Weaver asks for examples of strings only.
import type { AttributeType } from "../../schemas/weaver/resolved.ts";

type Test = (value: unknown) => boolean;

const scalars: { readonly [type: string]: Test } = {
  string: (value) => typeof value === "string",
  int: (value) => typeof value === "number" && Number.isInteger(value),
  double: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
};

/** What is wrong with the examples of an attribute, or null. */
export const exampleFault = (type: AttributeType, examples: unknown): string | null => {
  const text = plainType(type);
  if (examples === undefined) {
    const needs = text === "string" || text === "string[]";
    return needs && type === text ? `an attribute of type ${text} needs examples` : null;
  }
  if (text === null) return null;
  const isArray = text.endsWith("[]");
  const isScalar = scalars[isArray ? text.slice(0, -2) : text];
  if (isScalar === undefined) return null;
  const isGood = isArray ? isExampleOfArray(isScalar, examples) : isExample(isScalar, examples);
  return isGood ? null : `examples do not have the type ${text}`;
};

/** Without the template around it; null for an enum and for `any`. */
const plainType = (type: AttributeType): string | null => {
  if (typeof type !== "string" || type === "any") return null;
  return type.startsWith("template[") ? type.slice("template[".length, -1) : type;
};

const isExample = (isScalar: Test, examples: unknown): boolean =>
  Array.isArray(examples) ? examples.every(isScalar) : isScalar(examples);

// One array, or a list of arrays.
const isExampleOfArray = (isScalar: Test, examples: unknown): boolean =>
  isExample(isScalar, examples) ||
  (Array.isArray(examples) &&
    examples.every((item) => Array.isArray(item) && item.every(isScalar)));
