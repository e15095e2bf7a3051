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

test("what is wrong with a key under a template names the key, as weir check does", async () => {
  const get = (key: string): Promise<string | ArrayBuffer> =>
    Promise.resolve(key === "registry" ? JSON.stringify({ current: "one" }) : compiled());
  const edge = new FakeEdge({}, true, { registries: { get } as RegistryStore });
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
      message: "Attribute 'oven.heat.top' has not the type of the registry.",
    }),
  );
});
