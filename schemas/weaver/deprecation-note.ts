// What is told of a deprecation: by `weir check` from a registry's text, by the edge from its tables.
import type { Deprecated } from "./resolved.ts";

/** As Weaver names it: an old plain text has no reason. */
export const deprecationReason = (reason: Deprecated["reason"]): string =>
  reason === "unspecified" ? "uncategorized" : reason;

/** A note is always there in a registry that Weaver wrote; its words for one that has none. */
export const deprecationNote = (deprecated: Deprecated): string => {
  if (deprecated.note !== undefined) return deprecated.note;
  if (deprecated.reason === "renamed") return `Replaced by \`${deprecated.renamed_to}\`.`;
  return deprecated.reason === "obsoleted" ? "Obsoleted" : "Uncategorized";
};
