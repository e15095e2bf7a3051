// Random registries with every kind of definition, and random requests of all signals that come near to
// them or to a registry that is given: for tests that compare what the edge and `weir check` say.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Problems } from "../../../engine/registry/problem.ts";
import { resolveRegistry } from "../../../engine/registry/resolve-registry.ts";
import { isTemplate } from "../../../schemas/weaver/attribute-type.ts";
import type {
  EntityAssociation,
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../../schemas/weaver/resolved.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import type { Random } from "../../random.ts";
import { attribute, enumOf, group, registryOf } from "./registries.ts";

const annotated = (key: string, value: unknown): Partial<ResolvedAttribute> => ({
  annotations: { [key]: value },
});

/** Every kind of attribute that a rule looks at. */
const definitions: readonly ResolvedAttribute[] = [
  attribute("a.text"),
  attribute("a.text.below"),
  attribute("a.count", { type: "int", ...annotated("weir.max", 5) }),
  attribute("a.ratio", { type: "double", ...annotated("weir.min", -0.5) }),
  attribute("a.short", annotated("weir.max_length", 2)),
  attribute("a.word", annotated("weir.pattern", "^[a-z]+$")),
  attribute("a.enum", { type: enumOf("x", "y", 3), ...annotated("weir.max_length", 3) }),
  attribute("a.old", { deprecated: { reason: "renamed", renamed_to: "a.text" } }),
  attribute("a.old.below"),
  attribute("a.flag", { type: "boolean" }),
  attribute("a.list", { type: "string[]" }),
  attribute("a.ratios", { type: "double[]" }),
  attribute("a.any", { type: "any", stability: "development" }),
  attribute("a.header", { type: "template[string]", ...annotated("weir.max_length", 1) }),
  attribute("a.header.more", { type: "template[int]" }),
  attribute("a.header.own"),
  attribute("flat"),
];

const levelOf = ({ pick }: Random): ResolvedAttribute["requirement_level"] =>
  pick([
    "required",
    "recommended",
    "opt_in",
    { recommended: "prose" },
    { opt_in: "prose" },
    { conditionally_required: "prose" },
  ] as const);

const condition = ({ pick }: Random): unknown =>
  pick([
    { status: "error" },
    { attribute: "a.text" },
    { attribute: "a.count", equals: pick([1, "1", true, ""]) },
    { attribute: "a.ratio", equals: pick([0.5, 1, "0.5"]) },
    { attribute: "a.flag", equals: pick([true, "true", 1]) },
    [{ attribute: "a.text", equals: "x" }, { status: "error" }],
  ]);

const some = <T>({ below }: Random, list: readonly T[]): T[] => list.filter(() => below(4) === 0);

const rowOf = (random: Random, one: ResolvedAttribute): ResolvedAttribute => {
  const level = levelOf(random);
  const isConditional = typeof level === "object" && "conditionally_required" in level;
  const isDecided = isConditional && random.below(2) === 0;
  const own = isDecided ? { "weir.condition": condition(random) } : {};
  return { ...one, requirement_level: level, annotations: { ...one.annotations, ...own } };
};

const rowsOf = (random: Random): ResolvedAttribute[] =>
  some(random, definitions).map((one) => rowOf(random, one));

const entities = ["host", "service", "pod"] as const;

const associationOf = (random: Random, depth: number): EntityAssociation => {
  const { below, pick } = random;
  if (depth === 0 || below(2) === 0) return pick([...entities, "elsewhere"]);
  const parts = Array.from({ length: 1 + below(3) }, () => associationOf(random, depth - 1));
  return below(2) === 0 ? { one_of: parts } : { all_of: parts };
};

const associated = (random: Random): Partial<ResolvedGroup> => {
  const list = Array.from({ length: random.below(3) }, () => associationOf(random, 2));
  return list.length === 0 ? {} : { entity_associations: list };
};

const kinds = ["client", "server", "internal"] as const;
const instruments = ["counter", "histogram", "gauge", "updowncounter"] as const;

/** A registry with each kind of definition. */
export const registryFrom = (random: Random): ResolvedRegistry => {
  const rest = (): Partial<ResolvedGroup> => ({
    attributes: rowsOf(random),
    ...(random.below(4) === 0 ? { deprecated: { reason: "obsoleted", note: "" } } : {}),
    ...associated(random),
  });
  const { pick, below } = random;
  const span = (id: string): ResolvedGroup =>
    group("span", id, { ...rest(), ...(below(2) === 0 ? { span_kind: pick(kinds) } : {}) });
  const metric = (name: string): ResolvedGroup =>
    group("metric", `metric.${name}`, {
      ...rest(),
      metric_name: name,
      instrument: pick(instruments),
      unit: pick(["s", "1"]),
    });
  return registryOf(
    group("attribute_group", "all", { attributes: definitions }),
    ...entities.map((name) =>
      group("entity", `entity.${name}`, { name, attributes: rowsOf(random) }),
    ),
    group("event", "event.e.one", { ...rest(), name: "e.one" }),
    group("event", "event.e.two", { ...rest(), name: "e.two" }),
    metric("m.one"),
    metric("m.two"),
    span("span.s.one"),
    span("span.s.two"),
  );
};

/** What the parts of a request are called. */
export type Words = {
  readonly keys: readonly string[];
  readonly spans: readonly string[];
  readonly metrics: readonly string[];
  readonly events: readonly string[];
  readonly units: readonly string[];
};

const strange = ["unknown.key", "NoGood", "plain", "a.headerx", "a.header.", "a.header.more.b"];
const keys = [
  ...definitions.map(({ name }) => name),
  "a.header",
  "a.header.b",
  "a.header.c",
  "a.header.morex",
  "a.header.own.b",
  ...strange,
];

/** Those of `registryFrom`. */
export const randomWords: Words = {
  keys,
  spans: ["s.one", "span.s.two", "other"],
  metrics: ["m.one", "m.two", "m.other", "Bad"],
  events: ["e.one", "e.two", "e.other", "x", ""],
  units: ["s", "1", ""],
};

const isText = (text: string | undefined): text is string => text !== undefined;

/** Names of some definitions of a registry, with keys of theirs, of entities, and some strange ones. */
export const wordsOf = ({ groups }: ResolvedRegistry, random: Random): Words => {
  const of = (type: ResolvedGroup["type"]): ResolvedGroup[] => {
    const all = groups.filter((group) => group.type === type);
    return Array.from({ length: 3 }, () => random.pick(all));
  };
  const [spans, metrics, events, entities] = [of("span"), of("metric"), of("event"), of("entity")];
  const attributes = [...spans, ...metrics, ...events, ...entities].flatMap(
    (one) => one.attributes,
  );
  const names = attributes.map(({ name }) => name);
  const templates = groups
    .flatMap((one) => one.attributes)
    .filter(isTemplate)
    .map(({ name }) => name);
  const template = random.pick(templates);
  return {
    keys: [
      ...names,
      template,
      `${template}x`,
      `${template}.x`,
      `${random.pick(names)}.x`,
      ...strange,
    ],
    spans: [...spans.map(({ id }) => id), "other"],
    metrics: [...metrics.map((one) => one.metric_name).filter(isText), "m.other", "Bad"],
    events: [...events.map((one) => one.name).filter(isText), "e.other", ""],
    units: ["", ...metrics.map(({ unit }) => unit).filter(isText)],
  };
};

const officialPath = fileURLToPath(
  new URL("../../../../shared/data/registry/semantic-conventions-1.40.0", import.meta.url),
);

/** The official registry; null without ../shared/data. */
export const officialRegistry = (): ResolvedRegistry | null =>
  existsSync(officialPath)
    ? (resolveRegistry(officialPath, new Problems())?.registry ?? null)
    : null;

const scalarOf = ({ below, pick }: Random): object =>
  pick([
    () => ({ stringValue: pick(["", "x", "xyz", "A", "\u{1f980}\u{1f980}", "3", "true"]) }),
    () => ({ intValue: String(below(8) - 1) }),
    () => ({ doubleValue: pick([-1, 0.5, 1, 3, 6, Number.NaN, Number.POSITIVE_INFINITY]) }),
    () => ({ boolValue: below(2) === 0 }),
  ])();

/** With maps, bytes and nothing among them. */
const arrayOf = (random: Random): object => {
  const of = random.pick([scalarOf, valueOf]);
  const values = Array.from({ length: random.below(4) }, () => of(random));
  return { arrayValue: { values } };
};

const valueOf = (random: Random): object =>
  random.below(4) > 0
    ? scalarOf(random)
    : random.pick([
        () => arrayOf(random),
        () => ({}),
        () => ({ bytesValue: random.bytes(2) }),
        () => ({ kvlistValue: { values: [{ key: "k", value: scalarOf(random) }] } }),
      ])();

type Given = { readonly random: Random; readonly words: Words };

const attributesOf = ({ random, words }: Given): object[] =>
  [...new Set(Array.from({ length: random.below(8) }, () => random.pick(words.keys)))].map(
    (key) => ({ key, value: valueOf(random) }),
  );

const exemplarsOf = (given: Given): object[] =>
  given.random.below(3) === 0 ? [{ asInt: "1", filteredAttributes: attributesOf(given) }] : [];

const dataOf = (given: Given): object => {
  const { random } = given;
  const listOf = (point: () => object): object[] => Array.from({ length: random.below(3) }, point);
  const dataPoints = listOf(() => ({
    attributes: attributesOf(given),
    exemplars: exemplarsOf(given),
  }));
  return random.pick([
    {},
    { summary: { dataPoints: listOf(() => ({ attributes: attributesOf(given) })) } },
    { gauge: { dataPoints } },
    { sum: { dataPoints, isMonotonic: true } },
    { sum: { dataPoints } },
    { histogram: { dataPoints } },
    { exponentialHistogram: { dataPoints } },
  ]);
};

const records = {
  traces: (given: Given): object => {
    const { random, words } = given;
    return {
      traceId: random.bytes(16),
      spanId: random.bytes(8),
      name: random.pick(words.spans),
      kind: random.below(6),
      status: { code: random.below(3) },
      attributes: attributesOf(given),
      events:
        random.below(3) === 0
          ? [{ name: random.pick(words.events), attributes: attributesOf(given) }]
          : [],
      links: random.below(4) === 0 ? [{ attributes: attributesOf(given) }] : [],
    };
  },
  metrics: (given: Given): object => ({
    name: given.random.pick(given.words.metrics),
    unit: given.random.pick(given.words.units),
    ...dataOf(given),
  }),
  logs: (given: Given): object => ({
    eventName: given.random.pick(given.words.events),
    attributes: attributesOf(given),
  }),
};

export type Signal = keyof typeof records;
const parts = {
  traces: ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
  metrics: ["ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** A request with a few resources, scopes and records. */
export const requestOf = (
  random: Random,
  signal: Signal,
  words: Words = randomWords,
): Uint8Array => {
  const given = { random, words };
  const [message, resources, scopes, list] = parts[signal];
  const few = (make: () => object): object[] => Array.from({ length: 1 + random.below(3) }, make);
  const scope = (isOfNone: boolean): object => ({
    ...(random.below(2) === 0 ? { scope: { name: "s", attributes: attributesOf(given) } } : {}),
    [list]: isOfNone || random.below(4) > 0 ? few(() => records[signal](given)) : [],
  });
  const resource = (): object => {
    const isNone = random.below(4) === 0;
    const isEmpty = !isNone && random.below(8) === 0;
    return {
      ...(isNone ? {} : { resource: { attributes: attributesOf(given) } }),
      [scopes]: isEmpty ? [] : few(() => scope(isNone)),
    };
  };
  return protoEncode(message, { [resources]: few(resource) });
};
