// Which entities an association names, wherever in it.
import type { EntityAssociation } from "./resolved.ts";

/** In order; one that is named twice is there twice. */
export const referencedEntities = (association: EntityAssociation): readonly string[] => {
  if (typeof association === "string") return [association];
  const parts = "one_of" in association ? association.one_of : association.all_of;
  return parts.flatMap(referencedEntities);
};
