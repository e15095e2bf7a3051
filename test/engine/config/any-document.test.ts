// Whatever stands in a document, a variable or an option: the answer is a good configuration or a
// list of problems with places, never an exception, and what is good survives being written out.
import fc from "fast-check";
import { stringify } from "smol-toml";
import { describe, expect, test } from "vitest";

import { problemText } from "../../../engine/config/problem.ts";
import { resolveConfig } from "../../../engine/config/resolve-config.ts";
import { configSchema, fields } from "../../../engine/config/schema.ts";
import { runSeed } from "../../random.ts";

const seed = runSeed("any-document");
const numRuns = 300;

const paths = fields.map(({ path }) => path);
const value = fc.oneof(
  fc.integer({ min: -2, max: 5000 }),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(
    "",
    "Block",
    "low-latency",
    "pump.fun",
    "a b",
    "127.0.0.1:9092",
    "0x10",
    "[1",
    "{}",
  ),
  fc.array(fc.oneof(fc.string({ maxLength: 5 }), fc.integer()), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.integer(), { maxKeys: 2 }),
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...paths) },
  fc.constantFrom("sniffer", "senders.jito", "sniffer.batchsize", "x", "threads.", "__proto__.x"),
);
const settings = fc.array(fc.tuple(key, value), { maxLength: 6 });

type Tree = { [key: string]: unknown };

const treeOf = (list: readonly (readonly [string, unknown])[]): Tree => {
  const root: Tree = Object.create(null) as Tree;
  for (const [path, found] of list) {
    const keys = path.split(".");
    let section = root;
    for (const one of keys.slice(0, -1)) {
      if (
        typeof section[one] !== "object" ||
        section[one] === null ||
        Array.isArray(section[one])
      ) {
        section[one] = Object.create(null) as Tree;
      }
      section = section[one] as Tree;
    }
    section[keys.at(-1) ?? ""] = found;
  }
  return root;
};

const textOf = (one: unknown): string => (typeof one === "string" ? one : JSON.stringify(one));

const judge = (from: Parameters<typeof resolveConfig>[0]): void => {
  const resolved = resolveConfig(from);
  if (!resolved.ok) {
    expect(resolved.problems.length).toBeGreaterThan(0);
    for (const problem of resolved.problems) expect(problemText(problem)).toMatch(/\S/);
    return;
  }
  const again = configSchema.safeParse(structuredClone(resolved.config));
  expect(again.success && again.data).toEqual(resolved.config);
  const { config_file_path: _, ...sniffer } = resolved.config.sniffer;
  const text = JSON.stringify({ ...resolved.config, sniffer });
  const copy = resolveConfig({ file: { path: "c.json", text }, variables: {}, flags: [] });
  expect(copy.ok && copy.config.threads).toEqual(resolved.config.threads);
  expect(copy.ok && { ...copy.config.sniffer }).toMatchObject(sniffer);
};

describe("any document", () => {
  test("in JSON", () => {
    const property = fc.property(settings, (list) => {
      const text = JSON.stringify(treeOf(list), null, 1);
      judge({ file: { path: "weir.json", text }, variables: {}, flags: [] });
    });
    fc.assert(property, { seed, numRuns });
  });

  test("in TOML, and its problems stand on lines of the document", () => {
    const property = fc.property(settings, (list) => {
      const text = stringify(treeOf(list));
      const file = { path: "weir.toml", text };
      judge({ file, variables: {}, flags: [] });
      const resolved = resolveConfig({ file, variables: {}, flags: [] });
      const lines = text.split("\n").length;
      for (const { place } of resolved.ok ? [] : resolved.problems) {
        const line = /^weir\.toml:(\d+)$/.exec(place)?.[1];
        if (line !== undefined) expect(Number(line)).toBeLessThanOrEqual(lines);
      }
    });
    fc.assert(property, { seed, numRuns });
  });

  test("that is no document at all, cut anywhere, or with bytes changed", () => {
    const good =
      '[sniffer]\nbatch_size = 5 # five\n[[stages]]\nname = "a"\nmodule = """\n./a.ts"""\n';
    const property = fc.property(fc.nat(good.length), fc.string({ maxLength: 4 }), (at, put) => {
      const text = good.slice(0, at) + put + good.slice(at + put.length);
      judge({ file: { path: "weir.toml", text }, variables: {}, flags: [] });
      judge({ file: { path: "weir.json", text }, variables: {}, flags: [] });
    });
    fc.assert(property, { seed, numRuns });
  });

  test("in variables and options", () => {
    const text = fc.oneof(value.map(textOf), fc.string({ maxLength: 12 }));
    const property = fc.property(fc.array(fc.tuple(key, text), { maxLength: 6 }), (list) => {
      const variables = Object.fromEntries(
        list.map(([path, one]) => [`WEIR_${path.toUpperCase().replaceAll(".", "_")}`, one]),
      );
      judge({ file: null, variables, flags: [] });
      const flags = list.map(([path, one]) => ({ path, text: one, option: `--set ${path}` }));
      judge({ file: null, variables: {}, flags });
    });
    fc.assert(property, { seed, numRuns });
  });

  test("that is deeper than anybody needs, which is refused", () => {
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const stages = `[{"name":"a","module":"./a.mjs","options":${deep}}]`;
    const problemsOf = (text: string, variables = {}): readonly string[] => {
      const file = text === "" ? null : { path: "weir.json", text };
      const resolved = resolveConfig({ file, variables, flags: [] });
      return resolved.ok ? [] : resolved.problems.map(problemText);
    };
    expect(problemsOf(`{"stages":${stages}}`)).toEqual([
      "weir.json: found values deeper than 32 in each other",
    ]);
    expect(problemsOf("", { WEIR_STAGES: stages })).toEqual([
      expect.stringMatching(/^WEIR_STAGES: stages: found "\[.*, expected a list of up to 8/),
    ]);
  });
});
