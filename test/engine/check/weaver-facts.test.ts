import { describe, expect, it } from "vitest";

import type { Advice } from "../../../engine/check/findings.ts";
import { LiveCheck } from "../../../engine/check/live-check.ts";
import { readLine } from "../../../engine/check/read-samples.ts";
import type { Sample } from "../../../engine/check/sample.ts";
import {
  adviceIn,
  attribute,
  checkSamples,
  group,
  registryOf,
  sampleRegistry,
} from "./registries.ts";

// The lines, findings and statistics of Weaver's own test of its attribute checker.
const lines = [
  "test.string=value",
  "testString2",
  "test.deprecated=42",
  "aws.s3.bucket.name",
  "test.enum=foo",
  "test.enum=example_variant1",
  "test.enum=42.42",
  "test.string.not.allowed=example_value",
  "test.extends=new_value",
  "test.template.my.key=42",
  "test.deprecated.allowed=42",
  "test.enum=17",
];

const live = new LiveCheck(sampleRegistry, "weaver");
const advice = lines.map((line): readonly Advice[] => {
  const sample = readLine(line) as Sample;
  live.check(sample);
  return adviceIn(sample.body);
});

const of = (line: number): (readonly [string, string, unknown, string])[] =>
  (advice[line] ?? []).map(({ id, level, context, message }) => [id, level, context, message]);

const missing = (key: string): readonly [string, string, unknown, string] => [
  "missing_attribute",
  "violation",
  { attribute_key: key },
  `Attribute '${key}' does not exist in the registry.`,
];

describe("profile weaver on the samples of Weaver's own test", () => {
  it("says nothing about what is right", () => {
    expect([of(0), of(5)]).toEqual([[], []]);
  });

  it("finds an unknown key without namespace and in the wrong format", () => {
    expect(of(1)).toEqual([
      missing("testString2"),
      [
        "missing_namespace",
        "improvement",
        { attribute_key: "testString2" },
        "Attribute key 'testString2' must include a namespace (e.g. '{namespace}.{attribute_key}')",
      ],
      [
        "invalid_format",
        "violation",
        { attribute_key: "testString2" },
        "Attribute key 'testString2' does not match name formatting rules.",
      ],
    ]);
  });

  it("finds deprecation, stability and type, in this order", () => {
    expect(of(2)).toEqual([
      [
        "deprecated",
        "violation",
        {
          attribute_key: "test.deprecated",
          deprecation_reason: "uncategorized",
          deprecation_note: "note",
        },
        "Attribute 'test.deprecated' is deprecated; reason = 'uncategorized', note = 'note'.",
      ],
      [
        "not_stable",
        "improvement",
        { attribute_key: "test.deprecated", stability: "development" },
        "Attribute 'test.deprecated' is not stable; stability = development.",
      ],
      [
        "type_mismatch",
        "violation",
        { attribute_key: "test.deprecated", attribute_type: "int", expected: "string" },
        "Attribute 'test.deprecated' has type 'int'. Type should be 'string'.",
      ],
    ]);
  });

  it("finds an unknown key in a namespace that the registry does not have", () => {
    expect(of(3)).toEqual([missing("aws.s3.bucket.name")]);
  });

  it("finds values that are no members of an enum, texts and integers", () => {
    expect(of(4)).toEqual([
      [
        "undefined_enum_variant",
        "information",
        { attribute_key: "test.enum", attribute_value: "foo" },
        "Enum attribute 'test.enum' has value 'foo' which is not documented.",
      ],
    ]);
    expect(of(11)).toEqual([
      [
        "undefined_enum_variant",
        "information",
        { attribute_key: "test.enum", attribute_value: 17 },
        "Enum attribute 'test.enum' has value '17' which is not documented.",
      ],
    ]);
  });

  it("takes a double for no value of an enum at all", () => {
    expect(of(6)).toEqual([
      [
        "type_mismatch",
        "violation",
        { attribute_key: "test.enum", attribute_type: "double" },
        "Enum attribute 'test.enum' has type 'double'. Enum value type should be 'string' or 'int'.",
      ],
    ]);
  });

  it("finds a namespace that is an attribute, and one that is shared", () => {
    const key = "test.string.not.allowed";
    expect(of(7)).toEqual([
      missing(key),
      [
        "extends_namespace",
        "information",
        { attribute_key: key, namespace: "test" },
        `Attribute key '${key}' collides with existing namespace 'test'`,
      ],
      [
        "illegal_namespace",
        "violation",
        { attribute_key: key, namespace: "test.string" },
        `Namespace 'test.string' collides with existing attribute '${key}'`,
      ],
    ]);
  });

  it("lets a key stand below a deprecated attribute", () => {
    expect(of(8).map(([id]) => id)).toEqual(["missing_attribute", "extends_namespace"]);
    expect(of(10).map(([id]) => id)).toEqual(["missing_attribute", "extends_namespace"]);
  });

  it("checks an instance of a template by the template's type", () => {
    const key = "test.template.my.key";
    expect(of(9)).toEqual([
      [
        "template_attribute",
        "information",
        { attribute_key: key, template_name: "test.template" },
        `Attribute '${key}' is a template`,
      ],
      [
        "type_mismatch",
        "violation",
        { attribute_key: key, attribute_type: "int", expected: "string" },
        `Attribute '${key}' has type 'int'. Type should be 'string'.`,
      ],
    ]);
  });

  it("has Weaver's statistics", () => {
    const statistics = live.statistics.report();
    expect(statistics).toMatchObject({
      total_entities: 12,
      total_entities_by_type: { attribute: 12 },
      total_advisories: 19,
      advice_level_counts: { violation: 11, information: 6, improvement: 2 },
      highest_advice_level_counts: { violation: 8, information: 2 },
      no_advice_count: 2,
      registry_coverage: 1,
      seen_registry_attributes: { "test.string": 1, "test.enum": 4, "test.template": 1 },
    });
    expect(Object.keys(statistics["seen_non_registry_attributes"] as object)).toHaveLength(6);
  });
});

// Weaver's test of metrics: `state` is no attribute of its registry, and only one metric is.
const memory = registryOf(
  group("attribute_group", "registry.system.memory", {
    attributes: [attribute("system.memory.state", { stability: "development" })],
  }),
  group("metric", "metric.system.memory.usage", {
    metric_name: "system.memory.usage",
    instrument: "updowncounter",
    unit: "By",
    stability: "development",
    attributes: [attribute("system.memory.state", { stability: "development" })],
  }),
  group("metric", "metric.system.uptime", {
    metric_name: "system.uptime",
    instrument: "gauge",
    unit: "s",
    stability: "development",
  }),
);

const point = (name: string, value: string): object => ({
  attributes: [{ name, value }],
  value: 586153984,
});

describe("profile weaver on the metrics of Weaver's own test", () => {
  it("has Weaver's counts", () => {
    const checked = checkSamples(memory, "weaver", [
      {
        metric: {
          name: "system.memory.usage",
          instrument: "updowncounter",
          unit: "By",
          data_points: [
            point("state", "used"),
            point("state", "free"),
            point("system.memory.state", "inactive"),
          ],
        },
      },
      {
        metric: {
          name: "rpc.client.duration",
          instrument: "histogram",
          unit: "ms",
          data_points: [{ attributes: [], count: 1, sum: 7.0015, bucket_counts: [0, 1] }],
        },
      },
      ...["gauge", "counter"].map((instrument) => ({
        metric: {
          name: `otelcol_process_${instrument}`,
          instrument,
          unit: "By",
          data_points: [{ attributes: [], value: 151552000 }],
        },
      })),
    ]);
    expect(checked.live.statistics.report()).toMatchObject({
      total_entities_by_type: { data_point: 6, metric: 4, attribute: 3 },
      no_advice_count: 4,
      advice_type_counts: {
        recommended_attribute_not_present: 2,
        missing_attribute: 2,
        not_stable: 2,
        missing_metric: 3,
        missing_namespace: 2,
      },
      seen_registry_metrics: { "system.memory.usage": 1, "system.uptime": 0 },
    });
  });

  it("names the instrument that is expected, and those that are not supported", () => {
    const metric = (instrument: string): { readonly metric: object } => ({
      metric: { name: "system.memory.usage", instrument, unit: "By" },
    });
    const { advice: found } = checkSamples(memory, "weaver", [
      metric("histogram"),
      metric("Summary"),
      metric("Unspecified"),
    ]);
    expect(found.map((list) => list.at(-1))).toMatchObject([
      {
        id: "unexpected_instrument",
        message: "Instrument should be 'updowncounter', but found 'histogram'.",
        signal_name: "system.memory.usage",
        signal_type: "metric",
      },
      { id: "unexpected_instrument", message: "Instrument 'Summary' is not supported" },
      { id: "unexpected_instrument", message: "Instrument 'Unspecified' is not supported" },
    ]);
  });
});
