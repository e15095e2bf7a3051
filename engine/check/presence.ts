// Which attributes of a definition are among the keys of a record or a resource. To us a key stands for
// the one definition that it falls under. Weaver compares names: every key that begins with a
// template's name is one of it, but an entity's template is there only as a key of its own name.
import { attributeKey, isTemplate } from "../../schemas/weaver/attribute-type.ts";
import type { ResolvedAttribute } from "../../schemas/weaver/resolved.ts";
import type { RegistryIndex } from "./registry-index.ts";

export type Presence = (attribute: ResolvedAttribute) => boolean;

/** Ours, or Weaver's for definitions of records or for entities. */
type PresenceRule = "weir" | "group" | "entity";

export const presenceIn = (
  names: readonly string[],
  index: RegistryIndex,
  rule: PresenceRule,
): Presence => {
  if (rule === "weir") {
    const defined = new Set(names.map((name) => index.definedAs(name)));
    return (attribute) => defined.has(attributeKey(attribute));
  }
  const given = new Set(names);
  return rule === "entity"
    ? ({ name }) => given.has(name)
    : (attribute) =>
        isTemplate(attribute)
          ? names.some((name) => name.startsWith(attribute.name))
          : given.has(attribute.name);
};
