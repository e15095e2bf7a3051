import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { prometheusPage } from "../../../engine/control/prometheus.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";
import { metrics } from "../../../engine/metrics/table.ts";
import type { RequirementLevel } from "../../../schemas/weaver/resolved.ts";
import { resolved } from "./written-registry.ts";

const own = resolved(fileURLToPath(new URL("../../../schemas/registry", import.meta.url)));

const levels = (id: string): Record<string, RequirementLevel> =>
  Object.fromEntries(
    own.group(id).attributes.map(({ name, requirement_level: level }) => [name, level]),
  );

describe("our own registry", () => {
  test("resolves with neither error nor warning", () => {
    expect(own.problems).toEqual([]);
  });

  test("has the spans of workflows with the attributes they need", () => {
    expect(levels("workflow.execute")).toMatchObject({
      "workflow.id": "required",
      "workflow.pattern": "required",
      "workflow.case_id": "opt_in",
    });
    expect(levels("task.execute")["task.id"]).toBe("required");
    expect(levels("pattern.execute")).toEqual({
      "pattern.id": "required",
      "pattern.name": "required",
    });
  });

  test("has the market events", () => {
    const names = own.groups.filter(({ type }) => type === "event").map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "market.depth",
        "market.trade",
        "market.transaction",
        "sniffer.candidate",
      ]),
    );
  });

  test("names each metric of the engine's table with its kind and labels", () => {
    for (const { name, kind, labels } of Object.values(metrics)) {
      const group = own.group(`metric.${name}`);
      expect(group).toMatchObject({ metric_name: name, instrument: kind });
      expect(group.attributes.map((one) => one.name)).toEqual(Object.keys(labels).toSorted());
    }
  });

  test("names everything that /metrics shows", async () => {
    const memory = createEngineMemory();
    const page = prometheusPage(() => takeSnapshot(memory), new StageMetricsSet());
    const shown = [...(await page.render()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const known = own.groups.flatMap(({ metric_name: name }) => name ?? []);
    expect(shown.length).toBeGreaterThan(20);
    expect(known).toEqual(expect.arrayContaining(shown));
  });
});
