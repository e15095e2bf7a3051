// The group part of a compiled registry: spans, metrics, events and entities with their names, the
// requirement levels of their attributes, conditions, globs and entity associations. Tool time only.
import { isTemplate } from "./attribute-type.ts";
import type { AttributeIndex } from "./compile-attributes.ts";
import { isUnstable, pushDeprecation, stabilityNumber } from "./compile-attributes.ts";
import { referencedEntities } from "./entity-association.ts";
import { globBytesMax } from "./glob.ts";
import type {
  EntityAssociation,
  RequirementLevel,
  ResolvedAttribute,
  ResolvedGroup,
} from "./resolved.ts";
import type { TableDraft } from "./table-draft.ts";
import {
  associationOperator,
  atomKind,
  entriesMax,
  globRank,
  groupFlag,
  instruments,
  requirement,
  signalKind,
  spanKinds,
} from "./table-layout.ts";

export type SignalGroup = {
  readonly group: ResolvedGroup;
  readonly signal: number;
  readonly name: string;
};

const signals = ["span", "metric", "event", "entity"] as const;
type SignalName = (typeof signals)[number];

const withoutType = ({ id, type }: ResolvedGroup): string =>
  id.startsWith(`${type}.`) ? id.slice(type.length + 1) : id;

const nameOf = (group: ResolvedGroup): string => {
  if (group.type === "metric") return group.metric_name ?? withoutType(group);
  if (group.type === "span") return withoutType(group);
  return group.name ?? withoutType(group);
};

/** Entities of other registries: nobody can tell what they want, but findings name them. */
const strangers = (groups: readonly ResolvedGroup[]): ResolvedGroup[] => {
  const known = new Set(groups.filter(({ type }) => type === "entity").map(nameOf));
  const named = groups.flatMap(({ entity_associations: associations = [] }) =>
    associations.flatMap(referencedEntities),
  );
  return [...new Set(named)]
    .filter((name) => !known.has(name))
    .map((name) => ({ id: `entity.${name}`, type: "entity", brief: "", name, attributes: [] }));
};

/** Groups that records can be bound to, in the order of the tables. */
export const signalGroups = (groups: readonly ResolvedGroup[]): SignalGroup[] =>
  signals.flatMap((signal: SignalName) =>
    [...groups, ...strangers(groups)]
      .filter(({ type }) => type === signal)
      .map((group) => ({ group, signal: signalKind[signal], name: nameOf(group) })),
  );

const levelOf = (level: RequirementLevel): number => {
  if (level === "required") return requirement.required;
  if (level === "opt_in") return requirement.optIn;
  if (level === "recommended") return requirement.recommended;
  if ("conditionally_required" in level) return requirement.conditional;
  return "opt_in" in level ? requirement.optIn : requirement.recommended;
};

class GroupCompiler {
  readonly #draft: TableDraft;
  readonly #index: AttributeIndex;
  readonly #entities: ReadonlyMap<string, number>;

  constructor(draft: TableDraft, index: AttributeIndex, all: readonly SignalGroup[]) {
    this.#draft = draft;
    this.#index = index;
    this.#entities = new Map(
      all.flatMap(({ signal, name }, number) =>
        signal === signalKind.entity ? [[name, number] as const] : [],
      ),
    );
  }

  push({ group, signal, name }: SignalGroup, number: number): void {
    const draft = this.#draft;
    draft.push("groupSignal", signal);
    draft.push("groupKind", this.#kind(group));
    draft.push(
      "groupFlags",
      (group.deprecated === undefined ? 0 : groupFlag.deprecated) |
        (isUnstable(group) ? groupFlag.unstable : 0),
    );
    draft.push("groupStability", stabilityNumber(group.stability));
    draft.push("groupDeprecation", pushDeprecation(draft, group.deprecated));
    draft.pushText("groupId", group.id);
    draft.pushText("groupName", name);
    draft.pushText("groupUnit", group.unit ?? "");
    draft.push("groupRows", draft.list("rowAttribute").length);
    for (const attribute of group.attributes) this.#row(group, attribute);
    draft.push("groupAssociations", draft.list("associationOperator").length);
    this.#associations(group);
    if (signal === signalKind.span) this.#globs(group, number);
  }

  #kind({ span_kind: kind, instrument }: ResolvedGroup): number {
    if (kind !== undefined) return Math.max(0, spanKinds.indexOf(kind));
    return instrument === undefined ? 0 : Math.max(0, instruments.indexOf(instrument));
  }

  #row(group: ResolvedGroup, attribute: ResolvedAttribute): void {
    const { name } = attribute;
    const { templates, exact } = this.#index;
    const number = (isTemplate(attribute) ? templates : exact).get(name) ?? 0;
    const level = levelOf(attribute.requirement_level);
    const condition = level === requirement.conditional ? this.#condition(group, attribute) : 0;
    this.#draft.push("rowAttribute", number);
    this.#draft.push("rowLevel", level);
    this.#draft.push("rowCondition", condition);
  }

  /** The number + 1 of `weir.condition`, 0 without one. */
  #condition(group: ResolvedGroup, attribute: ResolvedAttribute): number {
    const value = attribute.annotations?.["weir.condition"];
    if (value === undefined) return 0;
    const atoms = Array.isArray(value) ? (value as unknown[]) : [value];
    const from = this.#draft.list("atomKind").length;
    for (const atom of atoms) {
      const problem = this.#atom(atom);
      if (problem === "") continue;
      this.#draft.problems.push(
        `${group.id}: ${attribute.name}: weir.condition ${JSON.stringify(atom)}: ${problem}`,
      );
    }
    this.#draft.push("conditionAtoms", from);
    return this.#draft.list("conditionAtoms").length;
  }

  /** `{status: error}`, `{attribute: KEY}` or `{attribute: KEY, equals: VALUE}`; "" or a problem. */
  #atom(atom: unknown): string {
    if (typeof atom !== "object" || atom === null) return "a map is expected";
    const { status, attribute, equals, ...rest } = atom as { readonly [key: string]: unknown };
    const strange = Object.keys(rest)[0];
    if (strange !== undefined) return `${strange} is not known`;
    if (attribute === undefined) {
      if (status !== "error") return "status: error or attribute: KEY is expected";
      this.#pushAtom(atomKind.statusError, 0, "");
      return "";
    }
    if (status !== undefined) return "status and attribute go into two maps of a list";
    const number = typeof attribute === "string" ? this.#index.exact.get(attribute) : undefined;
    if (number === undefined) return "attribute: a key of the registry is expected";
    if (equals === undefined) {
      this.#pushAtom(atomKind.present, number, "");
      return "";
    }
    if (typeof equals !== "string" && typeof equals !== "number" && typeof equals !== "boolean") {
      return "equals: a text, a number or a boolean is expected";
    }
    this.#pushAtom(atomKind.equals, number, String(equals));
    return "";
  }

  #pushAtom(kind: number, attribute: number, value: string): void {
    this.#draft.push("atomKind", kind);
    this.#draft.push("atomAttribute", attribute);
    this.#draft.pushText("atom", value);
  }

  #associations({ entity_associations: associations }: ResolvedGroup): void {
    const [only] = associations ?? [];
    if (associations === undefined || only === undefined) return;
    // A list is a one_of; a single entry stands for itself.
    this.#association(associations.length === 1 ? only : { one_of: associations });
  }

  #association(association: EntityAssociation): void {
    const draft = this.#draft;
    if (typeof association === "string") {
      draft.push("associationOperator", associationOperator.entity);
      draft.push("associationOperand", this.#entities.get(association) ?? 0);
      return;
    }
    const isOneOf = "one_of" in association;
    const parts = isOneOf ? association.one_of : association.all_of;
    for (const part of parts) this.#association(part);
    draft.push(
      "associationOperator",
      isOneOf ? associationOperator.oneOf : associationOperator.allOf,
    );
    draft.push("associationOperand", parts.length);
  }

  #globs(group: ResolvedGroup, number: number): void {
    const match = group.annotations?.["weir.match"];
    const globs = Array.isArray(match) ? (match as unknown[]) : [match];
    for (const glob of match === undefined ? [] : globs) {
      const length = typeof glob === "string" ? new TextEncoder().encode(glob).length : 0;
      if (typeof glob !== "string" || length === 0 || length > globBytesMax) {
        this.#draft.problems.push(
          `${group.id}: weir.match: globs of 1 to ${globBytesMax} bytes are expected, ` +
            `found ${JSON.stringify(glob)}`,
        );
      } else this.#glob(globRank.match, number, glob);
    }
    for (const name of [group.name, group.span_name?.note]) {
      const pattern = namePattern(name ?? "");
      if (pattern !== null) this.#glob(globRank.name, number, pattern);
    }
  }

  #glob(rank: number, group: number, glob: string): void {
    this.#draft.push("globRank", rank);
    this.#draft.push("globGroup", group);
    this.#draft.pushText("glob", glob);
  }
}

const placeholder = /\{[^{}]*\}/g;
const literalCharactersMin = 3;

/** `send {destination}` as `send *`; null for prose, or when hardly anything in it is fixed. */
const namePattern = (name: string): string | null => {
  const fixed = name.replaceAll(placeholder, "").replace(/[^a-zA-Z0-9]/g, "");
  if (fixed.length < literalCharactersMin || name.includes("\n")) return null;
  const glob = name.replaceAll(placeholder, "*");
  return new TextEncoder().encode(glob).length > globBytesMax ? null : glob;
};

/** Fills the group sections. */
export const compileGroups = (
  draft: TableDraft,
  index: AttributeIndex,
  all: readonly SignalGroup[],
): void => {
  if (all.length > entriesMax) draft.problems.push(`groups: ${all.length}, limit ${entriesMax}`);
  const compiler = new GroupCompiler(draft, index, all);
  all.forEach((group, number) => compiler.push(group, number));
  draft.push("groupRows", draft.list("rowAttribute").length);
  draft.push("groupAssociations", draft.list("associationOperator").length);
  draft.push("conditionAtoms", draft.list("atomKind").length);
};
