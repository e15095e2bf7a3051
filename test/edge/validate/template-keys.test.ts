// A registry with a template: what contradicts it is told by the key that the sender wrote.
import { expect, test } from "vitest";

import type { RegistryStore } from "../../../edge/registry/registry-holder.ts";
import { readRefused } from "../../../schemas/rejected-value.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import { FakeEdge } from "../fake-edge.ts";

const compiled = (): ArrayBuffer => {
  const result = compileRegistry({
    registry_url: "",
    schema_url: "",
    version: "one",
    groups: [
      {
        id: "bake",
        type: "span",
        brief: "",
        stability: "stable",
        attributes: [
          {
            name: "oven.heat",
            type: "template[int]",
            brief: "",
            requirement_level: "recommended",
            stability: "stable",
          },
        ],
      },
    ],
  });
  if (!result.ok) throw new Error(result.problems.join());
  return result.bytes.slice().buffer;
};

const edgeWithTemplate = (): FakeEdge => {
  const get = (key: string): Promise<string | ArrayBuffer> =>
    Promise.resolve(key === "registry" ? JSON.stringify({ current: "one" }) : compiled());
  return new FakeEdge({}, true, { registries: { get } as RegistryStore });
};

test("what is wrong with a key under a template names the key, as weir check does", async () => {
  const edge = edgeWithTemplate();
  const attributes = [{ key: "oven.heat.top", value: { boolValue: true } }];
  const span = { traceId: "01".repeat(16), spanId: "02".repeat(8), name: "bake", attributes };
  const body = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  const response = await edge.post("/v1/traces", "application/json", JSON.stringify(body));
  expect(await response.json()).toMatchObject({
    partialSuccess: {
      errorMessage: "1 span rejected: 1 x type_mismatch oven.heat.top in bake (first: item 0)",
    },
  });
  const [refused] = edge.sends
    .flatMap(({ records }) => records)
    .filter(({ topic }) => topic === "weir-rejected")
    .map(({ value }) => readRefused(value));
  expect(refused?.head.findings).toContainEqual(
    expect.objectContaining({
      id: "type_mismatch",
      message: "Attribute 'oven.heat.top' has type 'boolean'. Type should be 'int'.",
    }),
  );
});

const bad = [
  { key: "flour", value: { stringValue: "rye" } },
  { key: "oven.heat.low", value: { boolValue: true } },
];
const ids = { traceId: "01".repeat(16), spanId: "02".repeat(8) };
const pointsOf = (kind: string): object => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        { metrics: [{ name: "loaves", [kind]: { dataPoints: [{}, { attributes: bad }] } }] },
      ],
    },
  ],
});
const exemplarsOf = (kind: string): object => {
  const dataPoints = [
    { exemplars: [{ filteredAttributes: [] }, {}] },
    { exemplars: [{}, { filteredAttributes: bad }] },
  ];
  return {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "l", [kind]: { dataPoints } }] }] }],
  };
};
const spanWith = (part: object): object => ({
  resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, name: "bake", ...part }] }] }],
});

test.each([
  ["event", "/v1/traces", spanWith({ events: [{}, { attributes: bad }] })],
  ["link", "/v1/traces", spanWith({ links: [ids, { ...ids, attributes: bad }] })],
  ["point of a gauge", "/v1/metrics", pointsOf("gauge")],
  ["point of a histogram", "/v1/metrics", pointsOf("histogram")],
  ["point of an exponential one", "/v1/metrics", pointsOf("exponentialHistogram")],
  ["point of a summary", "/v1/metrics", pointsOf("summary")],
  ["exemplar", "/v1/metrics", exemplarsOf("gauge")],
  ["exemplar of a histogram", "/v1/metrics", exemplarsOf("histogram")],
])("what is wrong with the attributes of an %s names their keys", async (_, path, body) => {
  const edge = edgeWithTemplate();
  const response = await edge.post(path, "application/json", JSON.stringify(body));
  expect(await response.text()).toContain("x type_mismatch oven.heat.low in ");
  const messages = edge.sends
    .flatMap(({ records }) => records)
    .filter(({ topic }) => topic === "weir-rejected")
    .flatMap(({ value }) => readRefused(value)?.head.findings ?? [])
    .map(({ message }) => message);
  expect(messages).toContain("Attribute 'flour' does not exist in the registry.");
  expect(messages).toContain("Attribute 'oven.heat.low' has type 'boolean'. Type should be 'int'.");
});
