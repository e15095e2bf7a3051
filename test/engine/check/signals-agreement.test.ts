// Random registries and random requests of all signals by the edge's checks over compiled tables and by
// this check over texts: what is told of each record, and of each resource with its scopes, is the same.
// What depends on the resource (entities) no verdict of a shape may keep.
import { describe, expect, it } from "vitest";

import { LiveCheck } from "../../../engine/check/live-check.ts";
import { otlpSamples } from "../../../engine/check/otlp-samples.ts";
import { defaultLimits, scanCode } from "../../../schemas/otlp/limits.ts";
import { logLayout, metricLayout } from "../../../schemas/otlp/record-layout.ts";
import { SignalScan } from "../../../schemas/otlp/signal-scan.ts";
import { finding, findingId, profileLevels } from "../../../schemas/validate/finding-table.ts";
import { type Found, foundStride } from "../../../schemas/validate/found.ts";
import { ValidationPlan } from "../../../schemas/validate/plan.ts";
import { SignalCheck } from "../../../schemas/validate/signal-check.ts";
import { TracePass } from "../../../schemas/validate/trace-pass.ts";
import type {
  EntityAssociation,
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../../schemas/weaver/resolved.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { rulesOf, tablesOf } from "../../oracles/validation-agreement.ts";
import { type Random, runSeed, seeded } from "../../random.ts";
import { adviceIn, attribute, enumOf, group, registryOf } from "./registries.ts";

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

const registryFrom = (random: Random): ResolvedRegistry => {
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

type Signal = keyof typeof records;
const parts = {
  traces: ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
  metrics: ["ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;

const requestOf = (random: Random, signal: Signal): Uint8Array => {
  const [message, resources, scopes, list] = parts[signal];
  const few = (make: () => object): object[] => Array.from({ length: 1 + random.below(3) }, make);
  const scope = (): object => ({
    ...(random.below(2) === 0 ? { scope: { name: "s", attributes: attributesOf(random) } } : {}),
    [list]: few(() => records[signal](random)),
  });
  const resource = (): object => ({
    ...(random.below(4) > 0 ? { resource: { attributes: attributesOf(random) } } : {}),
    [scopes]: few(scope),
  });
  return protoEncode(message, { [resources]: few(resource) });
};

const told = (ids: ReadonlyMap<string, string[]>): string[] =>
  [...ids].map(([part, found]) => `${part}: ${found.toSorted().join(" ")}`).toSorted();

const noted = (ids: Map<string, string[]>, part: string, found: readonly string[]): void => {
  if (found.length > 0) ids.set(part, [...(ids.get(part) ?? []), ...found]);
};

const ofFound = ({ rows, count }: Found): string[] => {
  const ids = new Map<string, string[]>();
  for (let row = 0; row < count * foundStride; row += foundStride) {
    const record = rows[row + 2] ?? 0;
    const part = record < 0 ? `resource ${-1 - record}` : `record ${record}`;
    noted(ids, part, [findingId(rows[row] ?? 0)]);
  }
  return told(ids);
};

/** By shapes that the first run has made, and the same without them. */
const ofSpans = (plan: ValidationPlan, request: Uint8Array): string[] => {
  const [direct = [], ...others] = [false, true, true].map((usesShapes) => {
    const pass = new TracePass(plan, undefined, usesShapes);
    expect(pass.run(request, plan, { partitions: 6, unkeyed: 0 })).toBe(scanCode.ok);
    return ofFound(pass.found);
  });
  for (const found of others) expect(found).toEqual(direct);
  return direct;
};

const byEdge = (plan: ValidationPlan, signal: Signal, request: Uint8Array): string[] => {
  if (signal === "traces") return ofSpans(plan, request);
  const scan = new SignalScan(signal === "logs" ? logLayout : metricLayout, defaultLimits);
  expect(scan.scan(request, 0, request.length)).toBe(scanCode.ok);
  const check = new SignalCheck(signal);
  check.run(scan, plan, new Int32Array(scan.count));
  return ofFound(check.found);
};

const prose = findingId(finding.conditionalAttribute);

const byCheck = (registry: ResolvedRegistry, signal: Signal, request: Uint8Array): string[] => {
  const live = new LiveCheck(registry, "weir");
  const read = otlpSamples(request, signal);
  if ("fault" in read) throw new Error(read.fault);
  const ids = new Map<string, string[]>();
  let resource = -1;
  let record = -1;
  let attributes: readonly unknown[] | undefined;
  for (const sample of read.samples) {
    live.check(sample);
    const isRecord = sample.kind === "span" || sample.kind === "metric" || sample.kind === "log";
    if (isRecord) record += 1;
    if (sample.resource !== attributes) resource += 1;
    attributes = sample.resource;
    // The edge tells a span nothing that nobody can decide.
    const found = adviceIn(sample.body).filter(
      ({ id, context }) =>
        signal !== "traces" || id !== prose || context["condition"] !== undefined,
    );
    const part = isRecord ? `record ${record}` : `resource ${resource}`;
    noted(
      ids,
      part,
      found.map(({ id }) => id),
    );
  }
  return told(ids);
};

const roundsOf = (signal: Signal, rounds: number): void => {
  const random = seeded(runSeed(`agreement of ${signal}`));
  for (let round = 0; round < rounds; round += 1) {
    const registry = registryFrom(random);
    const tables = tablesOf(registry);
    const levels = profileLevels("weir");
    const plan = new ValidationPlan({ tables, levels, rules: rulesOf([]) });
    for (let i = 0; i < 8; i += 1) {
      const request = requestOf(random, signal);
      expect(byEdge(plan, signal, request)).toEqual(byCheck(registry, signal, request));
    }
  }
};

describe("the edge and weir check find the same by random registries", () => {
  it.each(["traces", "metrics", "logs"] as const)("in %s", (signal) => {
    roundsOf(signal, 60);
  });
});
