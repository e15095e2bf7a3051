import { describe, expect, it } from "vitest";

import { namesMax, overflowName, Statistics } from "../../../engine/check/statistics.ts";
import { attribute, checkSamples, group, registryOf } from "./registries.ts";

const registry = registryOf(
  group("event", "event.done", { name: "job.done", attributes: [attribute("job.id")] }),
  group("event", "event.old", {
    name: "job.old",
    deprecated: { reason: "obsoleted", note: "" },
    attributes: [attribute("job.old", { deprecated: { reason: "obsoleted", note: "" } })],
  }),
  group("metric", "metric.size", { metric_name: "job.size" }),
);

describe("Statistics", () => {
  it("cover the registry without what is deprecated", () => {
    const { live } = checkSamples(registry, "weaver", [
      { log: { event_name: "job.done", attributes: [{ name: "job.old" }] } },
      { log: { event_name: "" } },
    ]);
    expect(live.statistics.report()).toMatchObject({
      seen_registry_attributes: { "job.id": 0 },
      seen_non_registry_attributes: { "job.old": 1 },
      seen_registry_events: { "job.done": 1 },
      seen_non_registry_events: {},
      registry_coverage: Math.fround(1 / 3),
    });
  });

  it("count violations by id and by span", () => {
    const span = (name: string): { readonly span: object } => ({
      span: { name, kind: "client", attributes: [{ name: "x.y" }] },
    });
    const { live } = checkSamples(registry, "weaver", [span("a"), span("b"), span("b")]);
    expect(live.statistics.report()).toMatchObject({
      total_validations: 6,
      total_violations: 3,
      violations_by_type: { missing_attribute: 3 },
      most_violated_spans: { b: 2, a: 1 },
    });
  });

  it("hold so many names and count the rest together", () => {
    const statistics = new Statistics(registry);
    for (let i = 0; i < namesMax + 5; i += 1) statistics.metrics.count(`m${i}`);
    statistics.metrics.count("m1");
    const counts = statistics.report()["seen_non_registry_metrics"] as { [name: string]: number };
    expect(Object.keys(counts)).toHaveLength(namesMax + 1);
    expect([counts["m1"], counts[overflowName]]).toEqual([2, 5]);
  });

  it("cover nothing of an empty registry", () => {
    expect(new Statistics(registryOf()).report()["registry_coverage"]).toBe(0);
  });
});
