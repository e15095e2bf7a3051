// The JSON Schema of the file, as a foreign validator understands it, beside the check of the same
// documents: an editor marks what `weir config check` refuses, and nothing else.
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";

import { fileSchema } from "../../../engine/config/file-schema.ts";
import { resolveConfig } from "../../../engine/config/resolve-config.ts";
import { type Field, fields, sections } from "../../../engine/config/schema.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

const validate = new Ajv2020({ strict: false }).compile(fileSchema());

type Verdicts = { readonly check: readonly string[]; readonly schema: boolean };

/** `check`: fields with a problem; what is wrong between fields, or with a key file, has none. */
const verdictsOf = (document: object): Verdicts => {
  const text = JSON.stringify(document);
  const file = { path: "weir.json", text };
  const resolved = resolveConfig({ file, variables: {}, flags: [] });
  const problems = resolved.ok ? [] : resolved.problems;
  return {
    check: problems.flatMap(({ field }) => (field === "" ? [] : [field])),
    schema: validate(JSON.parse(text)),
  };
};

const documentOf = (path: string, value: unknown): { [key: string]: unknown } =>
  path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as {
    [key: string]: unknown;
  };

const texts = [
  "",
  "a",
  "Sync",
  "Block",
  "PumpSwap",
  "frankfurt",
  "ny",
  "a:1",
  "http://a/",
  "ftp://a",
];
const numbers = [-1, 0, 0.5, 1, 2, 3, 8, 80, 443, 500, 512, 1024, 1232, 4096, 6000, 2 ** 23, 1e12];
const stages = [
  { name: "a", module: "./a.ts" },
  { name: "b", module: "b", options: { max: [1, null] } },
  { name: "B", module: "b" },
  { name: "c", module: "c", mode: 1 },
  { name: "d" },
];
const ownProgram = {
  name: "Jupiter v6",
  id: "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4",
  instructions: [
    { instruction: "route", discriminator: "e517cb977ae3ad2a", mint: 5, user: 1, pool: 0 },
  ],
};
const [ownInstruction] = ownProgram.instructions;
const own = [
  ownProgram,
  { ...ownProgram, id: "Vote111111111111111111111111111111111111111" },
  { ...ownProgram, instructions: [] },
  { ...ownProgram, instructions: [{ ...ownInstruction, quote_mint: 7, direction: "buy" }] },
  { ...ownProgram, instructions: [{ ...ownInstruction, quote_mint: "SOL" }] },
  { ...ownProgram, instructions: [{ ...ownInstruction, base: { at: 8, kind: "exact" } }] },
  { ...ownProgram, instructions: [{ ...ownInstruction, quote: { at: 7, kind: "limit" } }] },
];

const valueFor = ({ kind, words }: Field, random: Random): unknown => {
  const others = [random.pick(texts), random.pick(numbers), random.below(2) === 0, null, [], {}];
  if (random.below(5) === 0) return random.pick(others);
  if (kind === "number") return random.pick(numbers);
  if (kind === "boolean") return random.below(2) === 0;
  if (kind === "json") return random.below(4) === 0 ? [] : [random.pick([...stages, ...own])];
  if (kind === "text") return random.pick([...words, ...texts]);
  return Array.from({ length: random.below(4) }, () => random.pick(texts));
};

test("accepts of each field what the check accepts, and refuses what it refuses", () => {
  const random = seeded(runSeed("file schema"));
  const accepted = { true: 0, false: 0 };
  for (let i = 0; i < 3000; i += 1) {
    const field = fields[i % fields.length] as Field;
    const value = valueFor(field, random);
    const { check, schema } = verdictsOf(documentOf(field.path, value));
    expect([field.path, value, schema]).toEqual([field.path, value, check.length === 0]);
    accepted[`${schema}`] += 1;
  }
  expect(Math.min(accepted.true, accepted.false)).toBeGreaterThan(500);
});

test("wants no section to be there", () => {
  for (const document of [{}, ...sections.map((path) => documentOf(path, {}))]) {
    expect([document, verdictsOf(document)]).toEqual([document, { check: [], schema: true }]);
  }
});

test("knows the other spelling of a field, and that it is given once", () => {
  const sizes = { stream_buffer_size: 2048, stream_buffer_capacity: 2048 };
  const { stream_buffer_capacity } = sizes;
  expect(verdictsOf({ sniffer: { stream_buffer_capacity } })).toEqual({ check: [], schema: true });
  expect(verdictsOf({ sniffer: sizes })).toEqual({
    check: ["sniffer.stream_buffer_size"],
    schema: false,
  });
});

test("refuses names that nobody knows, and the file's own", () => {
  for (const path of [
    "sniffer.batchsize",
    "snifer",
    "sniffer.config_file_path",
    "threads.ingest",
  ]) {
    expect([path, verdictsOf(documentOf(path, "a.toml"))]).toEqual([
      path,
      { check: [path], schema: false },
    ]);
  }
});
