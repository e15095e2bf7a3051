// Syntax v2 (`file_format: definition/2`): attributes are defined in one list only, signals refer
// to them and to attribute groups. Each entry becomes a group as Weaver converts it: `span.TYPE`,
// `metric.NAME`, `event.NAME`, `entity.TYPE`; a refinement keeps its id and extends its `ref`.
import type { ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import type { Fields } from "./fields.ts";
import { readDefinition, readReference } from "./read-attribute.ts";
import { instruments, readBase, spanKinds } from "./read-group.ts";
import type { AttributeSpec, GroupRef, GroupSpec } from "./specification.ts";

type Base = { -readonly [K in keyof GroupSpec["base"]]: GroupSpec["base"][K] };

const commonKeys = ["brief", "note", "stability", "deprecated", "annotations"];
const signalKeys = [...commonKeys, "attributes", "entity_associations", "requirement_level"];

/** How one list of a file is read: by which key its entries are named, and what else they have. */
type Kind = {
  readonly list: string;
  readonly type: ResolvedGroup["type"];
  readonly idKey: "id" | "name" | "type";
  readonly keys: readonly string[];
  readonly own: (entry: Fields, base: Base, name: string) => void;
};

const readSpan = (entry: Fields, base: Base, name: string): void => {
  base.name = name;
  const kind = entry.oneOf("kind", spanKinds);
  if (kind !== undefined) base.span_kind = kind;
  const note = entry.below("name", `${entry.what}, name`)?.required("note");
  if (note !== undefined) base.span_name = { note };
};

const readMetric = (entry: Fields, base: Base, name: string): void => {
  base.metric_name = name;
  const instrument = entry.oneOf("instrument", instruments);
  if (instrument !== undefined) base.instrument = instrument;
  const unit = entry.string("unit");
  if (unit !== undefined) base.unit = unit;
};

const setName = (_entry: Fields, base: Base, name: string): void => {
  base.name = name;
};

const entityKeys = [...commonKeys, "identity", "description", "requirement_level"];
const spanKeys = ["kind", "name"];
const metricKeys = ["instrument", "unit"];

const kinds: readonly Kind[] = [
  { list: "entities", type: "entity", idKey: "type", keys: entityKeys, own: setName },
  { list: "events", type: "event", idKey: "name", keys: signalKeys, own: setName },
  {
    list: "metrics",
    type: "metric",
    idKey: "name",
    keys: [...signalKeys, ...metricKeys],
    own: readMetric,
  },
  { list: "spans", type: "span", idKey: "type", keys: [...signalKeys, ...spanKeys], own: readSpan },
];

/** Keys that a whole definition needs; a refinement takes them from what it refines. */
const needed: { readonly [type: string]: readonly string[] } = {
  entity: ["brief", "stability", "identity"],
  event: ["brief", "stability"],
  metric: ["brief", "stability", "instrument", "unit"],
  span: ["brief", "stability", "kind", "name"],
};

/** The keys at the top of a v2 file. */
export const definitionLists = [
  "attributes",
  "attribute_groups",
  ...kinds.flatMap(({ list, type }) => [list, `${type}_refinements`]),
];

/** All groups of a v2 file; `attributesId` is the id of the group that holds its definitions. */
export const readDefinitionFile = (file: Fields, attributesId: string): GroupSpec[] => {
  const groups: (GroupSpec | null)[] = [readAttributeList(file, attributesId)];
  for (const kind of kinds) {
    for (const entry of file.maps(kind.list, kind.list)) groups.push(readSignal(entry, kind));
    const list = `${kind.type}_refinements`;
    for (const entry of file.maps(list, list)) groups.push(readRefinement(entry, kind));
  }
  for (const entry of file.maps("attribute_groups", "attribute_groups")) {
    groups.push(readAttributeGroup(entry));
  }
  return groups.filter((group) => group !== null);
};

const readAttributeList = (file: Fields, id: string): GroupSpec | null => {
  if (!file.has("attributes")) return null;
  const attributes = file
    .maps("attributes", "attributes")
    .map((entry) => readDefinition(entry, "key", ""))
    .filter((attribute) => attribute !== null);
  return {
    ...plain,
    place: file.at("attributes"),
    base: { id, type: "attribute_group", brief: "Attributes of a definition/2 file" },
    attributes,
  };
};

const plain = { prefix: "", attributes: [], includes: [], isRefinement: false };

const readSignal = (entry: Fields, kind: Kind): GroupSpec | null => {
  const name = entry.required(kind.idKey);
  if (name === undefined) return null;
  const signal = entry.named(`${kind.type} ${name}`);
  signal.onlyKnown([kind.idKey, ...kind.keys]);
  for (const key of needed[kind.type] ?? []) {
    if (!signal.has(key)) signal.error(key, `${key} is missing`);
  }
  const base: Base = readBase(signal, `${kind.type}.${name}`, kind.type);
  kind.own(signal, base, name);
  return { ...plain, place: entry.place, base, ...readReferences(signal, kind) };
};

const readRefinement = (entry: Fields, kind: Kind): GroupSpec | null => {
  const id = entry.required("id");
  const ref = entry.required("ref");
  if (id === undefined || ref === undefined) return null;
  const signal = entry.named(`${kind.type} refinement ${id}`);
  signal.onlyKnown(["id", "ref", ...kind.keys]);
  const base: Base = readBase(signal, id, kind.type);
  kind.own(signal, base, id);
  return {
    ...plain,
    place: entry.place,
    base,
    ...readReferences(signal, kind),
    parent: { id: `${kind.type}.${ref}`, place: entry.at("ref") },
    isRefinement: true,
  };
};

const readAttributeGroup = (entry: Fields): GroupSpec | null => {
  const id = entry.required("id");
  if (id === undefined) return null;
  const group = entry.named(`attribute group ${id}`);
  const visibility = group.oneOf("visibility", ["internal", "public"] as const);
  group.onlyKnown(["id", "visibility", "attributes", ...commonKeys]);
  if (!group.has("visibility")) group.error("visibility", "visibility is missing");
  if (visibility === "public") {
    for (const key of ["brief", "stability"]) {
      if (!group.has(key)) group.error(key, `${key} is missing in a public group`);
    }
  }
  const read = readBase(group, id, "attribute_group");
  const base = { ...read, brief: read.brief === "" ? id : read.brief };
  return {
    ...plain,
    place: entry.place,
    base: visibility === undefined ? base : { ...base, visibility },
    ...referencesIn(group, "attributes"),
  };
};

type References = { attributes: AttributeSpec[]; includes: GroupRef[] };

const readReferences = (signal: Fields, kind: Kind): References => {
  if (kind.type !== "entity") return referencesIn(signal, "attributes");
  const identity = referencesIn(signal, "identity");
  const description = referencesIn(signal, "description");
  return {
    attributes: [
      ...identity.attributes.map((spec) => withRole(spec, "identifying")),
      ...description.attributes.map((spec) => withRole(spec, "descriptive")),
    ],
    includes: [...identity.includes, ...description.includes],
  };
};

const withRole = (spec: AttributeSpec, role: "identifying" | "descriptive"): AttributeSpec =>
  "ref" in spec ? { ...spec, override: { ...spec.override, role } } : spec;

const referencesIn = (signal: Fields, list: string): References => {
  const found: References = { attributes: [], includes: [] };
  const seen = new Set<string>();
  for (const item of signal.maps(list, signal.what)) {
    const kind = item.has("ref_group") ? "ref_group" : "ref";
    const name = item.string(kind);
    if (name !== undefined && seen.has(`${kind} ${name}`)) {
      item.error(kind, `${kind} ${name} is given twice`);
    }
    seen.add(`${kind} ${name}`);
    readReferenceItem(item, kind, found);
  }
  return found;
};

const readReferenceItem = (item: Fields, kind: "ref" | "ref_group", found: References): void => {
  if (kind === "ref_group") {
    item.onlyKnown(["ref_group"]);
    const id = item.required("ref_group");
    if (id !== undefined) found.includes.push({ id, place: item.place });
    return;
  }
  if (item.has("key") || item.has("id")) {
    item.error(item.has("key") ? "key" : "id", "attributes are defined in `attributes` only");
    return;
  }
  const spec = readReference(item);
  if (spec !== null) found.attributes.push(spec);
};
