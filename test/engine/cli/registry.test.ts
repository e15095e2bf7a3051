import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { InputError } from "../../../engine/cli/input.ts";
import { registry } from "../../../engine/cli/registry.ts";
import { type Ran, runCommand } from "./captured-io.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-registry-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bad = join(folder, "bad.yaml");
const output = join(folder, "out.txt");

const run = (...words: string[]): Promise<Ran> => runCommand(registry, words);

describe("weir registry", () => {
  const good = fileURLToPath(new URL("../../../schemas/registry", import.meta.url));

  test("check of a good registry prints nothing on standard output and exits with 0", async () => {
    const { code, lines, notes } = await run("check", good);
    expect(code).toBe(0);
    expect(lines).toEqual([]);
    expect(notes[0]).toMatch(/^weir registry check: \d files, \d+ groups, version [0-9a-f]{12}, 0/);
  });

  test("check prints file:line: message and exits with 1", async () => {
    writeFileSync(
      bad,
      "groups:\n  - id: a\n    type: attribute_group\n    brief: A\n    extends: b\n",
    );
    const { code, lines } = await run("check", folder);
    expect(code).toBe(1);
    expect(lines).toEqual([`${bad}:5: error: group a: no group b: a > b`]);
  });

  test("check writes its findings to -o", async () => {
    expect((await run("check", folder, "-o", output)).code).toBe(1);
    expect(readFileSync(output, "utf8")).toBe(`${bad}:5: error: group a: no group b: a > b\n`);
  });

  test("a file that cannot be written is named, without a stack", async () => {
    const path = join(folder, "none", "out.txt");
    for (const action of ["check", "resolve", "compile"]) {
      await expect(run(action, good, "-o", path)).rejects.toThrow(InputError);
      await expect(run(action, good, "-o", path)).rejects.toThrow(path);
    }
  });

  test("resolve prints one JSON document", async () => {
    const { code, lines } = await run("resolve", good);
    expect(code).toBe(0);
    expect(lines).toHaveLength(1);
    const document = JSON.parse(lines[0] ?? "") as { groups: { id: string }[] };
    expect(Object.keys(document)).toEqual(["registry_url", "schema_url", "version", "groups"]);
    expect(document.groups.map(({ id }) => id)).toContain("workflow.execute");
  });

  test("resolve writes to --output, and nothing when there are errors", async () => {
    expect((await run("resolve", good, "--output", output)).code).toBe(0);
    expect(JSON.parse(readFileSync(output, "utf8"))).toHaveProperty("version");
    const { code, lines, notes } = await run("resolve", folder);
    expect(code).toBe(1);
    expect(lines).toEqual([]);
    expect(notes[0]).toContain("bad.yaml:5: error");
  });

  test("compile writes tables that can be loaded, and says how large they are", async () => {
    const { code, lines } = await run("compile", good, "-o", output);
    expect(code).toBe(0);
    const { bytes, groups } = JSON.parse(lines[0] ?? "") as { bytes: number; groups: number };
    expect(statSync(output).size).toBe(bytes);
    expect(groups).toBeGreaterThan(40);
    await expect(run("compile", good)).rejects.toThrow("-o FILE");
    expect((await run("compile", folder, "-o", output)).code).toBe(1);
  });

  test.each([[[]], [["chek", "x"]], [["check"]], [["check", "a", "b"]]])(
    "%j is wrong usage",
    async (argv) => {
      await expect(run(...argv)).rejects.toThrow(/registry/);
    },
  );

  test("a folder that is not there is an error, not a crash", async () => {
    const { code, lines } = await run("check", join(folder, "none"));
    expect(code).toBe(1);
    expect(lines[0]).toContain("no such file");
  });
});
