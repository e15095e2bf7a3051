// The entry of the command line, as a process of its own.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-launch-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `weir --version` with the cache that the user names. */
const version = (cache: string | undefined): string => {
  const { NODE_COMPILE_CACHE: _, ...rest } = process.env;
  return execFileSync(process.execPath, [join(root, "engine", "launch.mjs"), "--version"], {
    encoding: "utf8",
    env: cache === undefined ? rest : { ...rest, NODE_COMPILE_CACHE: cache },
  });
};

/** What V8 says of its assumptions while the same runs without the launcher. */
const invalidated = (cache: string): string => {
  const words = ["--conditions=weir-source", join(root, "engine", "main.ts"), "--version"];
  return spawnSync(process.execPath, ["--trace-protector-invalidation", ...words], {
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  }).stdout;
};

describe("the launcher", () => {
  it("keeps what Node makes of the sources, where the user says when they do", () => {
    const cache = join(folder, "own");
    expect(version(cache)).toMatch(/^\d+\.\d+\.\d+/);
    expect(readdirSync(cache)).not.toEqual([]);
  });

  it("keeps it with the sources otherwise", () => {
    const cache = join(root, ".weir", "compile-cache");
    rmSync(cache, { recursive: true, force: true, maxRetries: 5 });
    version(undefined);
    expect(readdirSync(cache)).not.toEqual([]);
  });

  it("so leaves no buffer detached in a later start, for V8 then checks each typed array", () => {
    const cache = join(folder, "detached");
    expect(invalidated(cache)).toContain("ArrayBufferDetaching");
    expect(invalidated(cache)).not.toContain("ArrayBufferDetaching");
  });

  it("starts where no folder can be made, too", () => {
    expect(version(join(root, "package.json", "cache"))).toMatch(/^\d+\.\d+\.\d+/);
  });
});
