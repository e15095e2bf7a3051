// A resolved Weaver registry, in the JSON shape of Weaver's resolved v1 form: groups that hold all
// their attributes, refs and inheritance gone. Written by engine/registry, read by the compiler of
// flat tables and by `weir check`. Only the shape; no code.

export type Deprecated =
  | { readonly reason: "renamed"; readonly renamed_to: string; readonly note?: string }
  | { readonly reason: "obsoleted" | "uncategorized" | "unspecified"; readonly note?: string };

export type Stability = "stable" | "development" | "alpha" | "beta" | "release_candidate";

export type RequirementLevel =
  | "required"
  | "recommended"
  | "opt_in"
  | { readonly conditionally_required: string }
  | { readonly recommended: string }
  | { readonly opt_in: string };

export type EnumMember = {
  readonly id: string;
  readonly value: string | number | boolean;
  readonly brief?: string;
  readonly note?: string;
  readonly stability?: Stability;
  readonly deprecated?: Deprecated;
  readonly annotations?: Annotations;
};

/** "string", "int", "double", "boolean", "any", an array "string[]", a "template[...]", or an enum. */
export type AttributeType = string | { readonly members: readonly EnumMember[] };

/** Free map; `weir.*` keys are ours (weir.match, weir.min, weir.max, weir.pattern, weir.max_length, weir.condition). */
export type Annotations = { readonly [key: string]: unknown };

export type ResolvedAttribute = {
  readonly name: string;
  readonly type: AttributeType;
  readonly brief: string;
  readonly note?: string;
  readonly examples?: unknown;
  readonly tag?: string;
  readonly requirement_level: RequirementLevel;
  readonly sampling_relevant?: boolean;
  readonly stability?: Stability;
  readonly deprecated?: Deprecated;
  readonly annotations?: Annotations;
  readonly role?: "identifying" | "descriptive";
};

type SpanKind = "client" | "server" | "producer" | "consumer" | "internal";
type Instrument = "counter" | "histogram" | "gauge" | "updowncounter";

/** One of, all of, or the type of one entity; a list is one_of. */
export type EntityAssociation =
  | string
  | { readonly one_of: readonly EntityAssociation[] }
  | { readonly all_of: readonly EntityAssociation[] };

/** A group with everything that it inherits, in the shape of Weaver's resolved form. */
export type ResolvedGroup = {
  readonly id: string;
  readonly type: "attribute_group" | "span" | "event" | "metric" | "metric_group" | "entity";
  readonly brief: string;
  readonly note?: string;
  readonly display_name?: string;
  readonly stability?: Stability;
  readonly deprecated?: Deprecated;
  /** Sorted by name. */
  readonly attributes: readonly ResolvedAttribute[];
  /** Of a span. */
  readonly span_kind?: SpanKind;
  readonly events?: readonly string[];
  /** Of a metric. */
  readonly metric_name?: string;
  readonly instrument?: Instrument;
  readonly unit?: string;
  /** Of an event or an entity; of a v2 span its type. */
  readonly name?: string;
  readonly body?: unknown;
  readonly entity_associations?: readonly EntityAssociation[];
  /** Of the signal as a whole (v2, and `metric_requirement_level` of v1); absent = recommended. */
  readonly requirement_level?: "required" | "recommended" | "opt_in";
  /** Of a v2 span: how its name is made, `{action} {target}` of attributes in braces. */
  readonly span_name?: { readonly note: string };
  /** Of a v2 attribute group. */
  readonly visibility?: "internal" | "public";
  readonly annotations?: Annotations;
};

/** A registry without references: groups, each with its attributes. */
export type ResolvedRegistry = {
  readonly registry_url: string;
  /** Of the manifest; "" without one. */
  readonly schema_url: string;
  /** SHA-256 of the sorted groups as JSON, lower-case hex: the registry's version. */
  readonly version: string;
  /** Sorted by id. */
  readonly groups: readonly ResolvedGroup[];
};
