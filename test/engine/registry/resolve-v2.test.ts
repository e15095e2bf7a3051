import { afterAll, describe, expect, test } from "vitest";

import { removeFiles, resolved, resolvedText, writeFiles } from "./written-registry.ts";

afterAll(removeFiles);

const base = `file_format: definition/2
attributes:
  - {key: a.s, type: string, stability: stable, brief: S, examples: [x]}
  - {key: a.i, type: int, stability: stable, brief: I}
  - {key: a.b, type: boolean, stability: stable, brief: B}
`;

describe("definitions become groups as Weaver converts them", () => {
  test("spans, metrics, events, entities and attribute groups", () => {
    const { problems, group } = resolvedText(`${base}
spans:
  - type: s.client
    kind: client
    name: {note: "{a.s} call"}
    brief: S
    stability: stable
    requirement_level: opt_in
    attributes:
      - {ref: a.s, requirement_level: required, sampling_relevant: true}
metrics:
  - {name: m.x, instrument: counter, unit: "1", brief: M, stability: beta, attributes: [{ref: a.i}]}
events:
  - {name: e.x, brief: E, stability: alpha}
entities:
  - {type: host, brief: H, stability: stable, identity: [{ref: a.s}], description: [{ref: a.i}]}
attribute_groups:
  - {id: g.public, visibility: public, brief: G, stability: stable, attributes: [{ref: a.b}]}
  - {id: g.internal, visibility: internal, attributes: [{ref: a.b}]}
`);
    expect(problems).toEqual([]);
    expect(group("span.s.client")).toMatchObject({
      type: "span",
      name: "s.client",
      span_kind: "client",
      span_name: { note: "{a.s} call" },
      requirement_level: "opt_in",
      attributes: [{ name: "a.s", requirement_level: "required", sampling_relevant: true }],
    });
    expect(group("metric.m.x")).toMatchObject({
      metric_name: "m.x",
      instrument: "counter",
      unit: "1",
      stability: "beta",
    });
    expect(group("event.e.x")).toMatchObject({ type: "event", name: "e.x" });
    expect(group("entity.host").attributes).toMatchObject([
      { name: "a.i", role: "descriptive" },
      { name: "a.s", role: "identifying" },
    ]);
    expect(group("g.public")).toMatchObject({ type: "attribute_group", visibility: "public" });
    expect(group("g.internal")).toMatchObject({ brief: "g.internal", visibility: "internal" });
    expect(group("registry.a").attributes).toHaveLength(3);
  });

  test("both syntaxes load together and refer to each other", () => {
    const folder = writeFiles({
      "a.yaml": base,
      "b.yaml": `groups:
  - {id: x, type: span, span_kind: server, stability: stable, brief: X, attributes: [{ref: a.s}, {ref: v.one}]}
  - {id: registry.v, type: attribute_group, brief: V, attributes: [{id: v.one, type: int, stability: stable, brief: One}]}
`,
      "c.yaml": `file_format: definition/2
events:
  - {name: e, brief: E, stability: stable, attributes: [{ref: v.one}]}
`,
    });
    const { problems, group } = resolved(folder);
    expect(problems).toEqual([]);
    expect(group("x").attributes.map(({ name }) => name)).toEqual(["a.s", "v.one"]);
    expect(group("event.e").attributes).toHaveLength(1);
  });
});

describe("ref_group", () => {
  const groups = `${base}
attribute_groups:
  - {id: one, visibility: internal, attributes: [{ref: a.s, note: of one, requirement_level: required}]}
  - {id: two, visibility: internal, attributes: [{ref: a.s, note: of two}, {ref: a.i}]}
`;

  test("brings the group's attributes; a ref beside it wins key by key", () => {
    const { problems, attribute } = resolvedText(`${groups}
events:
  - {name: e, brief: E, stability: stable, attributes: [{ref_group: one}, {ref: a.s, requirement_level: opt_in}]}
`);
    expect(problems).toEqual([]);
    expect(attribute("event.e", "a.s")).toMatchObject({
      note: "of one",
      requirement_level: "opt_in",
    });
  });

  test("two groups with the same attribute are an error at the second", () => {
    const { errors } = resolvedText(`${groups}
events:
  - name: e
    brief: E
    stability: stable
    attributes:
      - ref_group: one
      - ref_group: two
`);
    expect(errors).toEqual([
      "a.yaml:17: error: group event.e: ref_group two and ref_group one both bring a.s",
    ]);
  });

  test("an unknown group and a circle of groups are errors with the chain", () => {
    const { errors } = resolvedText(`${base}
attribute_groups:
  - {id: one, visibility: internal, attributes: [{ref_group: two}]}
  - {id: two, visibility: internal, attributes: [{ref_group: one}, {ref_group: three}]}
`);
    expect(errors).toEqual([
      "a.yaml:9: error: group two: circle of groups: one > two > one",
      "a.yaml:9: error: group two: no group three: one > two > three",
    ]);
  });
});

describe("refinements", () => {
  test("take everything from what they refine but what they say themselves", () => {
    const { problems, group, attribute } = resolvedText(`${base}
metrics:
  - name: m
    instrument: histogram
    unit: s
    brief: Base
    note: Base note
    stability: stable
    annotations: {one: 1, two: 1}
    attributes: [{ref: a.s, requirement_level: required}]
metric_refinements:
  - id: m.special
    ref: m
    brief: Special
    stability: development
    annotations: {two: 2}
    attributes: [{ref: a.s, note: special}, {ref: a.i}]
`);
    expect(problems).toEqual([]);
    expect(group("m.special")).toMatchObject({
      type: "metric",
      metric_name: "m.special",
      instrument: "histogram",
      unit: "s",
      brief: "Special",
      note: "Base note",
      stability: "development",
      annotations: { one: 1, two: 2 },
    });
    expect(attribute("m.special", "a.s")).toMatchObject({
      note: "special",
      requirement_level: "required",
    });
  });

  test("of spans, events and entities keep kind, and may refine refinements by extends only", () => {
    const { problems, group } = resolvedText(`${base}
spans:
  - {type: s, kind: producer, name: {note: n}, brief: S, stability: stable}
span_refinements:
  - {id: s.kafka, ref: s, attributes: [{ref: a.b}]}
events:
  - {name: e, brief: E, stability: stable}
event_refinements:
  - {id: e.special, ref: e}
entities:
  - {type: host, brief: H, stability: stable, identity: [{ref: a.s}]}
entity_refinements:
  - {id: host.special, ref: host, description: [{ref: a.i}]}
`);
    expect(problems).toEqual([]);
    expect(group("s.kafka")).toMatchObject({ span_kind: "producer", name: "s.kafka" });
    expect(group("e.special")).toMatchObject({ name: "e.special", brief: "E" });
    expect(group("host.special").attributes).toHaveLength(2);
  });

  test("of spans do not claim the parent's names: its spans stay its own, whatever they are called", () => {
    const { group } = resolvedText(`${base}
spans:
  - {type: s, kind: client, name: {note: "run {a.i}"}, brief: S, stability: stable, annotations: {weir.match: "run *", x: 1}}
span_refinements:
  - {id: a.before, ref: s, attributes: [{ref: a.b, requirement_level: required}]}
  - {id: own, ref: s, name: {note: "own {a.i}"}, annotations: {weir.match: "own *"}}
`);
    expect(group("a.before")).not.toHaveProperty("span_name");
    expect(group("a.before")).toMatchObject({ annotations: { x: 1 } });
    expect(group("a.before").annotations).not.toHaveProperty(["weir.match"]);
    expect(group("own")).toMatchObject({
      span_name: { note: "own {a.i}" },
      annotations: { "weir.match": "own *", x: 1 },
    });
  });

  test("of nothing are errors", () => {
    expect(resolvedText(`${base}span_refinements:\n  - {id: r, ref: nowhere}\n`).errors).toEqual([
      "a.yaml:7: error: group r: no group span.nowhere: r > span.nowhere",
    ]);
  });
});

describe("what v2 does not allow", () => {
  const cases: readonly [string, string, string][] = [
    [
      "a definition inside a signal",
      "events: [{name: e, brief: E, stability: stable, attributes: [{key: x, type: int}]}]",
      "attributes are defined in `attributes` only",
    ],
    [
      "a span without a kind",
      "spans: [{type: s, name: {note: n}, brief: S, stability: stable}]",
      "kind is missing",
    ],
    [
      "a span without a name",
      "spans: [{type: s, kind: client, brief: S, stability: stable}]",
      "name is missing",
    ],
    [
      "an entity without identity",
      "entities: [{type: e, brief: S, stability: stable}]",
      "identity is missing",
    ],
    [
      "a metric without unit",
      "metrics: [{name: m, instrument: gauge, brief: S, stability: stable}]",
      "unit is missing",
    ],
    ["a group without visibility", "attribute_groups: [{id: g}]", "visibility is missing"],
    [
      "a public group without brief",
      "attribute_groups: [{id: g, visibility: public, stability: stable}]",
      "brief is missing in a public group",
    ],
    [
      "the same ref_group twice",
      "attribute_groups: [{id: g, visibility: internal}]\nevents: [{name: e, brief: E, stability: stable, attributes: [{ref_group: g}, {ref_group: g}]}]",
      "ref_group g is given twice",
    ],
  ];
  test.each(cases)("%s", (_, text, message) => {
    const { errors } = resolvedText(`file_format: definition/2\n${text}\n`);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  test("an unknown format is an error, the old mark a warning", () => {
    expect(resolvedText("file_format: definition/9\ngroups: []\n").errors).toEqual([
      "a.yaml:1: error: file: file_format must be definition/2, found definition/9",
    ]);
    const old = resolvedText(base.replace("file_format: definition/2", 'version: "2"'));
    expect(old.errors).toEqual([]);
    expect(old.problems[0]).toContain("is old; write file_format: definition/2");
  });
});
