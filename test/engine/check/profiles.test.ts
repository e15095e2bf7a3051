import { describe, expect, it } from "vitest";

import type { Json } from "../../../engine/check/exact-json.ts";
import { key, metric, registry, span } from "./case-registry.ts";
import { attribute, checkSamples, group, registryOf } from "./registries.ts";

const ids = (samples: readonly Json[], profile: "weaver" | "weir"): string[] =>
  checkSamples(registry, profile, samples)
    .advice.flat()
    .map(({ id }) => id);

describe("the profiles", () => {
  it("take a long name for well-formed when it is, as the edge does", () => {
    for (const name of [`b.${"x".repeat(2000)}`, `b${".x".repeat(100_000)}`]) {
      expect(ids([key(name)], "weaver")).toEqual(["missing_attribute"]);
      expect(ids([key(`${name}.`)], "weir")).toEqual(["missing_attribute", "invalid_format"]);
    }
  });

  it("differ in the dot behind a template", () => {
    expect(ids([key("a.headers.x")], "weaver")).toEqual(["template_attribute"]);
    expect(ids([key("a.headers.x")], "weir")).toEqual(["missing_attribute", "extends_namespace"]);
    expect(ids([key("a.header")], "weaver")).toEqual(["template_attribute"]);
    expect(ids([key("a.header.")], "weir")).toContain("missing_attribute");
  });

  it("differ in that weir suggests the new name", () => {
    const { advice } = checkSamples(registry, "weir", [key("a.old")]);
    expect(advice[0]?.[0]?.context).toMatchObject({ renamed_to: "a.text" });
  });

  it("take ints for doubles and anything for any", () => {
    const doubles = registryOf(
      group("attribute_group", "g", {
        attributes: [
          attribute("n.double", { type: "double" }),
          attribute("n.doubles", { type: "double[]" }),
          attribute("n.any", { type: "any" }),
          attribute("n.ints", { type: "int[]" }),
        ],
      }),
    );
    const good = [key("n.double", 1), key("n.doubles", [1, 2]), key("n.any", true)];
    for (const profile of ["weaver", "weir"] as const) {
      expect(checkSamples(doubles, profile, good).advice.flat()).toEqual([]);
      const [bad] = checkSamples(doubles, profile, [key("n.ints", [1, 2.5])]).advice;
      expect(bad).toMatchObject([
        { id: "type_mismatch", context: { attribute_type: "double[]", expected: "int[]" } },
      ]);
    }
  });

  it("differ in values that Weaver has no type for: maps, mixed and empty arrays", () => {
    const samples = (): Json[] => [
      key("a.text", { b: 1 }),
      key("a.text", [1, "b"]),
      key("a.text", []),
    ];
    const weir = checkSamples(registry, "weir", samples()).advice.flat();
    expect(weir.map(({ id, context }) => [id, context["attribute_type"]])).toEqual([
      ["type_mismatch", "map"],
      ["type_mismatch", "mixed[]"],
      ["type_mismatch", "[]"],
    ]);
    expect(ids(samples(), "weaver")).toEqual([]);
    const lists = registryOf(
      group("attribute_group", "g", { attributes: [attribute("n.list", { type: "int[]" })] }),
    );
    expect(checkSamples(lists, "weir", [key("n.list", [])]).advice.flat()).toEqual([]);
  });

  it("differ in which keys make a template of a definition present, and one of an entity", () => {
    const header = attribute("t.header", {
      type: "template[string]",
      requirement_level: "required",
    });
    const templates = registryOf(
      group("attribute_group", "g", { attributes: [attribute("t.header.own")] }),
      group("entity", "entity.e", { name: "e", attributes: [header] }),
      group("event", "event.e", { name: "e.e", attributes: [header], entity_associations: ["e"] }),
    );
    const absent = (profile: "weaver" | "weir", name: string): readonly string[] => {
      const attributes = [{ name, value: "x" }];
      const samples = [{ resource: { attributes } }, { log: { event_name: "e.e", attributes } }];
      return checkSamples(templates, profile, samples)
        .advice.flat()
        .map(({ id }) => id)
        .filter((id) => id.endsWith("not_present"));
    };
    const ofBoth = ["required_attribute_not_present", "entity_required_attribute_not_present"];
    expect(absent("weir", "t.header.x")).toEqual([]);
    expect(absent("weir", "t.header.own")).toEqual(ofBoth);
    for (const name of ["t.header.x", "t.header.own", "t.headerx"])
      expect(absent("weaver", name)).toEqual([ofBoth[1]]);
    expect(absent("weaver", "t.header")).toEqual([]);
    expect(absent("weaver", "other")).toEqual(ofBoth);
  });

  it("check nothing of a span but its attributes in profile weaver", () => {
    expect(ids([span({ kind: "client", attributes: [] })], "weaver")).toEqual([]);
  });

  it("hold an event of a span to the event of its name in profile weir", () => {
    const samples = [span({ span_events: [{ name: "job.done", attributes: [] }] })];
    expect(ids(samples, "weir")).toEqual(["required_attribute_not_present"]);
    expect(ids(samples, "weaver")).toEqual([]);
  });

  it("check exemplars, links and scopes for their attributes only", () => {
    const unknown = [{ name: "b.unknown", value: 1 }];
    const point = {
      attributes: [
        { name: "a.text", value: "x" },
        { name: "a.number", value: 2 },
        { name: "a.enum", value: "on" },
        { name: "a.short", value: "x" },
      ],
      value: 1,
      exemplars: [{ filtered_attributes: unknown, value: 1 }],
    };
    const samples = [
      metric({ data_points: [point] }),
      span({ span_links: [{ attributes: unknown }] }),
      { instrumentation_scope: { name: "lib", attributes: unknown } },
    ];
    for (const profile of ["weaver", "weir"] as const) {
      expect(ids(samples, profile)).toEqual(Array(3).fill("missing_attribute"));
    }
  });
});
