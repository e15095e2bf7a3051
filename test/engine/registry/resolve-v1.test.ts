import { afterAll, describe, expect, test } from "vitest";

import {
  definitions,
  removeFiles,
  resolved,
  resolvedText,
  writeFiles,
} from "./written-registry.ts";

afterAll(removeFiles);

const span = (rest: string): string => `${definitions}
  - id: span.x
    type: span
    span_kind: client
    stability: stable
    brief: X
${rest}`;

describe("references", () => {
  test("a ref takes everything from the definition and overrides key by key", () => {
    const { problems, attribute } = resolvedText(
      span(`    attributes:
      - ref: a.s
        brief: other
        requirement_level: required
        sampling_relevant: true
        annotations: {weir.max_length: 3}
      - ref: a.i
`),
    );
    expect(problems).toEqual([]);
    expect(attribute("span.x", "a.s")).toEqual({
      name: "a.s",
      type: "string",
      stability: "stable",
      brief: "other",
      note: "N",
      examples: ["x"],
      requirement_level: "required",
      sampling_relevant: true,
      annotations: { "weir.max_length": 3 },
    });
    expect(attribute("span.x", "a.i").requirement_level).toBe("recommended");
  });

  test("an unknown ref is an error with file, line and chain", () => {
    const { errors } = resolvedText(span("    attributes:\n      - ref: a.i\n      - ref: b.b\n"));
    expect(errors).toEqual(["a.yaml:17: error: group span.x: no attribute b.b: span.x > b.b"]);
  });

  test("two spans of one name, with and without the signal before it, are an error", () => {
    const { errors } = resolvedText(`${definitions}
  - {id: span.x, type: span, span_kind: client, stability: stable, brief: X, attributes: [{ref: a.i}]}
  - {id: x, type: span, span_kind: client, stability: stable, brief: X, attributes: [{ref: a.i}]}
`);
    expect(errors).toEqual(["a.yaml:11: error: span x is defined twice, first in a.yaml:10"]);
  });

  test("a ref with id or type, and one given twice, are errors", () => {
    const { errors } = resolvedText(
      span(`    attributes:
      - ref: a.i
        type: int
      - ref: a.i
`),
    );
    expect(errors).toEqual([
      "a.yaml:17: error: group span.x, ref a.i: type is not allowed with ref",
      "a.yaml:18: error: group: ref a.i is given twice".replace("group:", "group span.x:"),
    ]);
  });

  test("a prefix is put before ids, and before refs that ask for it or need it", () => {
    const { errors, group } = resolvedText(`groups:
  - id: one
    type: attribute_group
    brief: One
    prefix: peer
    attributes:
      - {id: name, type: string, brief: N, stability: stable, examples: [x]}
  - id: two
    type: attribute_group
    brief: Two
    prefix: peer
    attributes:
      - ref: name
  - id: three
    type: attribute_group
    brief: Three
    prefix: far
    attributes:
      - {ref: peer.name, prefix: true}
`);
    expect(errors).toEqual([]);
    expect(["one", "two", "three"].map((id) => group(id).attributes[0]?.name)).toEqual([
      "peer.name",
      "peer.name",
      "far.peer.name",
    ]);
  });
});

describe("extends", () => {
  const chain = span(`    extends: mid
    attributes:
      - {ref: a.s, note: mine}
  - id: mid
    type: attribute_group
    brief: Mid
    extends: base
    attributes:
      - {ref: a.s, brief: of mid, requirement_level: required}
  - id: base
    type: attribute_group
    brief: Base
    attributes:
      - {ref: a.s, brief: of base, note: of base}
      - {ref: a.i, requirement_level: opt_in}
`);

  test("attributes come down the whole chain, the nearer override wins key by key", () => {
    const { problems, group, attribute } = resolvedText(chain);
    expect(problems).toEqual([]);
    expect(group("span.x").attributes.map(({ name }) => name)).toEqual(["a.i", "a.s"]);
    expect(attribute("span.x", "a.s")).toMatchObject({
      brief: "of mid",
      note: "mine",
      requirement_level: "required",
    });
    expect(attribute("span.x", "a.i").requirement_level).toBe("opt_in");
  });

  test("a missing group is an error at the extends that names it", () => {
    const { errors } = resolvedText(span("    extends: nowhere\n"));
    expect(errors).toEqual(["a.yaml:15: error: group span.x: no group nowhere: span.x > nowhere"]);
  });

  test("a circle is an error that names it, once", () => {
    const { errors } = resolvedText(`groups:
  - {id: a, type: attribute_group, brief: A, extends: b}
  - {id: b, type: attribute_group, brief: B, extends: c}
  - {id: c, type: attribute_group, brief: C, extends: a}
`);
    expect(errors).toEqual(["a.yaml:4: error: group c: circle of groups: a > b > c > a"]);
  });

  test("lists and maps nested without end are an error that names the limit", () => {
    for (const deep of [`groups: ${"[".repeat(20_000)}`, `groups:\n${"- ".repeat(20_000)}a\n`]) {
      const { errors } = resolvedText(deep);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/^a\.yaml:[12]: error: nested deeper than depthMax=64$/);
    }
  });

  test("a chain deeper than depthMax is an error, not an overflow", () => {
    const groups = Array.from(
      { length: 5000 },
      (_, i) => `  - {id: g${i}, type: attribute_group, brief: G, extends: g${i + 1}}`,
    );
    const { errors } = resolvedText(`groups:\n${groups.join("\n")}\n`);
    expect(errors[0]).toContain("deeper than depthMax=64");
  });
});

describe("duplicates name both places", () => {
  test("group ids, attribute ids, metric, event and entity names", () => {
    const folder = writeFiles({
      "a.yaml": `${definitions}
  - {id: m1, type: metric, metric_name: m, instrument: gauge, unit: s, brief: M, stability: stable}
  - {id: e1, type: event, name: e, brief: E, stability: stable}
`,
      "b.yaml": `groups:
  - id: registry.a
    type: attribute_group
    brief: B
    attributes:
      - {id: a.i, type: int, stability: stable, brief: I}
  - {id: m2, type: metric, metric_name: m, instrument: gauge, unit: s, brief: M, stability: stable}
  - {id: e2, type: event, name: e, brief: E, stability: stable}
`,
    });
    expect(resolved(folder).errors).toEqual([
      "b.yaml:2: error: group registry.a is defined twice, first in a.yaml:2",
      "b.yaml:6: error: attribute a.i is defined twice, first in a.yaml:7",
      "b.yaml:7: error: metric m is defined twice, first in a.yaml:10",
      "b.yaml:8: error: event e is defined twice, first in a.yaml:11",
    ]);
  });
});

describe("old forms are taken over and reported", () => {
  test("a stability that is none is not said to be missing as well", () => {
    const { problems } = resolvedText(`groups:
  - id: g
    type: span
    span_kind: client
    brief: G
    stability: stabel
    attributes:
      - {id: g.x, type: int, brief: X, stability: 1}
      - {id: g.e, type: {members: [{id: m, stability: old}]}, brief: X, stability: stable}
`);
    expect(problems).toEqual(
      [6, 8, 9].map((line) => expect.stringContaining(`a.yaml:${line}: error`)),
    );
  });

  test("missing type, brief, stability, kind; deprecated text; old stabilities; closed enums", () => {
    const { problems, group, attribute } = resolvedText(`groups:
  - id: workflow.execute
    attributes:
      - id: w.id
        type: {allow_custom_values: false, members: [{id: one}]}
        stability: experimental
        deprecated: use another
`);
    expect(problems.map((text) => text.replace("group workflow.execute", "G"))).toEqual([
      "a.yaml:2: warning: G: brief is missing",
      "a.yaml:2: warning: G: span_kind is missing",
      "a.yaml:2: warning: G: stability is missing",
      "a.yaml:2: warning: G: type is missing, taken as span",
      "a.yaml:5: warning: G, attribute w.id, member one: stability is missing",
      "a.yaml:5: warning: G, attribute w.id: allow_custom_values is ignored: every enum is open",
      "a.yaml:6: warning: G, attribute w.id: stability experimental is the old word for development",
      "a.yaml:7: warning: G, attribute w.id: deprecated as a text is the old form; give a reason and a note",
    ]);
    expect(group("workflow.execute").type).toBe("span");
    expect(attribute("workflow.execute", "w.id")).toMatchObject({
      type: { members: [{ id: "one", value: "one" }] },
      stability: "development",
      deprecated: { reason: "unspecified", note: "use another" },
      brief: "",
    });
  });

  test("a resource group is an entity named by its id", () => {
    const { errors, group } = resolvedText(`groups:
  - id: resource.host
    type: resource
    brief: Host
    stability: stable
    attributes: [{id: host.id, type: string, brief: I, stability: stable, examples: [x]}]
`);
    expect(errors).toEqual([]);
    expect(group("resource.host")).toMatchObject({ type: "entity", name: "host" });
  });

  test("an unknown key is ignored with the nearest known one", () => {
    expect(resolvedText(`${definitions}    breif: x\n`).problems).toEqual([
      "a.yaml:9: warning: group registry.a: unknown key breif, ignored; did you mean brief?",
    ]);
  });
});

describe("what a group must and must not have", () => {
  const cases: readonly [string, string, string][] = [
    [
      "a metric without a name",
      "type: metric, instrument: gauge, unit: s",
      "metric_name is missing",
    ],
    [
      "a metric without an instrument",
      "type: metric, metric_name: m, unit: s",
      "instrument is missing",
    ],
    [
      "a metric without a unit",
      "type: metric, metric_name: m, instrument: gauge",
      "unit is missing",
    ],
    [
      "an unknown instrument",
      "type: metric, metric_name: m, unit: s, instrument: dial",
      "must be one of counter",
    ],
    ["an event without a name", "type: event", "name is missing"],
    [
      "a kind of a metric",
      "type: metric, metric_name: m, instrument: gauge, unit: s, span_kind: client",
      "span_kind is not allowed",
    ],
    ["an unknown kind", "type: span, span_kind: inner", "must be one of client"],
    ["an unknown type", "type: thing", "must be one of attribute_group"],
    [
      "a body of a span",
      "type: span, span_kind: client, body: {id: b, type: map}",
      "body is not allowed",
    ],
    [
      "a body of an unknown type",
      "type: event, name: e, body: {id: b, type: tree}",
      "must be one of map",
    ],
    [
      "an empty one_of",
      "type: event, name: e, entity_associations: [{one_of: []}]",
      "item 1, must be",
    ],
    ["a number as brief list", "type: event, name: e, events: 3", "events is not allowed"],
  ];
  test.each(cases)("%s is an error with its line", (_, rest, message) => {
    const { errors } = resolvedText(`groups:\n  - {id: g, brief: B, stability: stable, ${rest}}\n`);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^a\.yaml:2: error: /);
    expect(errors[0]).toContain(message);
  });

  const attributes: readonly [string, string, string][] = [
    ["no type", "id: x", "type is missing"],
    ["an unknown type", "id: x, type: text", 'found "text"'],
    ["a template of an enum", "id: x, type: 'template[enum]'", "type must be"],
    ["an enum without members", "id: x, type: {members: []}", "at least one member"],
    [
      "a member twice",
      "id: x, type: {members: [{id: a, stability: stable}, {id: a, stability: stable}]}",
      "member a is defined twice",
    ],
    ["a member of a wrong value", "id: x, type: {members: [{id: a, value: 1.5}]}", "found 1.5"],
    ["an unknown level", "id: x, type: int, requirement_level: must", 'found "must"'],
    [
      "a condition without text",
      "id: x, type: int, requirement_level: {conditionally_required: 1}",
      "requirement_level must be required",
    ],
    ["an unknown stability", "id: x, type: int, stability: good", "must be one of stable"],
    [
      "a rename to nothing",
      "id: x, type: int, deprecated: {reason: renamed}",
      "renamed_to is missing",
    ],
    [
      "a deprecation without reason",
      "id: x, type: int, deprecated: {note: n}",
      "reason is missing",
    ],
    ["no id", "type: int", "id is missing"],
  ];
  test.each(attributes)(
    "an attribute with %s is an error with its line",
    (_, attribute, message) => {
      const { errors } = resolvedText(
        `groups:\n  - id: g\n    type: attribute_group\n    brief: G\n    attributes:\n      - {brief: B, ${attribute}}\n`,
      );
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/^a\.yaml:6: error: /);
      expect(errors[0]).toContain(message);
    },
  );

  test("all errors of all files are reported in one run", () => {
    const folder = writeFiles({
      "a.yaml": "groups: [1, {type: span}]\n",
      "b/c.yml": "groups:\n  - id: x\n   type: span\n",
      "d.yaml": "- 1\n",
      "e.yaml": "nothing: here\n",
      "f.yaml": new Uint8Array([0x61, 0xff]),
    });
    const { errors } = resolved(folder);
    expect(errors.map((text) => text.slice(0, text.indexOf(": error")))).toEqual([
      "a.yaml:1",
      "a.yaml:1",
      "b/c.yml:3",
      "d.yaml:1",
      "e.yaml:1",
      "f.yaml:1",
    ]);
  });
});

describe("the result", () => {
  test("does not depend on names and order of files, and its version is the hash of the groups", () => {
    const metric =
      "groups:\n  - {id: m, type: metric, metric_name: m, instrument: gauge, unit: s, brief: M, stability: stable, attributes: [{ref: a.s}]}\n";
    const one = resolved(writeFiles({ "a.yaml": definitions, "b.yaml": metric }));
    const other = resolved(writeFiles({ "z/y.yml": definitions, "a.yaml": metric }));
    expect(one.groups).toEqual(other.groups);
    expect(one.version).toBe(other.version);
    expect(one.version).toMatch(/^[0-9a-f]{64}$/);
    const changed = definitions.replace("note: N", "note: M");
    const third = resolved(writeFiles({ "a.yaml": changed, "b.yaml": metric }));
    expect(third.version).not.toBe(one.version);
  });

  test("a group that two files write with other key order is the same group", () => {
    const text = "groups:\n  - {brief: E, stability: stable, name: e, type: event, id: e1}\n";
    const same = "groups:\n  - {id: e1, type: event, name: e, stability: stable, brief: E}\n";
    expect(resolvedText(text).version).toBe(resolvedText(same).version);
  });
});
