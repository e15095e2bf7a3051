// The check of spans as one would write it without a thought for speed: protobufjs' objects, maps,
// regular expressions. Written from the rules, not from the fast code; says what that must say.
import { finding } from "../../schemas/validate/finding-table.ts";
import type {
  Annotations,
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../schemas/weaver/resolved.ts";
import type { Plain } from "./otlp-proto.ts";
import { protoDecode } from "./otlp-proto.ts";

/** code, key in the registry or "", record, place: as the findings of a pass, joined. */
export type PlainFinding = string;

type Value = Plain | undefined;
type KeyValue = { readonly key?: string; readonly value?: Plain };

const kinds = ["", "internal", "server", "client", "producer", "consumer"];
const scalars: { readonly [member: string]: string } = {
  stringValue: "string",
  boolValue: "boolean",
  intValue: "int",
  doubleValue: "double",
};
const nameFormat = /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/;

const typeOf = (value: Value): string => {
  const member = Object.keys(value ?? {})[0];
  if (value === undefined || member === undefined) return "none";
  if (member !== "arrayValue") return scalars[member] ?? member;
  const values = ((value[member] as Plain)["values"] ?? []) as Plain[];
  const types = new Set(values.map((one) => scalars[Object.keys(one)[0] ?? ""] ?? "other"));
  if (types.size === 0) return "[]";
  if (types.size === 2 && types.has("int") && types.has("double")) return "double[]";
  return types.size > 1 || types.has("other") ? "mixed" : `${[...types].join("")}[]`;
};

const templateOf = ({ type }: ResolvedAttribute): string | null =>
  typeof type === "string" ? (/^template\[(.*)\]$/.exec(type)?.[1] ?? null) : null;

const accepts = (attribute: ResolvedAttribute, found: string): boolean => {
  if (found === "none") return true;
  const wanted =
    typeof attribute.type === "string" ? (templateOf(attribute) ?? attribute.type) : null;
  if (wanted === null) return found === "string" || found === "int";
  if (wanted === "any" || wanted === found) return true;
  if (found === "[]") return wanted.endsWith("[]");
  return (wanted === "double" && found === "int") || (wanted === "double[]" && found === "int[]");
};

const prefixes = (key: string): string[] =>
  [...key.matchAll(/\./g)].flatMap(({ index }) => (index > 0 ? [key.slice(0, index)] : []));

const globOf = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "su",
  );

type List = {
  readonly record: number;
  readonly place: number;
  readonly attributes: readonly KeyValue[];
};

export class PlainValidator {
  readonly #exact = new Map<string, ResolvedAttribute>();
  readonly #templates = new Map<string, ResolvedAttribute>();
  readonly #namespaces = new Set<string>();
  readonly #spans: readonly ResolvedGroup[];
  readonly #order: readonly ResolvedGroup[];
  #out: PlainFinding[] = [];

  constructor(registry: ResolvedRegistry) {
    for (const group of registry.groups) {
      for (const attribute of group.attributes) {
        const map = templateOf(attribute) === null ? this.#exact : this.#templates;
        map.set(attribute.name, attribute);
      }
    }
    for (const name of this.#exact.keys()) {
      const parts = name.split(".");
      for (let i = 1; i < parts.length; i += 1) this.#namespaces.add(parts.slice(0, i).join("."));
    }
    this.#spans = registry.groups.filter(({ type }) => type === "span");
    this.#order = ["span", "metric", "event", "entity"].flatMap((type) =>
      registry.groups.filter((group) => group.type === type),
    );
  }

  /** All findings of a request, sorted. */
  check(bytes: Uint8Array): PlainFinding[] {
    this.#out = [];
    const request = protoDecode("ExportTraceServiceRequest", bytes);
    let span = 0;
    let scopeCount = 0;
    for (const [r, resource] of ((request["resourceSpans"] ?? []) as Plain[]).entries()) {
      const head = resource["resource"] as Plain | undefined;
      this.#list({ record: -1 - r, place: 0, attributes: attributesOf(head) });
      for (const scope of (resource["scopeSpans"] ?? []) as Plain[]) {
        const attributes = attributesOf(scope["scope"] as Plain | undefined);
        this.#list({ record: -1 - r, place: place(3, scopeCount, 0), attributes });
        scopeCount += 1;
        for (const one of (scope["spans"] ?? []) as Plain[]) {
          this.#span(one, span);
          span += 1;
        }
      }
    }
    return this.#out.sort();
  }

  #add(code: number, key: string, record: number, at: number): void {
    this.#out.push(`${code} ${key} ${record} ${at}`);
  }

  #find(key: string): ResolvedAttribute | undefined {
    const exact = this.#exact.get(key);
    if (exact !== undefined) return exact;
    const found = prefixes(key).filter((prefix) => prefix.length < key.length - 1);
    return found
      .toReversed()
      .map((prefix) => this.#templates.get(prefix))
      .find((one) => one);
  }

  /** Prefixes that are attributes themselves. */
  #taken(key: string): readonly string[] {
    return prefixes(key).filter((prefix) => {
      const other = this.#exact.get(prefix);
      return other !== undefined && other.deprecated === undefined;
    });
  }

  /** Findings of each attribute; what is known of them afterwards. */
  #list({ record, place: from, attributes }: List): Map<string, Present> {
    const present = new Map<string, Present>();
    attributes.forEach(({ key = "", value }, index) => {
      const at = from + index;
      const found = this.#find(key);
      const name = found === undefined ? "" : found.name;
      const add = (code: number): void => this.#add(code, name, record, at);
      if (!key.includes(".")) add(finding.missingNamespace);
      if (!nameFormat.test(key)) add(finding.invalidFormat);
      for (const _ of this.#taken(key)) add(finding.illegalNamespace);
      if (found === undefined) {
        add(finding.missingAttribute);
        if (prefixes(key).some((prefix) => this.#namespaces.has(prefix)))
          add(finding.extendsNamespace);
        return;
      }
      if (this.#exact.get(key) === undefined) add(finding.templateAttribute);
      if (found.deprecated !== undefined) add(finding.deprecated);
      if (found.stability !== undefined && found.stability !== "stable") add(finding.notStable);
      const id = keyOf(found);
      present.set(id, { value, places: [...(present.get(id)?.places ?? []), at] });
      const type = typeOf(value);
      if (accepts(found, type)) this.#value(found, value, add);
      else add(finding.typeMismatch);
    });
    return present;
  }

  #value(
    { type, annotations = {} }: ResolvedAttribute,
    value: Value,
    add: (code: number) => void,
  ): void {
    const text = value?.["stringValue"] as string | undefined;
    const int = value?.["intValue"] as string | undefined;
    if (typeof type === "object" && (text ?? int) !== undefined) {
      const isKnown = type.members.some(({ value: member }) =>
        text === undefined ? typeof member === "number" && String(member) === int : member === text,
      );
      if (!isKnown) add(finding.undefinedEnumVariant);
    }
    const number = int === undefined ? (value?.["doubleValue"] as number | undefined) : Number(int);
    if (number !== undefined) bounds(annotations, number, add);
    if (text !== undefined) texts(annotations, text, add);
  }

  #span(span: Plain, index: number): void {
    const present = this.#list({ record: index, place: 0, attributes: attributesOf(span) });
    const isError = (span["status"] as Plain | undefined)?.["code"] === 2;
    const kind = kinds[((span["kind"] as number | undefined) ?? 0) || 1] ?? "internal";
    const named = this.#byName((span["name"] as string | undefined) ?? "");
    const group = named ?? this.#byAttributes(kind, present);
    if (group === undefined) this.#add(finding.schemaNotFound, "", index, -1);
    else {
      this.#definition(group, kind, index);
      this.#wants(group, index, present, isError);
    }
    for (const [i, event] of ((span["events"] ?? []) as Plain[]).entries()) {
      const list = { record: index, place: place(1, i, 0), attributes: attributesOf(event) };
      const found = this.#list(list);
      const defined = this.#order.find(
        ({ type, name }) => type === "event" && name === event["name"],
      );
      if (defined !== undefined) this.#wants(defined, index, found, false);
    }
    for (const [i, link] of ((span["links"] ?? []) as Plain[]).entries()) {
      this.#list({ record: index, place: place(2, i, 0), attributes: attributesOf(link) });
    }
  }

  #definition(group: ResolvedGroup, kind: string, index: number): void {
    if (group.span_kind !== undefined && group.span_kind !== kind) {
      this.#add(finding.kindMismatch, "", index, -1);
    }
    if (group.deprecated !== undefined) this.#add(finding.deprecated, "", index, -1);
  }

  #byName(name: string): ResolvedGroup | undefined {
    const matching = this.#spans.find((group) =>
      [group.annotations?.["weir.match"] ?? []]
        .flat()
        .some((glob) => typeof glob === "string" && globOf(glob).test(name)),
    );
    const exact = (group: ResolvedGroup): boolean => group.id.replace(/^span\./, "") === name;
    return (
      matching ??
      this.#spans.find(exact) ??
      this.#spans.find(({ id }) => id === name) ??
      this.#spans.find(({ span_name: pattern }) =>
        pattern === undefined ? false : globOf(pattern.note.replace(/\{.*?\}/g, "*")).test(name),
      )
    );
  }

  #byAttributes(kind: string, present: ReadonlyMap<string, unknown>): ResolvedGroup | undefined {
    const balance = new Map<string, number>();
    for (const { attributes } of this.#spans) {
      for (const attribute of attributes) {
        const level = attribute.requirement_level;
        if (level === "opt_in") continue;
        const change = level === "required" ? 1 : -1;
        balance.set(keyOf(attribute), (balance.get(keyOf(attribute)) ?? 0) + change);
      }
    }
    const rank = (group: ResolvedGroup): readonly [number, number] => [
      group.attributes.filter((a) => a.requirement_level === "required" && !present.has(keyOf(a)))
        .length,
      // Required ones count twice.
      -group.attributes
        .filter((a) => a.requirement_level !== "opt_in" && present.has(keyOf(a)))
        .reduce((sum, a) => sum + (a.requirement_level === "required" ? 2 : 1), 0),
    ];
    const candidates = this.#spans.filter(
      (group) =>
        (group.span_kind === undefined || group.span_kind === kind) &&
        group.attributes.some(
          (a) =>
            a.requirement_level === "required" &&
            present.has(keyOf(a)) &&
            (balance.get(keyOf(a)) ?? 0) > 0,
        ),
    );
    return candidates.toSorted((a, b) => {
      const [missing, votes] = rank(a);
      const [otherMissing, otherVotes] = rank(b);
      return missing - otherMissing || votes - otherVotes;
    })[0];
  }

  #wants(
    group: ResolvedGroup,
    record: number,
    present: ReadonlyMap<string, Present>,
    isError: boolean,
  ): void {
    const at = -2 - this.#order.indexOf(group);
    for (const attribute of group.attributes) {
      if (present.has(keyOf(attribute))) continue;
      if (attribute.requirement_level === "required") {
        this.#add(finding.requiredAttribute, attribute.name, record, at);
      }
      const condition = attribute.annotations?.["weir.condition"];
      const isConditional = typeof attribute.requirement_level === "object";
      if (!isConditional || condition === undefined) continue;
      const holds = ([condition].flat() as Plain[]).every((atom) => {
        if (atom["status"] === "error") return isError;
        const found = present.get(String(atom["attribute"]));
        if (found === undefined || atom["equals"] === undefined) return found !== undefined;
        return Object.values(found.value ?? {}).some(
          (one) => String(one) === String(atom["equals"]),
        );
      });
      if (holds) this.#add(finding.conditionMet, attribute.name, record, at);
    }
    const known = new Set(group.attributes.map(keyOf));
    for (const [key, { places }] of present) {
      if (known.has(key)) continue;
      const name = key.replace(/\.\*$/, "");
      for (const one of places) this.#add(finding.unexpectedAttribute, name, record, one);
    }
  }
}

type Add = (code: number) => void;

/** The last value of an attribute, and where all of it stand: a template has many keys. */
type Present = { readonly value: Value; readonly places: readonly number[] };

const bounds = (
  { "weir.min": min, "weir.max": max }: Annotations,
  number: number,
  add: Add,
): void => {
  if (typeof min === "number" && !(number >= min)) add(finding.belowMin);
  if (typeof max === "number" && !(number <= max)) add(finding.aboveMax);
};

const texts = (annotations: Annotations, text: string, add: Add): void => {
  const { "weir.max_length": length, "weir.pattern": pattern } = annotations;
  if (typeof length === "number" && Array.from(text).length > length) add(finding.tooLong);
  if (typeof pattern === "string" && !new RegExp(pattern, "u").test(text)) {
    add(finding.patternMismatch);
  }
};

const keyOf = (attribute: ResolvedAttribute): string =>
  templateOf(attribute) === null ? attribute.name : `${attribute.name}.*`;

const attributesOf = (owner: Plain | undefined): readonly KeyValue[] =>
  (owner?.["attributes"] ?? []) as KeyValue[];

const place = (list: number, item: number, index: number): number =>
  (list << 28) | (item << 12) | index;
