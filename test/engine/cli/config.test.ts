import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { afterAll, describe, expect, test, vi } from "vitest";

import { UsageError } from "../../../engine/cli/command.ts";
import { config } from "../../../engine/cli/config.ts";
import { parsedLines, runCommand } from "./captured-io.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-config-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const good = join(folder, "good.toml");
const bad = join(folder, "bad.json");
writeFileSync(good, 'profile = "low-latency"\n[sniffer]\nbatch_size = 20\n');
writeFileSync(bad, '{\n  "sniffer": {\n    "batch_size": 0,\n    "bach_timeout_ms": 1\n  }\n}\n');

const runWith = async (input: string, words: readonly string[]) => {
  const { lines, ...ran } = await runCommand(config, words, input);
  return { ...ran, lines: parsedLines<object>(lines) };
};
const run = async (...argv: string[]) => runWith("", argv);

describe("weir config check", () => {
  test("exits with 0 for a file that can be used", async () => {
    const { code, lines } = await run("check", good);
    expect([code, lines]).toEqual([0, [{ ok: true, problems: [], warnings: [] }]]);
  });

  test("exits with 1 and names file, line, field, what was found and what was expected", async () => {
    const { code, lines, notes } = await run("check", bad);
    expect(code).toBe(1);
    expect(notes.slice(0, 2)).toEqual([
      `${bad}:3: sniffer.batch_size: found 0, expected an integer from 1 to 1024`,
      `${bad}:4: sniffer.bach_timeout_ms: unknown; did you mean sniffer.batch_timeout_ms?`,
    ]);
    expect(lines).toMatchObject([{ ok: false, problems: [{ place: `${bad}:3` }, {}] }]);
  });

  test("unpacks files in gzip and zstd", async () => {
    for (const [name, pack] of [["gz", gzipSync] as const, ["zst", zstdCompressSync] as const]) {
      const path = `${bad}.${name}`;
      writeFileSync(path, pack(readFileSync(bad)));
      const { code, notes } = await run("check", path);
      expect(code).toBe(1);
      expect(notes[0]).toContain(`${path}:3: sniffer.batch_size: found 0`);
    }
  });

  test("refuses bytes that are no text, packed or not", async () => {
    const broken = join(folder, "broken.toml");
    const bytes = Buffer.from("[sniffer]\nbatch_size = 5 # \u00ff\n", "latin1");
    writeFileSync(broken, bytes);
    writeFileSync(`${broken}.gz`, gzipSync(bytes));
    for (const path of [broken, `${broken}.gz`]) {
      const { code, notes } = await run("check", path);
      expect([code, notes[0]]).toEqual([1, `${path}: found bytes that are no UTF-8`]);
    }
  });

  test("takes standard input, profile and single settings", async () => {
    const options = ["--profile", "low-latency", "--set", "sniffer.channel_capacity=4"];
    const { code, notes } = await runWith("[sniffer]\nbatch_size = 5\n", [
      "check",
      "-",
      ...options,
    ]);
    expect(code).toBe(1);
    expect(notes[0]).toContain("batch_size=5 (-:2)");
    expect(notes[0]).toContain("channel_capacity=4 (--set sniffer.channel_capacity)");
  });

  test("loads custom stages and tells what they refuse", async () => {
    const stage = join(folder, "stage.mjs");
    writeFileSync(
      stage,
      `export const stage = { name: "gate", inputBytes: 32, outputBytes: 32, configure: ({ max }) => {
         if (!(max > 0)) throw new Error("max=" + max + " must be above 0");
         return () => { throw new Error("not here"); };
       } };`,
    );
    const file = join(folder, "stages.toml");
    const text = (max: number): string =>
      `[[stages]]\nname = "one"\nmodule = "./stage.mjs"\noptions.max = ${max}\n`;
    writeFileSync(file, text(1));
    expect((await run("check", file)).code).toBe(0);
    writeFileSync(file, `${text(0)}[[stages]]\nname = "two"\nmodule = "./none.mjs"\n`);
    const { code, notes } = await run("check", file);
    expect(code).toBe(1);
    expect(notes[0]).toBe(
      `${file}:1: stages[0]: stage=./stage.mjs: options: max=0 must be above 0`,
    );
    expect(notes[1]).toContain("stages[1]: stage=./none.mjs: no such module");
  });

  test("finds custom stages beside the file, however the file is named", async () => {
    const away = mkdtempSync(join(folder, "away-"));
    const stage = `export const stage = { name: "gate", inputBytes: 32, outputBytes: 32,
      configure: () => () => { throw new Error("not here"); } };`;
    writeFileSync(join(away, "stage.mjs"), stage);
    const file = join(away, "weir.toml");
    writeFileSync(file, '[[stages]]\nname = "one"\nmodule = "./stage.mjs"\n');
    vi.stubEnv("WEIR_SNIFFER_CONFIG_FILE_PATH", file);
    const byVariable = await run("check");
    vi.unstubAllEnvs();
    const named = await run("check", file);
    const set = await run("check", "--set", `sniffer.config_file_path=${file}`);
    for (const { lines } of [named, byVariable, set]) {
      expect(lines).toEqual([{ ok: true, problems: [], warnings: [] }]);
    }
  });

  test("a file that is named has to be there", async () => {
    const { code, notes } = await run("check", join(folder, "none.toml"));
    expect([code, notes[0]]).toEqual([1, `${join(folder, "none.toml")}: no such file`]);
  });
});

describe("weir config print", () => {
  test("prints a line for each field with value, origin and label", async () => {
    const { code, lines } = await run("print", good);
    expect(code).toBe(0);
    expect(lines.find((line) => "field" in line && line.field === "sniffer.batch_size")).toEqual({
      field: "sniffer.batch_size",
      value: 20,
      source: "file",
      place: `${good}:3`,
      reload: "live",
      variable: "WEIR_SNIFFER_BATCH_SIZE",
    });
    const ofProfile = lines.filter((line) => "source" in line && line.source === "profile");
    expect(ofProfile).toHaveLength(5);
    expect(ofProfile).toContainEqual(
      expect.objectContaining({ field: "edge.short_pauses", value: true, reload: "restart" }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ field: "sniffer.config_file_path", value: good, source: "flag" }),
    );
  });

  test("hides tokens in addresses", async () => {
    const set = (url: string) => ["--set", `telemetry.trace_endpoint=${url}`];
    const url = "https://me:pass@node.example/v2/0123456789abcdef0123?api-key=topsecret";
    const { lines } = await run("print", ...set(url));
    const line = lines.find((one) => "field" in one && one.field === "telemetry.trace_endpoint");
    expect(line).toMatchObject({ value: "https://***@node.example/v2/***?***" });
    const { notes } = await run("check", ...set(`x${url}`));
    expect(notes[0]).toContain('found "xhttps://***@node.example/v2/***?***", expected an http');
    const plain = "http://127.0.0.1:8899/rpc";
    const shown = (await run("print", ...set(plain))).lines;
    expect(shown).toContainEqual(expect.objectContaining({ value: plain }));
  });

  test("prints nothing for a file that cannot be used", async () => {
    const { code, lines } = await run("print", bad);
    expect([code, lines]).toEqual([1, []]);
  });

  test("reads the file that a setting names, which wins as it does over every other source", async () => {
    const { lines } = await run("print", "--set", `sniffer.config_file_path=${good}`, bad);
    expect(lines).toContainEqual(
      expect.objectContaining({ field: "sniffer.batch_size", value: 20, place: `${good}:3` }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ field: "sniffer.config_file_path", value: good, source: "flag" }),
    );
    const none = join(folder, "none.toml");
    const { code, notes } = await run("print", "--set", `sniffer.config_file_path=${none}`);
    expect([code, notes]).toEqual([1, [`${none}: no such file`]]);
  });
});

describe("weir config schema", () => {
  test("is a JSON Schema in which every field has default, meaning and label", async () => {
    const { lines } = await run("schema");
    expect(lines).toMatchObject([
      {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        additionalProperties: false,
        properties: {
          sniffer: {
            additionalProperties: false,
            properties: {
              batch_size: {
                type: "integer",
                default: 10,
                minimum: 1,
                maximum: 1024,
                reload: "live",
                description: "candidates of one send",
              },
            },
          },
        },
      },
    ]);
  });
});

test("an action that nobody knows, a second file and a setting without = are refused", async () => {
  await expect(run("show")).rejects.toThrow(UsageError);
  await expect(run("check", good, bad)).rejects.toThrow(/takes one FILE/);
  await expect(run("check", "--set", "sniffer.batch_size")).rejects.toThrow(/FIELD=VALUE/);
  await expect(run("check", "--profil", "x")).rejects.toThrow(/--profile/);
});
