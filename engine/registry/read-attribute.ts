// Attributes as both syntaxes write them: types with enums and templates, requirement levels,
// stability, deprecation, examples. Forms of older registries are taken over with a warning.
import type {
  Annotations,
  AttributeType,
  Deprecated,
  EnumMember,
  RequirementLevel,
  ResolvedAttribute,
  Stability,
} from "../../schemas/weaver/resolved.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { exampleFault } from "./check-examples.ts";
import { type Fields, isYamlMap, shown } from "./fields.ts";
import type { AttributeOverride, AttributeSpec } from "./specification.ts";

const stabilities = ["stable", "development", "alpha", "beta", "release_candidate"] as const;
const roles = ["identifying", "descriptive"] as const;
const typePattern =
  /^(?:(?:string|int|double|boolean)(?:\[\])?|any|template\[(?:(?:string|int|double|boolean)(?:\[\])?|any)\])$/;

const overrideKeys = [
  "brief",
  "note",
  "examples",
  "tag",
  "requirement_level",
  "sampling_relevant",
  "stability",
  "deprecated",
  "annotations",
  "role",
];
const definitionKeys = ["id", "key", "type", ...overrideKeys];
const referenceKeys = ["ref", "prefix", ...overrideKeys];

/** An attribute with `id` (v1) or `key` (v2); null when it has no name or no type. */
export const readDefinition = (
  fields: Fields,
  idKey: "id" | "key",
  prefix: string,
): AttributeSpec | null => {
  const id = fields.required(idKey);
  const attribute = fields.named(`${fields.what}, attribute ${id ?? "without a name"}`);
  const type = readType(attribute);
  attribute.onlyKnown(definitionKeys);
  if (id === undefined || type === null) return null;
  const said = readOverride(attribute);
  checkAnnotations(attribute, "attribute");
  const name = prefix === "" ? id : `${prefix}.${id}`;
  const definition: ResolvedAttribute = {
    name,
    type,
    ...said,
    brief: said.brief ?? "",
    requirement_level: said.requirement_level ?? "recommended",
  };
  warnIncomplete(attribute, definition);
  return { place: fields.place, definition };
};

const warnIncomplete = (fields: Fields, definition: ResolvedAttribute): void => {
  if (definition.brief === "" && definition.deprecated === undefined) {
    fields.warning("brief", "brief is missing");
  }
  if (!fields.has("stability")) fields.warning("stability", "stability is missing");
  const fault = exampleFault(definition.type, definition.examples);
  if (fault !== null) fields.warning("examples", fault);
};

/** An attribute with `ref`. */
export const readReference = (fields: Fields): AttributeSpec | null => {
  const ref = fields.required("ref");
  const attribute = fields.named(`${fields.what}, ref ${ref ?? "without a name"}`);
  for (const key of ["id", "type"]) {
    if (attribute.has(key)) attribute.error(key, `${key} is not allowed with ref`);
  }
  for (const key of ["stability", "deprecated"]) {
    if (attribute.has(key)) attribute.warning(key, `${key} is not allowed with ref`);
  }
  attribute.onlyKnown([...referenceKeys, "id", "type"]);
  if (ref === undefined) return null;
  checkAnnotations(attribute, "attribute");
  const isPrefixed = attribute.boolean("prefix") === true;
  return { place: fields.place, ref, isPrefixed, override: readOverride(attribute) };
};

const readOverride = (fields: Fields): AttributeOverride => {
  const override: { -readonly [K in keyof AttributeOverride]: AttributeOverride[K] } = {};
  const brief = fields.string("brief");
  if (brief !== undefined) override.brief = brief;
  const note = fields.string("note");
  if (note !== undefined) override.note = note;
  const examples = fields.raw("examples");
  if (examples !== undefined) override.examples = examples;
  const tag = fields.string("tag");
  if (tag !== undefined) override.tag = tag;
  const level = readRequirementLevel(fields);
  if (level !== undefined) override.requirement_level = level;
  const isSamplingRelevant = fields.boolean("sampling_relevant");
  if (isSamplingRelevant !== undefined) override.sampling_relevant = isSamplingRelevant;
  const role = fields.oneOf("role", roles);
  if (role !== undefined) override.role = role;
  return { ...override, ...readStatus(fields) };
};

/** Stability, deprecation and annotations, which groups, attributes and members share. */
export type Status = {
  readonly stability?: Stability;
  readonly deprecated?: Deprecated;
  readonly annotations?: Annotations;
};

export const readStatus = (fields: Fields): Status => {
  const stability = readStability(fields);
  const deprecated = readDeprecated(fields);
  const annotations = fields.map("annotations");
  return {
    ...(stability === undefined ? {} : { stability }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(annotations === undefined ? {} : { annotations }),
  };
};

const readStability = (fields: Fields): Stability | undefined => {
  const value = fields.raw("stability");
  if (value === "experimental" || value === "deprecated") {
    fields.warning("stability", `stability ${value} is the old word for development`);
    return "development";
  }
  return fields.oneOf("stability", stabilities);
};

const readDeprecated = (fields: Fields): Deprecated | undefined => {
  const value = fields.raw("deprecated");
  if (value === undefined) return undefined;
  if (typeof value === "string") {
    fields.warning("deprecated", "deprecated as a text is the old form; give a reason and a note");
    return { reason: "unspecified", note: value };
  }
  const deprecated = fields.below("deprecated", `${fields.what}, deprecated`);
  if (deprecated === undefined) return undefined;
  deprecated.onlyKnown(["reason", "renamed_to", "note"]);
  const reason = deprecated.oneOf("reason", ["renamed", "obsoleted", "uncategorized"] as const);
  const text = deprecated.string("note");
  const note = text === undefined ? {} : { note: text };
  if (reason === "renamed") {
    const target = deprecated.required("renamed_to");
    return target === undefined ? undefined : { reason, renamed_to: target, ...note };
  }
  if (reason === undefined && !deprecated.has("reason")) {
    deprecated.error("reason", "reason is missing");
  }
  return reason === undefined ? undefined : { reason, ...note };
};

const conditions = ["conditionally_required", "recommended", "opt_in"] as const;

/** Of an attribute; undefined when absent. */
const readRequirementLevel = (fields: Fields): RequirementLevel | undefined => {
  const value = fields.raw("requirement_level");
  if (value === undefined) return undefined;
  if (value === "required" || value === "recommended" || value === "opt_in") return value;
  if (isYamlMap(value)) {
    const [level, ...others] = Object.keys(value);
    const found = conditions.find((name) => name === level);
    const text = level === undefined ? undefined : value[level];
    if (found !== undefined && others.length === 0 && typeof text === "string") {
      return { [found]: text } as RequirementLevel;
    }
  }
  const expected = "required, recommended, opt_in, or {conditionally_required: TEXT}";
  fields.error("requirement_level", `requirement_level must be ${expected}, found ${shown(value)}`);
  return undefined;
};

const readType = (fields: Fields): AttributeType | null => {
  const value = fields.raw("type");
  if (value === undefined) {
    fields.error("type", "type is missing");
    return null;
  }
  if (isYamlMap(value)) return readEnum(fields);
  if (typeof value === "string" && typePattern.test(value)) return value;
  fields.error(
    "type",
    `type must be string, int, double, boolean, one of them with [], any, template[TYPE] or ` +
      `{members: [...]}, found ${shown(value)}`,
  );
  return null;
};

const readEnum = (fields: Fields): AttributeType | null => {
  const type = fields.below("type", fields.what);
  if (type === undefined) return null;
  if (type.has("allow_custom_values")) {
    type.warning("allow_custom_values", "allow_custom_values is ignored: every enum is open");
  }
  type.onlyKnown(["members", "allow_custom_values"]);
  const members = readMembers(type);
  if (type.list("members").length > 0) return { members };
  type.error("members", "an enum needs at least one member");
  return null;
};

/** The `members` of an enum; two of the same id are an error. */
const readMembers = (fields: Fields): EnumMember[] => {
  const members: EnumMember[] = [];
  const seen = new Set<string>();
  for (const item of fields.maps("members", fields.what)) {
    const id = item.required("id");
    if (id === undefined) continue;
    if (seen.has(id)) item.error("id", `member ${id} is defined twice`);
    seen.add(id);
    const member = readMember(item.named(`${fields.what}, member ${id}`), id);
    if (member !== null) members.push(member);
  }
  return members;
};

const memberKeys = ["id", "value", "brief", "note", "stability", "deprecated", "annotations"];

const readMember = (fields: Fields, id: string): EnumMember | null => {
  fields.onlyKnown(memberKeys);
  const value = fields.raw("value") ?? id;
  const isInteger = typeof value === "number" && Number.isInteger(value);
  if (typeof value !== "string" && typeof value !== "boolean" && !isInteger) {
    fields.error("value", `value must be a string, an integer or a boolean, found ${shown(value)}`);
    return null;
  }
  // Beyond, neighbours are one number: a value that is none of the members would pass for one.
  if (isInteger && !Number.isSafeInteger(value)) {
    fields.error("value", `an integer value must be within 2^53 - 1, found ${shown(value)}`);
    return null;
  }
  const brief = fields.string("brief");
  const note = fields.string("note");
  const status = readStatus(fields);
  if (!fields.has("stability")) fields.warning("stability", "stability is missing");
  return {
    id,
    value,
    ...(brief === undefined ? {} : { brief }),
    ...(note === undefined ? {} : { note }),
    ...status,
  };
};
