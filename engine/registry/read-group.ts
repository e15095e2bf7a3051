// Syntax v1: the `groups` of a file. What a type of group needs and what it must not have is
// checked here, as Weaver does; old forms are taken over with a warning.
import type { EntityAssociation, ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { readBody } from "./read-body.ts";
import { readDefinition, readReference, readStatus } from "./read-attribute.ts";
import { type Fields, isYamlMap } from "./fields.ts";
import type { AttributeSpec, GroupSpec } from "./specification.ts";

type Base = { -readonly [K in keyof GroupSpec["base"]]: GroupSpec["base"][K] };
type GroupType = ResolvedGroup["type"];

const groupTypes = [
  "attribute_group",
  "span",
  "event",
  "metric",
  "metric_group",
  "entity",
  "resource",
] as const;
export const spanKinds = ["client", "server", "producer", "consumer", "internal"] as const;
export const instruments = ["counter", "histogram", "gauge", "updowncounter"] as const;
const groupKeys = [
  "id",
  "type",
  "brief",
  "note",
  "display_name",
  "prefix",
  "extends",
  "stability",
  "deprecated",
  "attributes",
  "entity_associations",
  "annotations",
  "span_kind",
  "events",
  "metric_name",
  "instrument",
  "unit",
  "metric_requirement_level",
  "requirement_level",
  "name",
  "body",
  "constraints",
];
const signalLevels = ["required", "recommended", "opt_in"] as const;

/** One entry of `groups`; null without an id. */
export const readGroup = (fields: Fields): GroupSpec | null => {
  const id = fields.required("id");
  if (id === undefined) return null;
  const group = fields.named(`group ${id}`);
  group.onlyKnown(groupKeys);
  const type = readGroupType(group);
  const prefix = group.string("prefix") ?? "";
  if (prefix !== "") group.warning("prefix", "prefix is an old form; write whole attribute ids");
  if (group.has("constraints")) group.warning("constraints", "constraints is ignored: an old form");
  const attributes = readAttributes(group, prefix);
  const parent = group.string("extends");
  const base = readBase(group, id, type);
  readSpecific(group, base, prefix);
  warnIncomplete(group, base, attributes.length);
  return {
    place: fields.place,
    base,
    prefix,
    attributes,
    ...(parent === undefined ? {} : { parent: { id: parent, place: group.at("extends") } }),
    includes: [],
    isRefinement: false,
  };
};

const readGroupType = (group: Fields): GroupType => {
  if (!group.has("type")) {
    group.warning("type", "type is missing, taken as span");
    return "span";
  }
  const type = group.oneOf("type", groupTypes) ?? "attribute_group";
  return type === "resource" ? "entity" : type;
};

/** What every group may have. */
export const readBase = (group: Fields, id: string, type: GroupType): Base => {
  const base: Base = { id, type, brief: group.string("brief") ?? "" };
  const note = group.string("note");
  if (note !== undefined) base.note = note;
  const displayName = group.string("display_name");
  if (displayName !== undefined) base.display_name = displayName;
  const associations = readAssociations(group);
  if (associations.length > 0) base.entity_associations = associations;
  const level =
    group.oneOf("requirement_level", signalLevels) ??
    group.oneOf("metric_requirement_level", signalLevels);
  if (level !== undefined) base.requirement_level = level;
  checkAnnotations(group, type);
  return Object.assign(base, readStatus(group));
};

/** Keys that belong to some types only. */
const readSpecific = (group: Fields, base: Base, prefix: string): void => {
  if (base.type === "span") readSpan(group, base);
  else refuse(group, base.type, ["span_kind", "events"]);
  if (base.type === "metric") readMetric(group, base);
  else refuse(group, base.type, ["metric_name", "instrument", "unit"]);
  if (base.type === "event") readEvent(group, base, prefix);
  else refuse(group, base.type, ["body"]);
  if (base.type === "entity") readEntity(group, base);
};

const refuse = (group: Fields, type: GroupType, keys: readonly string[]): void => {
  for (const key of keys) {
    if (group.has(key)) group.error(key, `${key} is not allowed in a group of type ${type}`);
  }
};

const readSpan = (group: Fields, base: Base): void => {
  const kind = group.oneOf("span_kind", spanKinds);
  if (kind !== undefined) base.span_kind = kind;
  else if (!group.has("span_kind")) group.warning("span_kind", "span_kind is missing");
  const events = group.strings("events");
  if (events.length > 0) base.events = events;
};

const readMetric = (group: Fields, base: Base): void => {
  const name = group.required("metric_name");
  if (name !== undefined) base.metric_name = name;
  const instrument = group.oneOf("instrument", instruments);
  if (instrument !== undefined) base.instrument = instrument;
  else if (!group.has("instrument")) group.error("instrument", "instrument is missing");
  const unit = group.string("unit");
  if (unit !== undefined) base.unit = unit;
  else if (!group.has("unit")) group.error("unit", "unit is missing");
};

const readEvent = (group: Fields, base: Base, prefix: string): void => {
  const name = group.string("name") ?? (prefix === "" ? undefined : prefix);
  if (name === undefined || name === "") group.error("name", "name is missing: an event needs it");
  else base.name = name;
  const body = readBody(group);
  if (body !== undefined) base.body = body;
};

// An old `resource` group has no name: its id holds the entity's type.
const readEntity = (group: Fields, base: Base): void => {
  const name = group.string("name") ?? base.id.replace(/^(?:entity|resource)\./, "");
  base.name = name;
  if (!group.has("name")) group.warning("name", `name is missing, taken as ${name}`);
};

const warnIncomplete = (group: Fields, base: Base, attributes: number): void => {
  if (!group.has("brief")) group.warning("brief", "brief is missing");
  if (base.type !== "attribute_group" && !group.has("stability")) {
    group.warning("stability", "stability is missing");
  }
  const mayBeEmpty = base.type === "metric" || base.type === "event";
  if (!mayBeEmpty && attributes === 0 && !group.has("extends")) {
    group.warning("attributes", "neither attributes nor extends");
  }
  const mayAssociate = mayBeEmpty || base.type === "span";
  if (base.entity_associations !== undefined && !mayAssociate) {
    group.error(
      "entity_associations",
      `entity_associations is not allowed in a group of type ${base.type}`,
    );
  }
};

const readAttributes = (group: Fields, prefix: string): AttributeSpec[] => {
  const attributes: AttributeSpec[] = [];
  const refs = new Set<string>();
  for (const item of group.maps("attributes", group.what)) {
    const isReference = item.has("ref");
    const spec = isReference ? readReference(item) : readDefinition(item, "id", prefix);
    if (spec === null) continue;
    if ("ref" in spec) {
      if (refs.has(spec.ref)) item.error("ref", `ref ${spec.ref} is given twice`);
      refs.add(spec.ref);
    }
    attributes.push(spec);
  }
  return attributes;
};

/** `entity_associations`: names, and `one_of` / `all_of` of them, nested. */
const readAssociations = (group: Fields): EntityAssociation[] =>
  group.list("entity_associations").flatMap((item, i) => {
    const found = associationOf(item);
    if (found !== null) return [found];
    group.error(
      "entity_associations",
      `entity_associations, item ${i + 1}, must be an entity's name, one_of or all_of with a list that is not empty`,
    );
    return [];
  });

// YAML of depthMax levels at most, so the recursion is bounded.
const associationOf = (item: unknown): EntityAssociation | null => {
  if (typeof item === "string") return item.trim() === "" ? null : item;
  if (!isYamlMap(item)) return null;
  const [key, ...others] = Object.keys(item);
  if (key === undefined || others.length > 0) return null;
  const value = item[key];
  if (key === "ref" && typeof value === "string") return value;
  if (!Array.isArray(value) || value.length === 0) return null;
  const parts = value.map(associationOf).filter((part) => part !== null);
  if (parts.length < value.length) return null;
  if (key === "one_of") return { one_of: parts };
  return key === "all_of" ? { all_of: parts } : null;
};
