// What live-check finds about one attribute: presence in the registry, deprecation, stability, type,
// enum member, name. In Weaver's order: its own checks first, then those of its default policy, which
// come sorted by namespace, level and id.
import { finding } from "../../schemas/validate/finding-table.ts";
import { deprecationNote, deprecationReason } from "../../schemas/weaver/deprecation-note.ts";
import type {
  Deprecated,
  EnumMember,
  ResolvedAttribute,
  ResolvedGroup,
} from "../../schemas/weaver/resolved.ts";
import { type Json, numberOf } from "./exact-json.ts";
import type { Findings } from "./findings.ts";
import type { RegistryIndex } from "./registry-index.ts";
import { templateElement } from "./registry-index.ts";
import { ownType, textOf } from "./sample.ts";

const firstFormat = /^[a-z]/;
const wordFormat = /^[a-z0-9]+$/;

/** Attribute and metric names: lower-case words between dots and underscores, as many as there are. */
export const isWellFormedName = (name: string): boolean =>
  firstFormat.test(name) && name.split(/[._]/).every((word) => wordFormat.test(word));

/** Context of `deprecated`, apart from the name. `renamed_to` is ours. */
export const deprecationContext = (deprecated: Deprecated, isWeir: boolean): Json => ({
  deprecation_reason: deprecationReason(deprecated.reason),
  deprecation_note: deprecationNote(deprecated),
  ...(isWeir && deprecated.reason === "renamed" ? { renamed_to: deprecated.renamed_to } : {}),
});

const arrayOf: { readonly [type: string]: string } = { double: "int", "double[]": "int[]" };

/** Weaver's rule: exact, but an int may stand for a double, an empty array for any, all for `any`. */
const isCompatible = (given: string, expected: string): boolean =>
  expected === "any" ||
  given === expected ||
  arrayOf[expected] === given ||
  (given === ownType.empty && expected.endsWith("[]"));

const isMember = (members: readonly EnumMember[], value: unknown, type: string): boolean =>
  members.some((member) =>
    type === "int"
      ? typeof member.value === "number" && member.value === numberOf(value)
      : member.value === value,
  );

/** Returns whether the type is right, or not known. */
const checkType = (out: Findings, body: Json, attribute: ResolvedAttribute): boolean => {
  const { type: given, name: key } = body;
  if (typeof given !== "string") return true;
  const { type } = attribute;
  if (typeof type === "object") {
    if (given === "string" || given === "int") return true;
    out.add(finding.typeMismatch, { attribute_key: key, attribute_type: given });
    return false;
  }
  const expected = templateElement(attribute) ?? type;
  if (isCompatible(given, expected)) return true;
  out.add(finding.typeMismatch, { attribute_key: key, attribute_type: given, expected });
  return false;
};

const checkMember = (out: Findings, body: Json, attribute: ResolvedAttribute): void => {
  const { type: given, name: key, value } = body;
  if (typeof attribute.type !== "object" || value === null || value === undefined) return;
  if (given !== "string" && given !== "int") return;
  if (isMember(attribute.type.members, value, given)) return;
  out.add(finding.undefinedEnumVariant, { attribute_key: key, attribute_value: value });
};

/** Whether the group has the key, itself or by a template. */
type Membership = (group: ResolvedGroup, key: string) => boolean;

type ValueOf = (out: Findings, body: Json, attribute: ResolvedAttribute) => void;

const checkKnown = (
  ...[out, body, attribute, checkValue]: [Findings, Json, ResolvedAttribute, ValueOf]
): void => {
  const { name: key } = body;
  if (attribute.stability !== undefined && attribute.stability !== "stable") {
    out.add(finding.notStable, { attribute_key: key, stability: attribute.stability });
  }
  const isTyped = checkType(out, body, attribute);
  checkMember(out, body, attribute);
  if (isTyped) checkValue(out, body, attribute);
};

/** The default policy's checks of a key. */
const checkName = (out: Findings, index: RegistryIndex, key: string): void => {
  if (!key.includes(".")) out.add(finding.missingNamespace, { attribute_key: key });
  if (!isWellFormedName(key)) out.add(finding.invalidFormat, { attribute_key: key });
  const extended = index.extendedNamespace(key);
  const illegal = index.illegalNamespaces(key);
  const both = new Set(extended === null ? illegal : [...illegal, extended]);
  for (const namespace of [...both].sort()) {
    const context = { attribute_key: key, namespace };
    if (namespace === extended) out.add(finding.extendsNamespace, context);
    if (illegal.includes(namespace)) out.add(finding.illegalNamespace, context);
  }
};

export type AttributeCheck = {
  readonly index: RegistryIndex;
  readonly isWeir: boolean;
  /** The definition that the record is bound to, when the profile looks at it; else null. */
  readonly group: ResolvedGroup | null;
  readonly isMember: Membership;
  /** Our checks of values; nothing in Weaver's profile. */
  readonly checkValue: ValueOf;
};

/** Adds the findings about `body`; returns the name that counts as seen. */
export const checkAttribute = (out: Findings, body: Json, check: AttributeCheck): string => {
  const { index, isWeir, group } = check;
  const key = textOf(body["name"]);
  const exact = index.attribute(key);
  const attribute = exact ?? index.template(key);
  if (attribute === undefined) out.add(finding.missingAttribute, { attribute_key: key });
  else {
    const isTemplate = templateElement(attribute) !== null;
    if (isTemplate) {
      out.add(finding.templateAttribute, { attribute_key: key, template_name: attribute.name });
    }
    if (attribute.deprecated !== undefined) {
      const context = deprecationContext(attribute.deprecated, isWeir);
      out.add(finding.deprecated, { attribute_key: key, ...context });
    }
    checkKnown(out, body, attribute, check.checkValue);
    if (group !== null && !check.isMember(group, key)) {
      out.add(finding.unexpectedAttribute, { attribute_key: key, group: group.id });
    }
  }
  checkName(out, index, key);
  return attribute !== undefined && exact === undefined ? attribute.name : key;
};
