// Fuzzes the reading of registries. The fast reader of YAML must give up or agree with the yaml
// package, value and lines; and whatever a file holds, checking it ends with problems that have a
// place, never with an exception.
import { isDeepStrictEqual } from "node:util";

import { Problems } from "../../engine/registry/problem.ts";
import { readFile } from "../../engine/registry/read-specification.ts";
import { readSource } from "../../engine/registry/source-file.ts";
import { readByLibrary } from "../../engine/registry/yaml-library.ts";
import { readSubset } from "../../engine/registry/yaml-subset.ts";
import { type Random, seeded } from "../random.ts";

const registry = `groups:
  - id: registry.a   # a comment
    type: attribute_group
    brief: >
      Folded text
      of two lines

      and a paragraph
        deeper
      back
    attributes:
      - id: a.b
        type: string
        stability: stable
        brief: 'It''s quoted'
        examples: ['x', "y\\n", 10, 1.5, [true, null],
          plain text]
      - id: a.c
        type:
          members:
            - id: one
              value: 1
              stability: development
        brief: plain text
          that goes on
        note: |-
          literal # no comment
            deeper

          end
        requirement_level:
          conditionally_required: When \`a.b\` is set.
  - id: span.a
    type: span
    span_kind: client
    extends: registry.a
    brief: ""
    annotations:
      weir.match: [x, "GET *"]
      other:
        deep: 1
    attributes:
    - ref: a.b
      requirement_level: required
      annotations:
        weir.pattern: "^a+(b|c)$"
        weir.max_length: 10
        weir.condition:
          status: error
`;

const definition = `file_format: definition/2
attributes:
  - key: m.a
    type: template[string[]]
    brief: A
    stability: stable
attribute_groups:
  - id: g
    visibility: internal
    attributes:
      - ref: m.a
metrics:
  - name: m
    instrument: counter
    unit: "{x}"
    brief: M
    stability: stable
    attributes:
      - ref_group: g
spans:
  - type: s
    kind: server
    name: {note: "{m.a}"}
    brief: S
    stability: alpha
span_refinements:
  - id: s.r
    ref: s
imports:
  metrics: [http.*, "db.{a,b}"]
`;

const pieces = [
  "- ",
  "  ",
  " ",
  "\n",
  "\n\n",
  ": ",
  ":",
  " #",
  "#",
  "'",
  '"',
  "[",
  "]",
  ", ",
  "|",
  ">",
  ">-",
  "|+",
  "null",
  "~",
  "true",
  "-1",
  "0x1f",
  "1e3",
  "1.0",
  "&a ",
  "*a",
  "!t ",
  "? ",
  "a: b",
  "key:\n",
  "{}",
  "\\",
  "ref: a.b",
  "id: a.b",
];

const damaged = (random: Random): string => {
  let text = random.pick([registry, definition]);
  if (random.below(3) === 0) text = text.slice(random.below(text.length));
  for (let i = 1 + random.below(4); i > 0; i -= 1) {
    const at = random.below(text.length + 1);
    const cut = random.below(3) === 0 ? random.below(30) : random.below(2);
    text =
      text.slice(0, at) + (random.below(4) === 0 ? "" : random.pick(pieces)) + text.slice(at + cut);
  }
  if (random.below(4) === 0) {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    lines[at] = " ".repeat(random.below(8)) + (lines[at] ?? "").trimStart();
    text = lines.join("\n");
  }
  return text;
};

type Read = (text: string) => unknown;

const compareReaders = (text: string, fast: Read): void => {
  const value = fast(text);
  if (value === undefined) return;
  const library = readByLibrary(text);
  if (library.faults.length > 0 || !isDeepStrictEqual(value, library.value)) {
    throw new Error(
      `the fast reader differs from the package: ${JSON.stringify(text)}: ` +
        `${JSON.stringify(value)} and ${JSON.stringify(library)}`,
    );
  }
  const file = readSource("x.yaml", new TextEncoder().encode(text));
  for (const path of pathsOf(value, [], 40)) {
    if (file.lineOf(path) === library.lineOf(path)) continue;
    throw new Error(
      `lines differ at ${path.join(".")}: ${file.lineOf(path)}, ${library.lineOf(path)} in ` +
        JSON.stringify(text),
    );
  }
};

const pathsOf = (
  value: unknown,
  above: readonly (string | number)[],
  most: number,
): (readonly (string | number)[])[] => {
  if (typeof value !== "object" || value === null) return [above];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [
    above,
    ...keys.flatMap((key) =>
      pathsOf((value as Record<string | number, unknown>)[key], [...above, key], most),
    ),
  ].slice(0, most);
};

/** One run; throws on the first finding. */
export const run = async ({ seed, cases }: { seed: number; cases: number }): Promise<void> => {
  const random = seeded(seed);
  for (let i = 0; i < cases; i += 1) {
    const text = damaged(random);
    compareReaders(text, readSubset);
    const problems = new Problems();
    readFile(readSource("x.yaml", new TextEncoder().encode(text)), "x.yaml", problems);
    const lines = text.split("\n").length;
    const lost = problems.list().find(({ line }) => line < 1 || line > lines);
    if (lost !== undefined) throw new Error(`no such line: ${JSON.stringify(lost)} in ${text}`);
  }
};

/** A reader that takes `~` for a text must be caught. */
export const canary = (): void => {
  const wrong: Read = (text) => JSON.parse(JSON.stringify(readSubset(text)), (_, v) => v ?? "~");
  try {
    compareReaders("a: ~\n", wrong);
  } catch {
    return;
  }
  throw new Error("the fuzzer of registries does not catch a wrong value");
};
