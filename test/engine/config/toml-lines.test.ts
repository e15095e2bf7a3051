import { describe, expect, test } from "vitest";

import { tomlLines } from "../../../engine/config/toml-lines.ts";

const text = `# a comment with key = 1
top = "x" # [not.a.header]
"quoted key" = 1
dotted.'a.b'.c = """
[inside] = a string
key = 2
"""
list = [
  1, # ]
  "]",
  { inner = 3 },
]
literal = '''
[x]
''''
[sniffer]
batch_size = 1
  text = "with \\" quote [" # x

[a . "b"]
c.d = '\\'
[[stages]]
name = "one"
[stages.options]
x = 1
[[stages]]
name = "two"
`;

describe("lines of a TOML document", () => {
  const lineOf = tomlLines(text);
  const cases: readonly [readonly (string | number)[], number][] = [
    [["top"], 2],
    [["quoted key"], 3],
    [["dotted", "a.b", "c"], 4],
    [["dotted"], 4],
    [["list"], 8],
    [["list", 2, "inner"], 8],
    [["literal"], 13],
    [["sniffer"], 16],
    [["sniffer", "batch_size"], 17],
    [["sniffer", "text"], 18],
    [["a", "b", "c", "d"], 21],
    [["stages"], 22],
    [["stages", 0], 22],
    [["stages", 0, "name"], 23],
    [["stages", 0, "options"], 24],
    [["stages", 0, "options", "x"], 25],
    [["stages", 1], 26],
    [["stages", 1, "name"], 27],
    [["nowhere"], 1],
  ];

  test.each(cases)("%j stands on line %i", (keys, line) => {
    expect(lineOf(keys)).toBe(line);
  });

  test("a document that ends in the middle of anything ends the scan", () => {
    for (let end = 0; end < text.length; end += 1) {
      expect(tomlLines(text.slice(0, end))(["top"])).toBeGreaterThan(0);
    }
  });
});
