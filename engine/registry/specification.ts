// A registry as written, before resolution: groups with their own attributes, which may be
// references, and the groups that they take others from. Both syntaxes are read into this form;
// v2 definitions become groups as Weaver converts them.
import type { ResolvedAttribute, ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import type { Place } from "./problem.ts";

/** What a reference may say anew; absent keys keep the definition's. */
export type AttributeOverride = Partial<Omit<ResolvedAttribute, "name" | "type">>;

/** An attribute written in a group. */
export type AttributeSpec = { readonly place: Place } & (
  | { readonly definition: ResolvedAttribute }
  | { readonly ref: string; readonly isPrefixed: boolean; readonly override: AttributeOverride }
);

/** The name of another group, and where it is written. */
export type GroupRef = { readonly id: string; readonly place: Place };

export type GroupSpec = {
  readonly place: Place;
  /** Everything but the attributes; of a refinement only what it says itself. */
  readonly base: Omit<ResolvedGroup, "attributes">;
  readonly prefix: string;
  readonly attributes: readonly AttributeSpec[];
  /** `extends`, or the `ref` of a refinement. */
  readonly parent?: GroupRef;
  /** `ref_group`s, in the order written. */
  readonly includes: readonly GroupRef[];
  /** Takes over what it does not say from its parent, not only attributes. */
  readonly isRefinement: boolean;
};

export const importKinds = ["metrics", "events", "entities", "spans", "attribute_groups"] as const;

/** One pattern of an `imports` list. */
export type ImportSpec = {
  readonly kind: (typeof importKinds)[number];
  readonly pattern: string;
  readonly place: Place;
};
