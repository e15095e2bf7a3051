// Random registries with every kind of definition, and random requests of all signals that come near to
// them: for tests that compare what the edge and `weir check` say.
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

const strange = ["unknown.key", "NoGood", "plain", "a.headerx", "a.header.", "a.header.more.b"];
const keys = [...definitions.map(({ name }) => name), "a.header.b", "a.header.c", ...strange];

const scalarOf = ({ below, pick }: Random): object =>
  pick([
    () => ({ stringValue: pick(["", "x", "xyz", "A", "\u{1f980}\u{1f980}", "3", "true"]) }),
    () => ({ intValue: String(below(8) - 1) }),
    () => ({ doubleValue: pick([-1, 0.5, 1, 3, 6, Number.NaN, Number.POSITIVE_INFINITY]) }),
    () => ({ boolValue: below(2) === 0 }),
  ])();

const valueOf = (random: Random): object => {
  const values = (): object[] => Array.from({ length: random.below(3) }, () => scalarOf(random));
  if (random.below(4) > 0) return scalarOf(random);
  return random.pick([() => ({ arrayValue: { values: values() } }), () => ({})])();
};

const attributesOf = (random: Random): object[] =>
  [...new Set(Array.from({ length: random.below(8) }, () => random.pick(keys)))].map((key) => ({
    key,
    value: valueOf(random),
  }));

const exemplarsOf = (random: Random): object[] =>
  random.below(3) === 0 ? [{ asInt: "1", filteredAttributes: attributesOf(random) }] : [];

const pointOf = (random: Random): object => ({
  attributes: attributesOf(random),
  exemplars: exemplarsOf(random),
});

const dataOf = (random: Random): object => {
  const dataPoints = Array.from({ length: random.below(3) }, () => pointOf(random));
  return random.pick([
    { gauge: { dataPoints } },
    { sum: { dataPoints, isMonotonic: true } },
    { sum: { dataPoints } },
    { histogram: { dataPoints } },
    { exponentialHistogram: { dataPoints } },
  ]);
};

const records = {
  traces: (random: Random): object => ({
    traceId: random.bytes(16),
    spanId: random.bytes(8),
    name: random.pick(["s.one", "span.s.two", "other"]),
    kind: random.below(6),
    status: { code: random.below(3) },
    attributes: attributesOf(random),
    events:
      random.below(3) === 0
        ? [{ name: random.pick(["e.one", "x"]), attributes: attributesOf(random) }]
        : [],
    links: random.below(4) === 0 ? [{ attributes: attributesOf(random) }] : [],
  }),
  metrics: (random: Random): object => ({
    name: random.pick(["m.one", "m.two", "m.other", "Bad"]),
    unit: random.pick(["s", "1", ""]),
    ...dataOf(random),
  }),
  logs: (random: Random): object => ({
    eventName: random.pick(["e.one", "e.two", "e.other", ""]),
    attributes: attributesOf(random),
  }),
};

export type Signal = keyof typeof records;
const parts = {
  traces: ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
  metrics: ["ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** A request with a few resources, scopes and records. */
export const requestOf = (random: Random, signal: Signal): Uint8Array => {
  const [message, resources, scopes, list] = parts[signal];
  const few = (make: () => object): object[] => Array.from({ length: 1 + random.below(3) }, make);
  const scope = (isOfNone: boolean): object => ({
    ...(random.below(2) === 0 ? { scope: { name: "s", attributes: attributesOf(random) } } : {}),
    [list]: isOfNone || random.below(4) > 0 ? few(() => records[signal](random)) : [],
  });
  const resource = (): object => {
    const isNone = random.below(4) === 0;
    const isEmpty = !isNone && random.below(8) === 0;
    return {
      ...(isNone ? {} : { resource: { attributes: attributesOf(random) } }),
      [scopes]: isEmpty ? [] : few(() => scope(isNone)),
    };
  };
  return protoEncode(message, { [resources]: few(resource) });
};
