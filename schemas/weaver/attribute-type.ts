// What the type of a resolved attribute says of its key and its values.
import type { ResolvedAttribute } from "./resolved.ts";

const templateType = /^template\[(.*)\]$/;

export const isTemplate = ({ type }: ResolvedAttribute): boolean =>
  typeof type === "string" && templateType.test(type);

/** The type that a value has: a template's inner one, "enum" for all enums. */
export const valueType = ({ type }: ResolvedAttribute): string => {
  if (typeof type !== "string") return "enum";
  return templateType.exec(type)?.[1] ?? type;
};

/** A template and an attribute of its name are two keys. */
export const attributeKey = (attribute: ResolvedAttribute): string =>
  isTemplate(attribute) ? `${attribute.name}.*` : attribute.name;
