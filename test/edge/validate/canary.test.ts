// Two versions of a registry side by side, on the whole way of a request: both are counted for every
// signal, the first alone decides.
import { expect, test } from "vitest";

import type { RegistryStore } from "../../../edge/registry/registry-holder.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import type { ResolvedGroup, ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { FakeEdge } from "../fake-edge.ts";

/** A definition of each signal that requires one attribute. */
const registry = (version: string, required: string): ResolvedRegistry => {
  const attributes: ResolvedGroup["attributes"] = [
    {
      name: required,
      type: "string",
      brief: "",
      requirement_level: "required",
      stability: "stable",
    },
  ];
  const group = (
    rest: Omit<ResolvedGroup, "brief" | "stability" | "attributes">,
  ): ResolvedGroup => ({ brief: "", stability: "stable", attributes, ...rest });
  return {
    registry_url: "",
    schema_url: "",
    version,
    groups: [
      group({ id: "bake", type: "span", span_kind: "internal" }),
      group({
        id: "metric.loaves",
        type: "metric",
        metric_name: "oven.loaves",
        instrument: "counter",
        unit: "{loaf}",
      }),
      group({ id: "event.burnt", type: "event", name: "oven.burnt" }),
    ],
  };
};

const compiled = (version: string, required: string): ArrayBuffer => {
  const result = compileRegistry(registry(version, required));
  if (!result.ok) throw new Error(result.problems.join());
  return result.bytes.slice().buffer;
};

/** A store whose pointer is the test's to change. */
const storeOf = (pointer: { text: string }): RegistryStore => {
  const tables = new Map([
    ["registry:one", compiled("one", "oven.one")],
    ["registry:two", compiled("two", "oven.two")],
  ]);
  const get = (key: string): Promise<string | ArrayBuffer | null> =>
    Promise.resolve(key === "registry" ? pointer.text : (tables.get(key) ?? null));
  return { get } as RegistryStore;
};

const attributes = [{ key: "oven.one", value: { stringValue: "x" } }];
const requests = {
  spans: [
    "/v1/traces",
    {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: "01".repeat(16),
                  spanId: "02".repeat(8),
                  name: "bake",
                  kind: 1,
                  attributes,
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  metrics: [
    "/v1/metrics",
    {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: "oven.loaves",
                  unit: "{loaf}",
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [{ asInt: "1", attributes }],
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  logs: [
    "/v1/logs",
    {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: "oven.burnt", attributes }] }] }],
    },
  ],
} as const;
const signals = ["spans", "metrics", "logs"] as const;

type Signal = (typeof signals)[number];
type Counts = { readonly findingsById: { readonly [id: string]: number } };
type Validation = { readonly [signal in Signal]: Counts } & {
  readonly canary: { readonly [signal in Signal]: Counts & { readonly records: number } } | null;
};

const post = async (edge: FakeEdge, signal: Signal): Promise<unknown> => {
  const [path, body] = requests[signal];
  const response = await edge.post(path, "application/json", JSON.stringify(body));
  return response.json();
};

const validationOf = async (edge: FakeEdge): Promise<Validation> => {
  const response = await edge.request("/status");
  return ((await response.json()) as { readonly validation: Validation }).validation;
};

const required = "required_attribute_not_present";

test.each(signals)(
  "%s: a canary that would reject is counted, and nothing is rejected",
  async (signal) => {
    const store = storeOf({ text: '{"current":"one","canary":"two"}' });
    const edge = new FakeEdge({}, true, { registries: store });
    expect(await post(edge, signal)).toEqual({});
    expect(edge.sent.map(({ items }) => items)).toEqual([1]);
    const { canary, [signal]: own } = await validationOf(edge);
    expect(own.findingsById[required]).toBeUndefined();
    expect(canary?.[signal]).toMatchObject({
      records: 1,
      findingsById: { [required]: 1 },
      recordsByDecision: { warn: 0, reject: 1, quarantine: 0 },
    });
    const metrics = await (await edge.request("/metrics")).text();
    expect(metrics).toContain(
      `weir_edge_canary_findings_total{signal="${signal}",finding="${required}"} 1`,
    );
  },
);

test.each(signals)(
  "%s: what the first rejects is rejected, whatever the canary says",
  async (signal) => {
    const store = storeOf({ text: '{"current":"two","canary":"one"}' });
    const edge = new FakeEdge({}, true, { registries: store });
    expect(JSON.stringify(await post(edge, signal))).toContain(`1 x ${required} oven.two`);
    const { canary, [signal]: own } = await validationOf(edge);
    expect(own.findingsById[required]).toBe(1);
    expect(canary?.[signal].records).toBe(1);
    expect(canary?.[signal].findingsById[required]).toBeUndefined();
  },
);

test.each(signals)("%s: another canary begins at zero, and none has no counts", async (signal) => {
  const pointer = { text: '{"current":"one","canary":"two"}' };
  const edge = new FakeEdge({}, true, { registries: storeOf(pointer) });
  await post(edge, signal);
  const next = async (text: string): Promise<Validation> => {
    pointer.text = text;
    edge.timeMs += 60_000;
    await validationOf(edge);
    await Promise.all(edge.background);
    await post(edge, signal);
    return validationOf(edge);
  };
  expect((await next('{"current":"one"}')).canary).toBeNull();
  const again = await next('{"current":"one","canary":"two"}');
  expect(again.canary?.[signal]).toMatchObject({ records: 1, findingsById: { [required]: 1 } });
});
