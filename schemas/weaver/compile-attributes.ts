// The attribute part of a compiled registry: keys with what is accepted under them, flags, members
// of enums, constraints, deprecations, namespaces. Tool time only.
import { acceptedByEnum, acceptedTypes } from "./accepted-types.ts";
import { attributeKey, isTemplate, valueType } from "./attribute-type.ts";
import { constraintFault, constraintKeys, noValuePasses } from "./constraints.ts";
import { compilePattern } from "./pattern-compile.ts";
import { deprecationNote } from "./deprecation-note.ts";
import { PatternError } from "./pattern-parse.ts";
import type {
  Annotations,
  Deprecated,
  ResolvedAttribute,
  ResolvedGroup,
  Stability,
} from "./resolved.ts";
import type { TableDraft } from "./table-draft.ts";
import {
  attributeFlag,
  constraintFlag,
  deprecationReasons,
  entriesMax,
  stabilityNames,
} from "./table-layout.ts";

const nameFormat = /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/;

/** Proper prefixes up to each dot, shortest first. */
const namespacesOf = (name: string): string[] =>
  name
    .split(".")
    .slice(0, -1)
    .map((_, i, parts) => parts.slice(0, i + 1).join("."));

/** Index of every attribute key; templates apart, for a key may be both. */
export type AttributeIndex = {
  readonly exact: ReadonlyMap<string, number>;
  readonly templates: ReadonlyMap<string, number>;
};

/** The number of a stability, 0 for none. */
export const stabilityNumber = (stability: Stability | undefined): number =>
  stability === undefined ? 0 : Math.max(0, stabilityNames.indexOf(stability));

/** What says nothing of it is not called unstable. */
export const isUnstable = ({ stability }: { readonly stability?: Stability }): boolean =>
  stability !== undefined && stability !== "stable";

/** The number + 1 of a deprecation, 0 for none. */
export const pushDeprecation = (draft: TableDraft, deprecated: Deprecated | undefined): number => {
  if (deprecated === undefined) return 0;
  draft.push("deprecationReason", deprecationReasons.indexOf(deprecated.reason));
  draft.pushText("deprecation", deprecationNote(deprecated));
  return draft.list("deprecationReason").length;
};

type Definition = { readonly attribute: ResolvedAttribute; readonly annotations: Annotations };

/**
 * One definition for each key: the last one, as in Weaver. Constraints belong to the key, so two
 * must not differ.
 */
const definitions = (
  draft: TableDraft,
  groups: readonly ResolvedGroup[],
): ReadonlyMap<string, Definition> => {
  const found = new Map<string, Definition>();
  for (const group of groups) {
    for (const attribute of group.attributes) {
      const key = attributeKey(attribute);
      const annotations = { ...found.get(key)?.annotations };
      for (const name of constraintKeys) {
        const value = attribute.annotations?.[name];
        if (value === undefined) continue;
        if (name in annotations && annotations[name] !== value) {
          draft.problems.push(
            `${attribute.name}: ${name} is ${JSON.stringify(value)} in ${group.id} and ` +
              `${JSON.stringify(annotations[name])} before; a constraint belongs to the key`,
          );
        }
        Object.assign(annotations, { [name]: value });
      }
      found.set(key, { attribute, annotations });
    }
  }
  return found;
};

class ConstraintReader {
  readonly #draft: TableDraft;
  readonly #name: string;
  readonly #annotations: Annotations;

  constructor(draft: TableDraft, { attribute, annotations }: Definition) {
    this.#draft = draft;
    this.#name = attribute.name;
    this.#annotations = annotations;
  }

  /** Adds the constraint; its number + 1, 0 without one. */
  push(type: string): number {
    const min = this.#number("weir.min");
    const max = this.#number("weir.max");
    const characters = this.#number("weir.max_length");
    const pattern = this.#pattern();
    let flags = min === null ? 0 : constraintFlag.min;
    flags |= max === null ? 0 : constraintFlag.max;
    flags |= characters === null ? 0 : constraintFlag.characters;
    flags |= pattern < 0 ? 0 : constraintFlag.pattern;
    if (flags === 0) return 0;
    this.#check(type);
    if (min !== null && max !== null && min > max) this.#problem(noValuePasses(min, max));
    const draft = this.#draft;
    draft.push("constraintFlags", flags);
    draft.push("constraintMin", min ?? 0);
    draft.push("constraintMax", max ?? 0);
    draft.push("constraintCharacters", characters ?? 0);
    draft.push("constraintPattern", Math.max(pattern, 0));
    draft.pushText("pattern", pattern < 0 ? "" : String(this.#annotations["weir.pattern"]));
    return draft.list("constraintFlags").length;
  }

  #check(type: string): void {
    for (const key of constraintKeys) {
      const fault = this.#annotations[key] === undefined ? null : constraintFault(key, type);
      if (fault !== null) this.#problem(fault);
    }
  }

  #problem(text: string): void {
    this.#draft.problems.push(`${this.#name}: ${text}`);
  }

  #number(key: string): number | null {
    const value = this.#annotations[key];
    if (value === undefined) return null;
    const isLength = key === "weir.max_length";
    const fits = typeof value === "number" && Number.isFinite(value);
    if (fits && (!isLength || (Number.isInteger(value) && value >= 0 && value < 2 ** 31))) {
      return value;
    }
    const wanted = isLength ? "a number of characters" : "a finite number";
    this.#problem(`${key}: ${wanted} is expected, found ${JSON.stringify(value)}`);
    return null;
  }

  /** Offset of the automaton, or -1. */
  #pattern(): number {
    const value = this.#annotations["weir.pattern"];
    if (value === undefined) return -1;
    if (typeof value !== "string") {
      this.#problem(`weir.pattern: a text is expected, found ${JSON.stringify(value)}`);
      return -1;
    }
    const automata = this.#draft.list("automata");
    const at = automata.length;
    try {
      for (const word of compilePattern(value)) automata.push(word);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.#problem(`weir.pattern ${JSON.stringify(value)}: ${error.message}`);
      return -1;
    }
    return at;
  }
}

const flagsOf = (attribute: ResolvedAttribute, isNamespaceTaken: boolean): number => {
  let flags = attribute.deprecated === undefined ? 0 : attributeFlag.deprecated;
  if (isUnstable(attribute)) flags |= attributeFlag.unstable;
  if (typeof attribute.type !== "string") flags |= attributeFlag.enum;
  if (isTemplate(attribute)) flags |= attributeFlag.template;
  if (!attribute.name.includes(".")) flags |= attributeFlag.noNamespace;
  if (!nameFormat.test(attribute.name)) flags |= attributeFlag.badFormat;
  return isNamespaceTaken ? flags | attributeFlag.badNamespace : flags;
};

const pushMembers = (draft: TableDraft, attribute: ResolvedAttribute, index: number): void => {
  if (typeof attribute.type === "string") return;
  for (const value of new Set(attribute.type.members.map((member) => member.value))) {
    // No boolean is ever looked for: its type is a mismatch.
    if (typeof value === "boolean") continue;
    draft.push("memberOwner", index * 2 + (typeof value === "number" ? 1 : 0));
    draft.pushText("member", String(value));
  }
};

/** Fills the attribute sections; returns the numbers of the keys. */
export const compileAttributes = (
  draft: TableDraft,
  groups: readonly ResolvedGroup[],
): AttributeIndex => {
  const all = [...definitions(draft, groups).values()].sort((a, b) =>
    a.attribute.name < b.attribute.name ? -1 : 1,
  );
  const current = new Set(
    all
      .filter(({ attribute }) => attribute.deprecated === undefined && !isTemplate(attribute))
      .map(({ attribute }) => attribute.name),
  );
  const exact = new Map<string, number>();
  const templates = new Map<string, number>();
  all.forEach((definition, index) => {
    const { attribute } = definition;
    const type = valueType(attribute);
    const accepts = type === "enum" ? acceptedByEnum : acceptedTypes[type];
    if (accepts === undefined) draft.problems.push(`${attribute.name}: unknown type ${type}`);
    const taken = namespacesOf(attribute.name).some((namespace) => current.has(namespace));
    const constraint = new ConstraintReader(draft, definition).push(type);
    draft.pushText("attribute", attribute.name);
    draft.push("attributeAccept", accepts ?? 0xffff);
    draft.push(
      "attributeFlags",
      flagsOf(attribute, taken) | (constraint > 0 ? attributeFlag.constrained : 0),
    );
    draft.push("attributeConstraint", constraint);
    draft.push("attributeStability", stabilityNumber(attribute.stability));
    draft.push("attributeDeprecation", pushDeprecation(draft, attribute.deprecated));
    pushMembers(draft, attribute, index);
    (isTemplate(attribute) ? templates : exact).set(attribute.name, index);
  });
  // A template alone makes no namespace, as in Weaver.
  const namespaces = new Set([...exact.keys()].flatMap(namespacesOf));
  for (const namespace of namespaces) draft.pushText("namespace", namespace);
  for (const [what, count] of [
    ["attributes", all.length],
    ["members", draft.list("memberOwner").length],
  ] as const) {
    if (count > entriesMax) draft.problems.push(`${what}: ${count}, limit ${entriesMax}`);
  }
  return { exact, templates };
};
