// A registry of the user's own in front of the real edge: its verdicts reach the sender, the topics
// and the ledger, and a changed file changes them without a restart of anything.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { openLog } from "../../engine/log/open-log.ts";
import { readRefused } from "../../schemas/rejected-value.ts";
import { readTopic } from "../read-topic.ts";
import { weir } from "./weir-process.ts";

const registry = (attribute: string): string => `groups:
  - id: bake
    type: span
    span_kind: internal
    stability: stable
    brief: Baking.
    attributes:
      - id: ${attribute}
        type: string
        stability: stable
        requirement_level: required
        brief: What is baked.
`;

const bake = (attribute: string) => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "bake",
  kind: 1,
  startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
  endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + 5n),
  attributes: [{ key: attribute, value: { stringValue: "bread" } }],
});

it("validates with the registry of --registry from the first request on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-validation-"));
  const models = join(folder, "bake.yaml");
  writeFileSync(models, registry("oven.good"));
  const data = join(folder, "data");
  const ports = ["--edge-port", "0", "--control-port", "0", "--log-port", "0", "--data", data];
  const policy = ["--registry", models.replace(/\/bake\.yaml$/, ""), "--sample", "1"];
  const up = weir("up", "--no-feed", ...ports, ...policy);
  const { ready } = (await up.line("ready")) as { ready: { edge: string } };
  const post = async (...spans: readonly object[]): Promise<unknown> => {
    const response = await fetch(`${ready.edge}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  expect(await post(bake("oven.good"), bake("oven.bad"))).toEqual({
    partialSuccess: {
      rejectedSpans: "1",
      errorMessage:
        "1 span rejected: 1 x required_attribute_not_present oven.good in bake (first: item 1)",
    },
  });
  up.child.kill("SIGINT");
  expect(await up.exited).toEqual({ code: 0, signal: null });
  expect(up.lines.at(-1)).toMatchObject({
    ledger: {
      balanced: true,
      signals: {
        spans: { in: 2, out: 1, rejected: { required_attribute_not_present: 1 }, inFlight: 0 },
      },
    },
  });
  const log = await openLog({ directory: join(data, "log") });
  const refused = (await readTopic(log, "weir-rejected")).flat();
  expect(refused.map(({ value }) => readRefused(value ?? new Uint8Array())?.head)).toMatchObject([
    { topic: "otlp_spans", mode: "reject", items: 1 },
  ]);
  await log.close();
  rmSync(folder, { recursive: true });
});

it("says why a registry cannot be used, and ends with code 1", async () => {
  const up = weir("up", "--no-feed", "--registry", "/nowhere", "--log-port", "0");
  expect((await up.exited).code).toBe(1);
  expect(up.stderr()).toMatch(/--registry: registry \/nowhere: /);
});
