// What our annotations ask of a registry as a whole, told where they are written: a constraint fits
// the type of its attribute and is one for each key, a condition names attributes that are there.
// Compiling refuses the same, but without a line.
import { attributeKey, isTemplate, valueType } from "../../schemas/weaver/attribute-type.ts";
import {
  constraintFault,
  constraintKeys,
  noValuePasses,
} from "../../schemas/weaver/constraints.ts";
import type { ResolvedAttribute } from "../../schemas/weaver/resolved.ts";
import { isYamlMap, shown } from "./fields.ts";
import { type Place, placeText, type Problems } from "./problem.ts";
import type { OpenGroup, Overridden } from "./resolve-group.ts";
import type { AttributeSpec, GroupSpec } from "./specification.ts";

const otherBound: { readonly [key: string]: string } = {
  "weir.min": "weir.max",
  "weir.max": "weir.min",
};

type BoundOf = [ResolvedAttribute, readonly [key: string, other: string], First, whose: string];

type First = { readonly value: unknown; readonly place: Place };

/** Checks the groups that one registry wrote; `all` are these and those that it imports. */
export const checkConstraints = (
  specs: readonly GroupSpec[],
  all: readonly OpenGroup[],
  problems: Problems,
): void => {
  const check = new ConstraintCheck(all, problems);
  const byId = new Map(all.map((group) => [group.base.id, group]));
  for (const spec of specs) {
    const group = byId.get(spec.base.id);
    if (group === undefined) continue;
    for (const attribute of spec.attributes) check.attribute(attribute, spec, group);
  }
};

class ConstraintCheck {
  readonly #problems: Problems;
  readonly #keys: ReadonlySet<string>;
  /** By key and constraint. */
  readonly #firsts = new Map<string, First>();

  constructor(all: readonly OpenGroup[], problems: Problems) {
    this.#problems = problems;
    const definitions = all.flatMap(({ attributes }) =>
      Array.from(attributes.values(), ({ definition }) => definition),
    );
    this.#keys = new Set(definitions.filter((one) => !isTemplate(one)).map(({ name }) => name));
  }

  attribute(spec: AttributeSpec, { base, prefix }: GroupSpec, { attributes }: OpenGroup): void {
    const isOwn = "definition" in spec;
    const { annotations } = isOwn ? spec.definition : spec.override;
    const name = isOwn ? spec.definition.name : spec.ref;
    const found = attributes.get(name) ?? attributes.get(`${prefix}.${name}`);
    // A reference to nothing is a problem already.
    if (annotations === undefined || found === undefined) return;
    const whose = `group ${base.id}, attribute ${found.definition.name}`;
    for (const [key, value] of Object.entries(annotations)) {
      const place = { file: spec.place.file, path: [...spec.place.path, "annotations", key] };
      const what = `${whose}: ${key}`;
      if (key === "weir.condition") {
        this.#condition(value, place, what);
        if (base.type !== "attribute_group") this.#isConditional(found, place, what);
      }
      if (!constraintKeys.includes(key)) continue;
      const fault = constraintFault(key, valueType(found.definition));
      if (fault !== null) this.#problems.error(place, `${whose}: ${fault}`);
      this.#isOne(found.definition, key, { value, place }, what);
      // Two in one place are told where they are read.
      const other = otherBound[key];
      if (other !== undefined && annotations[other] === undefined)
        this.#leavesSome(found.definition, [key, other], { value, place }, whose);
    }
  }

  /** Bounds of one key that stand in two places. */
  #leavesSome(...[definition, bounds, { value, place }, whose]: BoundOf): void {
    const [key, other] = bounds;
    const first = this.#firsts.get(`${attributeKey(definition)} ${other}`);
    if (first === undefined) return;
    const [min, max] = key === "weir.min" ? [value, first.value] : [first.value, value];
    if (typeof min !== "number" || typeof max !== "number" || min <= max) return;
    this.#problems.error(
      place,
      `${whose}: ${noValuePasses(min, max)}; ${other} in ${placeText(first.place)}`,
    );
  }

  /** An attribute group may leave the level to those who take it over. */
  #isConditional({ definition, override }: Overridden, place: Place, what: string): void {
    const level = override.requirement_level ?? definition.requirement_level;
    if (typeof level === "object" && "conditionally_required" in level) return;
    const found = typeof level === "string" ? level : Object.keys(level).join();
    this.#problems.warning(
      place,
      `${what} is ignored: it needs requirement_level conditionally_required, found ${found}`,
    );
  }

  #isOne(...[definition, key, { value, place }, what]: [ResolvedAttribute, string, First, string]) {
    const owner = `${attributeKey(definition)} ${key}`;
    const first = this.#firsts.get(owner);
    if (first === undefined) this.#firsts.set(owner, { value, place });
    else if (first.value !== value) {
      const other = `${shown(first.value)} in ${placeText(first.place)}`;
      this.#problems.error(
        place,
        `${what} is ${shown(value)}, but ${other}; a constraint belongs to the key`,
      );
    }
  }

  #condition(value: unknown, place: Place, what: string): void {
    for (const atom of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const key = isYamlMap(atom) ? atom["attribute"] : undefined;
      if (typeof key !== "string" || this.#keys.has(key)) continue;
      this.#problems.error(place, `${what}: no attribute ${key} in the registry`);
    }
  }
}
