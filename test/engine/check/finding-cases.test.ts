// One case per finding: a registry and a sample that has it, the context, and the level in each
// profile (null = the profile does not report it).
import { describe, expect, it } from "vitest";

import type { Json } from "../../../engine/check/exact-json.ts";
import { findingIds } from "../../../schemas/validate/finding-table.ts";
import { key, log, metric, registry, resource, span } from "./case-registry.ts";
import { checkSamples } from "./registries.ts";

type Case = {
  readonly id: string;
  readonly samples: readonly Json[];
  readonly context: Json;
  readonly weaver: string | null;
  readonly weir: string | null;
};

const emptyPoint = metric({ data_points: [{ attributes: [], value: 1 }] });
const twoLevels = (weaver: string | null, weir: string | null): Pick<Case, "weaver" | "weir"> => ({
  weaver,
  weir,
});
const violation = twoLevels("violation", "violation");
const improvement = twoLevels("improvement", "improvement");
const information = twoLevels("information", "information");
const ours = twoLevels(null, "violation");

const cases: readonly Case[] = [
  {
    id: "missing_attribute",
    samples: [key("b.unknown")],
    context: { attribute_key: "b.unknown" },
    ...twoLevels("violation", "improvement"),
  },
  {
    id: "template_attribute",
    samples: [key("a.header.accept", ["x"])],
    context: { attribute_key: "a.header.accept", template_name: "a.header" },
    ...information,
  },
  {
    id: "missing_metric",
    samples: [metric({ name: "job.other" })],
    context: { metric_name: "job.other" },
    ...violation,
  },
  {
    id: "missing_event",
    samples: [log("job.other")],
    context: { event_name: "job.other" },
    ...violation,
  },
  {
    id: "deprecated",
    samples: [key("a.old")],
    context: {
      attribute_key: "a.old",
      deprecation_reason: "renamed",
      deprecation_note: "Use a.text.",
    },
    ...twoLevels("violation", "improvement"),
  },
  {
    id: "type_mismatch",
    samples: [key("a.number", 1.5)],
    context: { attribute_key: "a.number", attribute_type: "double", expected: "int" },
    ...violation,
  },
  {
    id: "not_stable",
    samples: [key("a.new")],
    context: { attribute_key: "a.new", stability: "alpha" },
    ...twoLevels("improvement", null),
  },
  {
    id: "unit_mismatch",
    samples: [metric({ unit: "s" })],
    context: { unit: "s", expected: "By" },
    ...violation,
  },
  {
    id: "unexpected_instrument",
    samples: [metric({ instrument: "gauge" })],
    context: { instrument: "gauge", expected: "counter" },
    ...violation,
  },
  {
    id: "undefined_enum_variant",
    samples: [key("a.enum", "maybe")],
    context: { attribute_key: "a.enum", attribute_value: "maybe" },
    ...twoLevels("information", "violation"),
  },
  {
    id: "required_attribute_not_present",
    samples: [emptyPoint],
    context: { attribute_key: "a.text" },
    ...violation,
  },
  {
    id: "recommended_attribute_not_present",
    samples: [emptyPoint],
    context: { attribute_key: "a.number" },
    ...improvement,
  },
  {
    id: "opt_in_attribute_not_present",
    samples: [emptyPoint],
    context: { attribute_key: "a.enum" },
    ...information,
  },
  {
    id: "conditionally_required_attribute_not_present",
    samples: [emptyPoint],
    context: { attribute_key: "a.short" },
    ...information,
  },
  {
    id: "entity_required_attribute_not_present",
    samples: [resource("host.name"), log("job.done")],
    context: { attribute_key: "host.id", entity_type: "host" },
    ...violation,
  },
  {
    id: "entity_recommended_attribute_not_present",
    samples: [resource("host.id"), log("job.done")],
    context: { attribute_key: "host.name", entity_type: "host" },
    ...improvement,
  },
  {
    id: "entity_opt_in_attribute_not_present",
    samples: [resource("host.id"), log("job.done")],
    context: { attribute_key: "host.image", entity_type: "host" },
    ...information,
  },
  {
    id: "entity_conditionally_required_attribute_not_present",
    samples: [resource("host.id"), log("job.done")],
    context: { attribute_key: "host.type", entity_type: "host" },
    ...information,
  },
  {
    id: "entity_association_not_satisfied",
    samples: [resource("host.name"), log("job.placed")],
    context: { entity_type: ["host", "pod"] },
    ...violation,
  },
  {
    id: "missing_namespace",
    samples: [key("plain")],
    context: { attribute_key: "plain" },
    ...improvement,
  },
  {
    id: "invalid_format",
    samples: [key("BadCase")],
    context: { attribute_key: "BadCase" },
    ...violation,
  },
  {
    id: "illegal_namespace",
    samples: [key("a.text.below")],
    context: { attribute_key: "a.text.below", namespace: "a.text" },
    ...violation,
  },
  {
    id: "extends_namespace",
    samples: [key("a.unknown")],
    context: { attribute_key: "a.unknown", namespace: "a" },
    ...information,
  },
  {
    id: "unexpected_attribute",
    samples: [
      span({
        attributes: [
          { name: "a.text", value: "" },
          { name: "a.number", value: 1 },
        ],
      }),
    ],
    context: { attribute_key: "a.number", group: "job.run" },
    ...twoLevels(null, "improvement"),
  },
  {
    id: "schema_not_found",
    samples: [{ span: { name: "other", kind: "client" } }],
    context: { span_name: "other" },
    ...twoLevels(null, "improvement"),
  },
  {
    id: "kind_mismatch",
    samples: [span({ kind: "client" })],
    context: { group: "job.run", kind: "client", expected: "server" },
    ...ours,
  },
  {
    id: "required_attribute_not_present",
    samples: [span({ attributes: [] })],
    context: { attribute_key: "a.text", group: "job.run" },
    ...ours,
  },
  {
    id: "conditionally_required_attribute_not_present",
    samples: [span({ status: { code: "error", message: "" } })],
    context: { attribute_key: "a.short", group: "job.run", condition: "status is error" },
    ...ours,
  },
  {
    id: "invalid_value",
    samples: [key("a.number", 0)],
    context: { attribute_key: "a.number", attribute_value: 0, constraint: "min", expected: 1 },
    ...ours,
  },
  {
    id: "invalid_value",
    samples: [key("a.number", 10)],
    context: { attribute_key: "a.number", attribute_value: 10, constraint: "max", expected: 9 },
    ...ours,
  },
  {
    id: "invalid_value",
    samples: [key("a.short", "abcd")],
    context: {
      attribute_key: "a.short",
      attribute_value: "abcd",
      constraint: "max_length",
      expected: 3,
      length: 4,
    },
    ...ours,
  },
  {
    id: "invalid_value",
    samples: [key("a.short", "A1")],
    context: {
      attribute_key: "a.short",
      attribute_value: "A1",
      constraint: "pattern",
      expected: "^[a-z]+$",
    },
    ...ours,
  },
];

const levelIn = ({ id, samples, context }: Case, profile: "weaver" | "weir"): string | null => {
  const { advice } = checkSamples(registry, profile, samples);
  const found = advice.flat().filter((one) => {
    const { renamed_to: _, ...own } = one.context;
    return one.id === id && JSON.stringify(own) === JSON.stringify(context);
  });
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.level ?? null;
};

describe("every finding", () => {
  for (const one of cases) {
    const name = `${one.id} ${JSON.stringify(one.context)}`;
    it(`${name} is ${one.weaver ?? "nothing"} to weaver and ${one.weir ?? "nothing"} to weir`, () => {
      expect(levelIn(one, "weaver")).toBe(one.weaver);
      expect(levelIn(one, "weir")).toBe(one.weir);
    });
  }

  it("has a case", () => {
    expect([...new Set(cases.map(({ id }) => id))].sort()).toEqual([...findingIds].sort());
  });
});
