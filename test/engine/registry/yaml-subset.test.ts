import { existsSync, readdirSync, readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";

import { readByLibrary } from "../../../engine/registry/yaml-library.ts";
import { readSubset } from "../../../engine/registry/yaml-subset.ts";

const official = new URL(
  "../../../../shared/data/registry/semantic-conventions-1.40.0/",
  import.meta.url,
);

describe("the fast reader", () => {
  const texts: readonly [string, string][] = [
    ["maps and lists", "a:\n  - b: 1\n    c: [x, 'y', 2]\n  - - z\nd:\n- e\nf:\n"],
    ["plain scalars over lines", "a: one\n  two\n\n  three\nb: x # no\n"],
    ["quoted scalars over lines", 'a: \'one\n  two\'\nb: "x \\"y\\"\n\n  z"\n'],
    ["folded texts", "a: >\n\n  one\n  two\n\n  three\n    deep\n\n  back\n\nb: >-\n  x\n"],
    ["literal texts", "a: |\n  # one\n   two\n\nb: |+\n  x\n\n\nc: |-\n  y\n"],
    ["words and numbers", "a: [~, null, true, False, 12, -3, 1.5, 1.2.3, 10.1.2.80, .5x, 1e]\n"],
    ["lists over lines", "a: ['x',\n  y, [1,\n  2]]\n"],
    ["comments everywhere", "# one\na: # two\n  # three\n  b: 1 # four\n# five\n"],
  ];
  test.each(texts)("reads %s as the package does", (_, text) => {
    const value = readSubset(text);
    expect(value).toBeDefined();
    expect(value).toEqual(readByLibrary(text).value);
  });

  const outside: readonly [string, string][] = [
    ["an anchor", "a: &x 1\nb: *x\n"],
    ["a tag", "a: !!str 1\n"],
    ["a tab", "a:\tb\n"],
    ["two documents", "a: 1\n---\nb: 2\n"],
    ["a map in braces", "a: {b: 1}\n"],
    ["a key given twice", "a: 1\na: 2\n"],
    ["a key that is no string", "true: 1\n"],
    ["the key of prototypes", "__proto__: 1\n"],
    ["wrong indentation", "a:\n   b: 1\n  c: 2\n"],
    ["a colon in a plain scalar", "a: b: c\n"],
    ["hexadecimal", "a: 0x1f\n"],
    ["nesting without end", `${"- ".repeat(1000)}a\n`],
    ["brackets without end", `a: ${"[".repeat(1000)}\n`],
  ];
  test.each(outside)("leaves %s to the package", (_, text) => {
    expect(readSubset(text)).toBeUndefined();
  });

  test("agrees with the package on whatever the package writes", () => {
    const scalar = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        "a: b",
        "- x",
        "it's",
        "# c",
        "line\nline\n",
        "  deep\n\nback",
        "1.0",
        "null",
      ),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom("id", "a.b", "x-y", "Z_1"), tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.record({ groups: tree }), fc.integer({ min: 2, max: 6 }), (value, indent) => {
        const text = stringify(value, { indent, lineWidth: 30 });
        const read = readSubset(text);
        if (read !== undefined) expect(read).toEqual(readByLibrary(text).value);
      }),
      { numRuns: 500 },
    );
  });

  describe.skipIf(!existsSync(official))("on the official registry of ../shared/data", () => {
    test("reads nearly every file, and as the package does", () => {
      const files = readdirSync(official, { recursive: true, encoding: "utf8" });
      const texts = files
        .filter((name) => /\.ya?ml$/.test(name))
        .map((name) => readFileSync(new URL(name, official), "utf8"));
      let left = 0;
      for (const text of texts) {
        const value = readSubset(text);
        if (value === undefined) left += 1;
        else expect(value).toEqual(readByLibrary(text).value);
      }
      expect(texts).toHaveLength(242);
      expect(left).toBeLessThanOrEqual(2);
    });
  });
});

describe("the package's reader", () => {
  test("refuses more aliases than aliasesMax, deep nesting and bad YAML with a line", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: [${"*c,".repeat(9)}]\n`;
    expect(readByLibrary(bomb).faults[0]?.message).toContain("the limit is 100");
    expect(readByLibrary("- ".repeat(80) + "x").faults[0]?.message).toContain("depthMax=64");
    expect(readByLibrary("[".repeat(100_000)).faults).not.toEqual([]);
    expect(readByLibrary("a: 1\nb: [1\nc: 2\n").faults[0]?.line).toBeGreaterThan(1);
    expect(readByLibrary("a: 1\nb: 2\na: 3\n").faults[0]).toMatchObject({ line: 3 });
  });
});
