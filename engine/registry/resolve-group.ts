// From groups as written to groups that hold all their attributes: definitions first, then
// references with their overrides, then what `extends` and `ref_group` bring, then refinements.
// A name written in the group itself wins over one of a ref_group, that over an inherited one.
import type { ResolvedAttribute, ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import { depthMax } from "./limits.ts";
import { compare, type Place, placeText, type Problems } from "./problem.ts";
import type { AttributeOverride, AttributeSpec, GroupRef, GroupSpec } from "./specification.ts";

/** A definition and what references on the way said anew. */
export type Overridden = {
  readonly definition: ResolvedAttribute;
  readonly override: AttributeOverride;
};
type Attributes = ReadonlyMap<string, Overridden>;

/** A group with all attributes, still in the form that others can inherit from. */
export type OpenGroup = {
  readonly place: Place;
  readonly base: GroupSpec["base"];
  readonly attributes: Attributes;
};

/** Where groups and definitions of other registries are found, after one's own. */
export type Outside = {
  readonly definition: (name: string) => ResolvedAttribute | undefined;
  readonly group: (id: string) => OpenGroup | undefined;
};

/** The groups of one registry by id, and its definitions by name. */
export type OwnNames = {
  readonly groups: ReadonlyMap<string, GroupSpec>;
  readonly definitions: ReadonlyMap<string, ResolvedAttribute>;
};

const noAttributes: Attributes = new Map();

/** Opens each group once, parents first; circles and missing names are problems. */
export class GroupOpener {
  readonly #own: OwnNames;
  readonly #outside: Outside;
  readonly #problems: Problems;
  readonly #open = new Map<string, OpenGroup>();
  /** The groups being opened, outermost first: the chain of a circle. */
  readonly #chain: string[] = [];

  constructor(own: OwnNames, outside: Outside, problems: Problems) {
    this.#own = own;
    this.#outside = outside;
    this.#problems = problems;
  }

  open(spec: GroupSpec): OpenGroup {
    const known = this.#open.get(spec.base.id);
    if (known !== undefined) return known;
    this.#chain.push(spec.base.id);
    const parent = spec.parent === undefined ? undefined : this.#follow(spec.parent, spec);
    const attributes = new Map(parent?.attributes ?? noAttributes);
    this.#include(spec, attributes);
    for (const attribute of spec.attributes) this.#add(attribute, spec, attributes);
    this.#chain.pop();
    const base =
      spec.isRefinement && parent !== undefined ? refined(parent.base, spec.base) : spec.base;
    const open = { place: spec.place, base, attributes };
    this.#open.set(spec.base.id, open);
    return open;
  }

  /** The group that another one names; undefined, with a problem, when there is none. */
  #follow(ref: GroupRef, from: GroupSpec): OpenGroup | undefined {
    const own = this.#own.groups.get(ref.id);
    const chain = [...this.#chain, ref.id].join(" > ");
    if (own === undefined) {
      const outside = this.#outside.group(ref.id);
      if (outside === undefined) {
        this.#problems.error(ref.place, `group ${from.base.id}: no group ${ref.id}: ${chain}`);
      }
      return outside;
    }
    const start = this.#chain.indexOf(ref.id);
    if (start >= 0) {
      const circle = [...this.#chain.slice(start), ref.id].join(" > ");
      this.#problems.error(ref.place, `group ${from.base.id}: circle of groups: ${circle}`);
      return undefined;
    }
    if (this.#chain.length >= depthMax) {
      this.#problems.error(ref.place, `groups inherit deeper than depthMax=${depthMax}: ${chain}`);
      return undefined;
    }
    return this.open(own);
  }

  /** Two ref_groups of one group must not bring the same attribute. */
  #include(spec: GroupSpec, attributes: Map<string, Overridden>): void {
    const bringer = new Map<string, string>();
    for (const ref of spec.includes) {
      const included = this.#follow(ref, spec);
      for (const [name, attribute] of included?.attributes ?? noAttributes) {
        const other = bringer.get(name);
        if (other !== undefined) {
          this.#problems.error(
            ref.place,
            `group ${spec.base.id}: ref_group ${ref.id} and ref_group ${other} both bring ${name}`,
          );
        }
        bringer.set(name, ref.id);
        attributes.set(name, merged(attributes.get(name), attribute));
      }
    }
  }

  #add(attribute: AttributeSpec, spec: GroupSpec, attributes: Map<string, Overridden>): void {
    if ("definition" in attribute) {
      const { definition } = attribute;
      attributes.set(definition.name, { definition, override: {} });
      return;
    }
    const found = this.#referred(attribute.ref, spec.prefix, attributes);
    if (found === undefined) {
      const chain = [...this.#chain, attribute.ref].join(" > ");
      this.#problems.error(
        attribute.place,
        `group ${spec.base.id}: no attribute ${attribute.ref}: ${chain}`,
      );
      return;
    }
    const name = attribute.isPrefixed ? `${spec.prefix}.${attribute.ref}` : found.definition.name;
    const definition = attribute.isPrefixed ? { ...found.definition, name } : found.definition;
    attributes.set(name, merged(found, { definition, override: attribute.override }));
  }

  /** By its whole name, inherited or defined; then as a name below the group's prefix. */
  #referred(ref: string, prefix: string, attributes: Attributes): Overridden | undefined {
    const names = prefix === "" ? [ref] : [ref, `${prefix}.${ref}`];
    for (const name of names) {
      const inherited = attributes.get(name);
      if (inherited !== undefined) return inherited;
      const definition = this.#own.definitions.get(name) ?? this.#outside.definition(name);
      if (definition !== undefined) return { definition, override: {} };
    }
    return undefined;
  }
}

/** What the nearer one says wins, key by key; annotations are joined. */
const merged = (inherited: Overridden | undefined, nearer: Overridden): Overridden => {
  if (inherited === undefined) return nearer;
  const override = { ...inherited.override, ...nearer.override };
  const annotations = { ...inherited.override.annotations, ...nearer.override.annotations };
  return {
    definition: nearer.definition,
    override: Object.keys(annotations).length === 0 ? override : { ...override, annotations },
  };
};

/** A refinement is its parent, but for what it says itself. */
const refined = (parent: GroupSpec["base"], own: GroupSpec["base"]): GroupSpec["base"] => {
  const said = Object.entries(own).filter(([key, value]) => key !== "brief" || value !== "");
  const inherited = parent.type === "span" ? withoutNames(parent) : parent;
  const annotations = { ...inherited.annotations, ...own.annotations };
  const base = { ...inherited, ...Object.fromEntries(said) } as GroupSpec["base"];
  return Object.keys(annotations).length === 0 ? base : { ...base, annotations };
};

// What tells by a span's name that it is of the parent stays the parent's: otherwise the refinement
// would take all of them, or none, by the order of the two.
const withoutNames = (parent: GroupSpec["base"]): GroupSpec["base"] => {
  const { name: _name, span_name: _spanName, annotations, ...rest } = parent;
  const { "weir.match": _match, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
};

/** The final form, its attributes sorted by name and its keys in one order. */
export const closeGroup = ({ base, attributes }: OpenGroup): ResolvedGroup => ({
  ...base,
  attributes: [...attributes.values()].map(closeAttribute).sort((a, b) => compare(a.name, b.name)),
});

const closeAttribute = ({ definition, override }: Overridden): ResolvedAttribute => {
  const annotations = { ...definition.annotations, ...override.annotations };
  const attribute = { ...definition, ...override };
  return Object.keys(annotations).length === 0 ? attribute : { ...attribute, annotations };
};

/** The definitions of a registry by name; a second one is a problem that names both places. */
export const indexDefinitions = (
  groups: readonly GroupSpec[],
  problems: Problems,
): Map<string, ResolvedAttribute> => {
  const definitions = new Map<string, ResolvedAttribute>();
  const places = new Map<string, AttributeSpec["place"]>();
  for (const { attributes } of groups) {
    for (const attribute of attributes) {
      if (!("definition" in attribute)) continue;
      const { name } = attribute.definition;
      const first = places.get(name);
      if (first === undefined) {
        definitions.set(name, attribute.definition);
        places.set(name, attribute.place);
      } else {
        problems.error(
          attribute.place,
          `attribute ${name} is defined twice, first in ${placeText(first)}`,
        );
      }
    }
  }
  return definitions;
};
