import { afterAll, describe, expect, test } from "vitest";

import { definitions, removeFiles, resolvedText } from "./written-registry.ts";

afterAll(removeFiles);

const span = (rest: string): string => `${definitions}
  - id: span.x
    type: span
    span_kind: client
    stability: stable
    brief: X
${rest}`;

describe("our annotations are checked where they are written", () => {
  const cases: readonly [string, string][] = [
    ["weir.max_length: -1", "weir.max_length must be an integer from 0"],
    ['weir.pattern: "(a"', "weir.pattern must be a pattern"],
    ["weir.condition: {status: bad}", "weir.condition must be {status: error}"],
    ["weir.condition: [{attribute: x, is: 1}]", "weir.condition must be"],
    ["weir.match: x", "weir.match is no annotation of attributes, ignored; did you mean"],
  ];
  test.each(cases)("%s", (annotation, message) => {
    const { problems } = resolvedText(`groups:
  - id: g
    type: attribute_group
    brief: G
    attributes:
      - id: x
        type: string
        brief: X
        stability: stable
        examples: [x]
        annotations:
          other: 1
          ${annotation}
`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^a\.yaml:13: /);
    expect(problems[0]).toContain(message);
  });

  test("a bound that is no number is an error", () => {
    const { problems } = resolvedText(
      span("    attributes:\n      - {ref: a.i, annotations: {weir.min: low}}\n"),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^a\.yaml:16: error: .*weir\.min must be a number, found "low"/);
  });

  test("integers that a double has no room for are errors, as bounds and as members", () => {
    const bound = (max: string): readonly string[] =>
      resolvedText(span(`    attributes:\n      - {ref: a.i, annotations: {weir.max: ${max}}}\n`))
        .problems;
    expect(bound("9007199254740993")).toEqual([
      expect.stringContaining(
        "weir.max must be within 2^53 - 1 as an integer, found 9007199254740993",
      ),
    ]);
    expect(bound("1e300")).toEqual([]);
    const members = `groups:
  - id: g
    type: attribute_group
    brief: G
    attributes:
      - id: x
        type: {members: [{id: a, value: 9007199254740993, stability: stable}, {id: b, value: 1, stability: stable}]}
        brief: X
        stability: stable
`;
    expect(resolvedText(members).problems).toEqual([
      expect.stringMatching(/^a\.yaml:7: error: .*an integer value must be within 2\^53 - 1/),
    ]);
  });

  test("bounds that no value can keep are an error where the upper one stands", () => {
    const bounds = (min: number, max: number): readonly string[] =>
      resolvedText(
        span(
          `    attributes:\n      - ref: a.i\n        annotations:\n          weir.min: ${min}\n          weir.max: ${max}\n`,
        ),
      ).problems;
    expect(bounds(10, 1)).toEqual([
      "a.yaml:19: error: group span.x, ref a.i: weir.max=1 is below weir.min=10: no value can pass",
    ]);
    expect(bounds(1, 1)).toEqual([]);
    expect(bounds(-1, 1)).toEqual([]);
  });

  test("a glob longer than one that the edge takes is an error", () => {
    const { problems } = resolvedText(
      span(
        `    annotations: {weir.match: ["${"x".repeat(257)}"]}\n    attributes:\n      - ref: a.i\n`,
      ),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^a\.yaml:15: error: .*weir\.match must be a glob.*256 bytes/);
  });

  test("what would do nothing is warned of: a glob of no span, a condition of no conditional attribute", () => {
    const { problems } = resolvedText(
      `${span("    attributes:\n      - {ref: a.i, annotations: {weir.condition: {attribute: a.s}}}\n")}
  - {id: metric.m, type: metric, metric_name: m, instrument: gauge, unit: s, brief: M, stability: stable, annotations: {weir.match: m}}
`,
    );
    expect(problems).toEqual([
      "a.yaml:16: warning: group span.x, attribute a.i: weir.condition is ignored: it needs requirement_level conditionally_required, found recommended",
      "a.yaml:18: warning: group metric.m: weir.match is no annotation of metrics, ignored: it is one of spans",
    ]);
  });

  test("bounds that cross are told where the second one stands, in whatever group", () => {
    const { problems } = resolvedText(
      span(`    attributes:
      - ref: a.i
        annotations: {weir.max: 1}
  - id: g
    type: attribute_group
    brief: G
    attributes:
      - ref: a.i
        annotations:
          weir.min: 2
`),
    );
    expect(problems).toEqual([
      "a.yaml:24: error: group g, attribute a.i: weir.max=1 is below weir.min=2: no value can pass; weir.max in a.yaml:17",
    ]);
  });

  test("a constraint must fit its type, agree with others of its key, and a condition be of the registry", () => {
    const { problems } = resolvedText(
      span(`    attributes:
      - ref: a.s
        annotations: {weir.max: 1}
      - ref: a.i
        requirement_level: {conditionally_required: If so.}
        annotations:
          weir.min: 0
          weir.condition: [{attribute: a.s}, {attribute: a.none}]
      - ref: a.h
        annotations: {weir.max_length: 5}
  - id: g
    type: attribute_group
    brief: G
    attributes:
      - ref: a.i
        annotations: {weir.min: 1, weir.pattern: x}
`),
    );
    expect(problems).toEqual([
      "a.yaml:17: error: group span.x, attribute a.s: weir.max needs type int or double, found string",
      "a.yaml:22: error: group span.x, attribute a.i: weir.condition: no attribute a.none in the registry",
      "a.yaml:30: error: group g, attribute a.i: weir.min is 1, but 0 in a.yaml:21; a constraint belongs to the key",
      "a.yaml:30: error: group g, attribute a.i: weir.pattern needs type string or enum, found int",
    ]);
  });

  test("good ones and those of others are kept", () => {
    const { problems, group } = resolvedText(
      span(`    annotations: {weir.match: ["GET *"], code_generation: {exclude: true}}
    attributes:
      - ref: a.i
        requirement_level: {conditionally_required: If so.}
        annotations: {weir.min: 0, weir.condition: [{attribute: a.s, equals: x}, {status: error}]}
`),
    );
    expect(problems).toEqual([]);
    expect(group("span.x").annotations).toEqual({
      "weir.match": ["GET *"],
      code_generation: { exclude: true },
    });
  });

  test("a glob that is none is an error", () => {
    const { errors } = resolvedText(
      span("    annotations: {weir.match: []}\n    extends: registry.a\n"),
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("weir.match must be a glob");
  });
});
