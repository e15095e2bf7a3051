// Validation and sampling on the whole way of a request: what the sender is told, what goes to which
// topic, and what is counted.
import protobuf from "protobufjs";
import { expect, test } from "vitest";

import { refusedOutcome } from "../../../edge/forward/forward-outcome.ts";
import type { OutgoingRecord } from "../../../edge/route/outgoing-record.ts";
import { readRefused } from "../../../schemas/rejected-value.ts";
import { FakeEdge } from "../fake-edge.ts";
import { field } from "../protobuf-bytes.ts";

type Attributes = { readonly [key: string]: string };

const keyValues = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const span = (name: string, attributes: Attributes, at = 1, kind = 1) => ({
  traceId: at.toString(16).padStart(32, "0"),
  spanId: at.toString(16).padStart(16, "0"),
  name,
  kind,
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
  attributes: keyValues(attributes),
});

const good = { "workflow.id": "w-1", "workflow.pattern": "sequence" };
const post = (edge: FakeEdge, ...spans: readonly object[]): Promise<Response> =>
  edge.post(
    "/v1/traces",
    "application/json",
    JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] }),
  );

const sent = (edge: FakeEdge): readonly OutgoingRecord[] =>
  edge.sends.flatMap(({ records }) => records);
const refusedOf = (edge: FakeEdge) =>
  sent(edge)
    .filter(({ topic }) => topic === "weir-rejected")
    .map(({ value }) => readRefused(value));

/** Names of the spans in a request, by a decoder that is not ours. */
const namesIn = (value: Uint8Array): readonly string[] => {
  const names: string[] = [];
  const walk = (bytes: Uint8Array, path: readonly number[]): void => {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 !== path[0] || (tag & 7) !== 2) reader.skipType(tag & 7);
      else if (path.length === 1) names.push(reader.string());
      else walk(reader.bytes(), path.slice(1));
    }
  };
  walk(value, [1, 2, 2, 5]);
  return names;
};

test("a span that contradicts its definition is rejected by name, the others go on", async () => {
  const edge = new FakeEdge();
  const bad = span("workflow.execute", { "workflow.id": "w-2" }, 2);
  const response = await post(edge, span("workflow.execute", good), bad, bad, span("x", {}, 3));
  const { partialSuccess } = (await response.json()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  expect(partialSuccess.rejectedSpans).toBe("2");
  expect(partialSuccess.errorMessage).toContain(
    "2 spans rejected: 2 x required_attribute_not_present workflow.pattern in workflow.execute",
  );
  const kept = sent(edge).filter(({ topic }) => topic === "otlp_spans");
  expect(kept.flatMap(({ value }) => namesIn(value)).toSorted()).toEqual(["workflow.execute", "x"]);
  const { spans } = edge.edge.counters.snapshot()["signals"] as { spans: object };
  expect(spans).toMatchObject({
    in: 4,
    accepted: 2,
    rejected: { required_attribute_not_present: 2 },
    inFlight: 0,
  });
});

test("a key that is no UTF-8 is told with the place of its own attribute", async () => {
  const ids = [field(1, new Uint8Array(16).fill(1)), field(2, new Uint8Array(8).fill(2))];
  const attribute = field(9, field(1, Uint8Array.of(0xff)), field(2, field(1, "x")));
  const body = field(1, field(2, field(2, ...ids, attribute)));
  const response = await new FakeEdge().post("/v1/traces", "application/x-protobuf", body);
  const place = body.byteLength - attribute.byteLength;
  expect(response.status).toBe(400);
  expect(new TextDecoder().decode(await response.bytes())).toContain(`UTF-8, at byte ${place}`);
});

test("a long name is told in part, and no character of it is cut in two", async () => {
  const wrong = { ...span(`a${"€".repeat(50)}`, {}), attributes: [] as object[] };
  wrong.attributes.push({ key: "http.response.status_code", value: { boolValue: true } });
  const { partialSuccess } = (await (await post(new FakeEdge(), wrong)).json()) as {
    partialSuccess: { errorMessage: string };
  };
  expect(partialSuccess.errorMessage).toContain(` in a${"€".repeat(39)} (first`);
});

test("what is refused stands on weir-rejected with its original and its findings", async () => {
  const edge = new FakeEdge();
  await post(edge, span("x", {}), span("workflow.execute", { "workflow.id": "w" }, 2));
  const [refused, ...others] = refusedOf(edge);
  expect(others).toEqual([]);
  expect(refused?.head).toMatchObject({ topic: "otlp_spans", mode: "reject", items: 1 });
  expect(refused?.head.registry).toBe(edge.edge.registries.current.version);
  expect(refused?.head.findings).toContainEqual(
    expect.objectContaining({
      item: 0,
      id: "required_attribute_not_present",
      level: "violation",
      signal: "workflow.execute",
      message: "Required attribute 'workflow.pattern' is not present.",
    }),
  );
  expect(namesIn(refused?.original ?? new Uint8Array())).toEqual(["workflow.execute"]);
});

test("each finding on weir-rejected says which attribute it is about and what the registry wants", async () => {
  const edge = new FakeEdge();
  const wrong = { ...span("x", {}), attributes: [] as object[] };
  const add = (key: string, value: object): number => wrong.attributes.push({ key, value });
  add("http.response.status_code", { intValue: "99" });
  add("http.request.method", { stringValue: "FETCH" });
  add("workflow.id", { boolValue: true });
  await post(edge, wrong);
  const [refused] = refusedOf(edge);
  const told = refused?.head.findings.filter(({ level }) => level === "violation");
  expect(told?.map(({ id, message }) => `${id}: ${message}`).toSorted()).toEqual([
    "invalid_value: Attribute 'http.response.status_code' is 99, minimum 100.",
    "type_mismatch: Attribute 'workflow.id' has type 'boolean'. Type should be 'string'.",
    "undefined_enum_variant: Enum attribute 'http.request.method' has value 'FETCH' which is not documented.",
  ]);
});

test("a finding on a late one of more attributes than usual names its own key", async () => {
  const rules = JSON.stringify([{ mode: "reject", finding: "missing_namespace" }]);
  const edge = new FakeEdge({ ATTRIBUTES_MAX: "8192", VALIDATION_RULES: rules });
  const keys = Array.from({ length: 5000 }, (_, at) => `service.k${at}`);
  const attributes = [...keys, "never"].map((key) => ({ key, value: { stringValue: "x" } }));
  const response = await post(edge, { ...span("x", {}), attributes });
  expect(await response.text()).toContain("1 x missing_namespace never in x");
});

test("a finding on a late one of an event's many attributes names no other event's key", async () => {
  const rules = JSON.stringify([{ mode: "reject", finding: "missing_namespace" }]);
  const edge = new FakeEdge({ ATTRIBUTES_MAX: "8192", VALIDATION_RULES: rules });
  const attributesOf = (count: number, last: string): object[] =>
    [...Array.from({ length: count }, (_, at) => `service.k${at}`), last].map((key) => ({
      key,
      value: { stringValue: "x" },
    }));
  const events = [
    { attributes: attributesOf(5000, "never") },
    { attributes: attributesOf(2000, "a.b") },
  ];
  const response = await post(edge, { ...span("x", {}), events });
  expect(await response.text()).toContain("1 x missing_namespace in x");
});

test("findings on names that are long in JSON leave the original whole", async () => {
  const edge = new FakeEdge();
  const strange = "\u0001".repeat(120);
  const spans = Array.from({ length: 100 }, (_, at) => ({
    ...span(strange, {}, at + 1),
    attributes: [
      { key: "workflow.id", value: { boolValue: true } },
      { key: strange, value: { stringValue: "x".repeat(9_400) } },
    ],
  }));
  await post(edge, ...spans);
  const [refused, ...others] = refusedOf(edge);
  expect(others).toEqual([]);
  expect(refused?.head.cut).toBeUndefined();
  expect(namesIn(refused?.original ?? new Uint8Array())).toHaveLength(100);
  const { findings = [], itemsOmitted } = refused?.head ?? {};
  expect(new Set(findings.map(({ item }) => item)).size + (itemsOmitted ?? 0)).toBe(100);
});

const within = (resource: object, scope: object, spans: readonly object[]): string =>
  JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });

test("a span that is out for its resource or scope is told so, by the attribute there", async () => {
  const mode = { mode: "reject", finding: "missing_attribute", signal: "resource" };
  const edge = new FakeEdge({ VALIDATION_RULES: JSON.stringify([mode]) });
  const never = { attributes: keyValues({ "never.heard": "x" }) };
  const told: unknown[] = [];
  for (const [resource, scope] of [
    [never, {}],
    [{}, { name: "s", ...never }],
  ] as const) {
    const body = within(resource, scope, [span("x", {})]);
    const answer = (await (await edge.post("/v1/traces", "application/json", body)).json()) as {
      partialSuccess: { errorMessage: string };
    };
    told.push(answer.partialSuccess.errorMessage);
  }
  expect(told).toEqual([
    "1 span rejected: 1 x missing_attribute never.heard in its resource (first: item 0)",
    "1 span rejected: 1 x missing_attribute never.heard in its scope (first: item 0)",
  ]);
  expect(refusedOf(edge).map((refused) => refused?.head.findings[0])).toMatchObject(
    Array.from({ length: 2 }, () => ({
      id: "missing_attribute",
      message: "Attribute 'never.heard' does not exist in the registry.",
    })),
  );
});

test("a resource that contradicts the registry is told, also when nothing else is to be said", async () => {
  const resource = { attributes: [{ key: "workflow.id", value: { boolValue: true } }] };
  const body = within(resource, {}, [span("workflow.execute", good)]);
  const response = await new FakeEdge().post("/v1/traces", "application/json", body);
  expect(await response.json()).toEqual({
    partialSuccess: {
      errorMessage: expect.stringContaining("type_mismatch workflow.id in its resource") as unknown,
    },
  });
});

test("profile weaver binds neither spans nor their events to definitions, as Weaver does", async () => {
  const edge = new FakeEdge({ VALIDATION_PROFILE: "weaver" });
  const response = await post(edge, span("workflow.execute", { "workflow.id": "w" }));
  expect(await response.text()).toBe("{}");
  expect(edge.edge.passes.spans.report.counts.snapshot()["findingsById"]).not.toHaveProperty(
    "required_attribute_not_present",
  );
});

test("what the registry does not know is counted, and the sender hears nothing of it", async () => {
  const edge = new FakeEdge();
  const response = await post(edge, span("unknown", { "never.heard": "x" }));
  expect([response.status, await response.text()]).toEqual([200, "{}"]);
  expect(refusedOf(edge)).toEqual([]);
  expect(edge.edge.passes.spans.report.counts.snapshot()).toMatchObject({
    records: 1,
    findingsById: { schema_not_found: 1, missing_attribute: 1 },
    recordsByDecision: { warn: 1, reject: 0, quarantine: 0 },
  });
});

test("quarantine takes a span aside: not rejected, not on its topic", async () => {
  const rules = [{ mode: "quarantine", finding: "missing_attribute", name: "pay*" }];
  const edge = new FakeEdge({ VALIDATION_RULES: JSON.stringify(rules) });
  const unknown = { "never.heard": "x" };
  const response = await post(edge, span("payment", unknown), span("other", unknown, 2));
  expect(await response.json()).toEqual({
    partialSuccess: {
      errorMessage: "1 span in quarantine: 1 x missing_attribute never.heard in payment",
    },
  });
  expect(refusedOf(edge)[0]?.head).toMatchObject({ mode: "quarantine", items: 1 });
  const { spans } = edge.edge.counters.snapshot()["signals"] as { spans: object };
  expect(spans).toMatchObject({ in: 2, accepted: 1, dropped: { quarantined: 1 }, inFlight: 0 });
});

test("rules can turn rejection into a warning, which the sender is told", async () => {
  const edge = new FakeEdge({ VALIDATION_RULES: '[{"mode":"warn"}]' });
  const response = await post(edge, span("workflow.execute", { "workflow.id": "w" }));
  expect(await response.json()).toEqual({
    partialSuccess: {
      errorMessage:
        "warnings: 1 x required_attribute_not_present workflow.pattern in workflow.execute",
    },
  });
});

const unknownSpans = [
  span("payment", { "never.heard": "x" }),
  span("other", { "never.heard": "x" }, 2),
];
const ofPayment = "missing_attribute never.heard in payment";
const ofOther = "missing_attribute never.heard in other";

test.each([
  [{ finding: "missing_attribute" }, `1 x ${ofPayment}, 1 x ${ofOther}`],
  [{ finding: "missing_attribute", name: "pay*" }, `1 x ${ofPayment}`],
  [{ finding: "missing_attribute", signal: "log" }, null],
  [{ name: "pay*" }, null],
])(
  "a rule that warns of %j asks to be told of it, one of everything does not",
  async (of, told) => {
    const rules = [
      { mode: "off", finding: "schema_not_found" },
      { mode: "warn", ...of },
    ];
    const edge = new FakeEdge({ VALIDATION_RULES: JSON.stringify(rules) });
    const response = await post(edge, ...unknownSpans);
    const expected = { partialSuccess: { errorMessage: `warnings: ${told}` } };
    expect(await response.json()).toEqual(told === null ? {} : expected);
  },
);

test("a rule that warns from a level on asks to be told of all of it, unless another is before it", async () => {
  const rules = [
    { mode: "off", finding: "missing_attribute" },
    { mode: "warn", level: "information" },
  ];
  const edge = new FakeEdge({ VALIDATION_RULES: JSON.stringify(rules) });
  const answer = await (await post(edge, ...unknownSpans)).json();
  expect(answer).toEqual({
    partialSuccess: {
      errorMessage: "warnings: 1 x schema_not_found in payment, 1 x schema_not_found in other",
    },
  });
});

test("with profile off nothing is found, but what is no OTLP is still refused", async () => {
  const edge = new FakeEdge({ VALIDATION_PROFILE: "off" });
  const response = await post(edge, span("workflow.execute", {}));
  expect(await response.text()).toBe("{}");
  const bytes = Uint8Array.of(0x0a, 0x02, 0xff);
  expect((await edge.post("/v1/traces", "application/x-protobuf", bytes)).status).toBe(400);
});

test("sampled-out spans are counted as such and go nowhere; the law holds", async () => {
  const edge = new FakeEdge({ SAMPLE: "on", SAMPLE_RATE: "0.1" });
  const spans = Array.from({ length: 500 }, (_, at) => ({
    ...span("x", {}, at),
    traceId: (BigInt(at + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n)
      .toString(16)
      .slice(-32)
      .padStart(32, "0"),
  }));
  const response = await post(edge, ...spans, span("workflow.execute", {}, 9));
  expect(response.status).toBe(200);
  const counts = (edge.edge.counters.snapshot()["signals"] as { spans: Record<string, number> })
    .spans;
  const { accepted = 0, sampledOut = 0 } = counts;
  expect(accepted + sampledOut).toBe(500);
  expect(accepted).toBeGreaterThan(20);
  expect(accepted).toBeLessThan(90);
  expect(counts["inFlight"]).toBe(0);
});

test.each([
  ["items", { REQUEST_ITEMS_MAX: "8" }, 2],
  ["bytes of records", { RECORDS_BYTES_MAX: "1048576" }, 300_000],
] as const)("nothing of a request with too many %s is counted", async (_, limit, nameChars) => {
  const edge = new FakeEdge({ SAMPLE: "on", ...limit });
  const name = "n".repeat(nameChars);
  const resource = { attributes: keyValues({ "service.name": name }) };
  const bad = span("workflow.execute", { "workflow.id": "w" }, 1);
  const errors = Array.from({ length: 12 }, (__, at) => ({
    ...span("x", { "never.heard": "x" }, at + 2),
    status: { code: 2 },
  }));
  const body = { resourceSpans: [{ resource, scopeSpans: [{ spans: [bad, ...errors] }] }] };
  const type = "application/json";
  expect((await edge.post("/v1/traces", type, JSON.stringify(body))).status).toBe(413);
  expect(edge.edge.passes.spans.report.counts.snapshot()).toMatchObject({
    records: 0,
    recordsByDecision: { warn: 0, reject: 0, quarantine: 0 },
    findings: 0,
    mostViolated: {},
  });
  expect(edge.edge.sampler!.snapshot()).not.toMatchObject({
    default: { spans: { effectiveRate: expect.any(Number) as number } },
  });
  expect((await post(edge, bad)).status).toBe(200);
  expect(edge.edge.passes.spans.report.counts.snapshot()).toMatchObject({
    records: 1,
    mostViolated: { "workflow.execute": 1 },
  });
});

test("a log that is slow or full lowers the base rate, one that is quick again restores it", async () => {
  const edge = new FakeEdge({ SAMPLE: "on", SAMPLE_RATE: "0.5" }, false);
  const base = (): number =>
    (edge.edge.sampler!.snapshot()["default"] as { baseRate: number }).baseRate;
  const exchange = async (waitMs: number, code: "acknowledged" | "overloaded"): Promise<void> => {
    const answer = post(edge, { ...span("x", {}), status: { code: 2 } });
    const sends = edge.sends.length;
    await expect.poll(() => edge.sends.length).toBe(sends + 1);
    edge.timeMs += waitMs;
    edge.sends.at(-1)?.answer(code === "acknowledged" ? { code } : refusedOutcome(code, "", 1));
    await answer;
  };
  await exchange(0, "acknowledged");
  expect(base()).toBe(0.5);
  await exchange(9000, "acknowledged");
  await exchange(1500, "overloaded");
  await exchange(1500, "acknowledged");
  expect(base()).toBeLessThan(0.2);
  for (let i = 0; i < 30; i += 1) await exchange(1000, "acknowledged");
  expect(base()).toBe(0.5);
});

test("telemetry of strangers, by other conventions, is not refused by our own registry", async () => {
  const edge = new FakeEdge();
  const old = { "http.method": "GET", "http.url": "http://a/x", userId: "7" };
  const kinds = [0, 1, 2, 3, 4, 5].map((kind) => span("GET /x", old, kind + 1, kind));
  const response = await post(edge, ...kinds, span("lets-go", {}, 9), span("", {}, 10));
  expect([response.status, await response.text()]).toEqual([200, "{}"]);
});
