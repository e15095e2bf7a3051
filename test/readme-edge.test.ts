// The README's tables of the edge against what they are about: the checklist's ids against the names
// of tests, the limits against the table in the code, the settings against wrangler.toml.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { fixedLimits, settableLimits } from "../edge/limits.ts";
import { up } from "../engine/cli/up.ts";
import { constraintKeys } from "../schemas/weaver/constraints.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const sectionOf = (title: string): string =>
  readme.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? "";

describe("the OTLP/HTTP checklist", () => {
  const folder = join(root, "test/edge/checklist");
  const namesIn = (file: string): readonly string[] =>
    [...readFileSync(join(folder, file), "utf8").matchAll(/"([HCLPEJ]\d): /g)].map(
      ([, id]) => id ?? "",
    );
  const rows = [...sectionOf("OTLP/HTTP checklist").matchAll(/^\| ([A-Z]\d) \|.*`(.+)` \|$/gm)];

  it("has every line of the specification", () => {
    const lines = { H: 8, C: 7, L: 7, P: 7, E: 6, J: 9 };
    const ids = Object.entries(lines).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, at) => `${letter}${at + 1}`),
    );
    expect(rows.map(([, id]) => id)).toEqual(ids);
  });

  it("names for every id the file whose tests bear it", () => {
    for (const [, id = "", file = ""] of rows)
      expect([id, namesIn(file)]).toEqual([id, expect.arrayContaining([id])]);
  });

  it("has no test of an id that it does not name", () => {
    const tested = readdirSync(folder)
      .filter((file) => file.endsWith(".test.ts"))
      .flatMap(namesIn);
    const known = new Set(rows.map(([, id]) => id));
    expect(tested.filter((id) => !known.has(id))).toEqual([]);
  });

  it("H1: the default port is 4318", () => {
    expect(up.options["edge-port"]?.default).toBe("4318");
  });
});

it.each([...constraintKeys, "weir.match", "weir.condition"])("%s is documented", (annotation) => {
  const rows = sectionOf("Access")
    .split("\n")
    .filter((line) => line.startsWith("| `weir."));
  expect(rows.filter((row) => row.includes(`\`${annotation}\``))).toHaveLength(1);
});

describe("the limits of the edge", () => {
  const section = sectionOf("Limits of the edge");
  const figure = (value: number): string => value.toLocaleString("en-US");

  it.each(Object.entries(settableLimits))("document %s as the code has it", (name, limit) => {
    const { default: fallback, min, max, what, over } = limit;
    const range = `${figure(min)} to ${figure(max)}`;
    expect(section).toContain(
      `| \`${name}\` | ${figure(fallback)} | ${range} | ${what} | ${over} |`,
    );
  });

  it.each(Object.entries(fixedLimits))("document %s", (name, value) => {
    expect(section).toContain(`| \`${name}\` | ${figure(value)} | fixed |`);
  });
});

describe("the settings of the edge", () => {
  const config = readFileSync(join(root, "edge/config.ts"), "utf8");
  const wrangler = readFileSync(join(root, "wrangler.toml"), "utf8");
  const names = [...config.matchAll(/^ +([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name ?? "");

  it.each(names.filter((name) => !(name in settableLimits)))(
    "wrangler.toml tells of %s",
    (name) => {
      expect(wrangler).toContain(name);
    },
  );

  it("are found where they are read", () => {
    expect(names.length).toBeGreaterThan(30);
  });
});
