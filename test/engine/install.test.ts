// When the launcher installs: in a folder of its own, with a program in npm's place.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { afterAll, beforeEach, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "weir-install-"));
const module = join(folder, "engine", "install.mjs");

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const installed = {
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/b": { version: "2.0.0", integrity: "sha512-b", optional: true },
};
const locked = {
  "": { name: "x" },
  ...installed,
  "node_modules/of-other-platform": { version: "1.0.0", optional: true },
};

const write = (path: string, packages: object): void => {
  writeFileSync(join(folder, path), JSON.stringify({ packages }));
};

/** What npm was told, or "" when it was not asked. */
const npmWords = (): string => {
  const script = `const m = await import("${pathToFileURL(module).href}"); m.ensureInstalled();`;
  const words = ["--input-type=module", "-e", script];
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { stderr } = spawnSync(process.execPath, words, { env, encoding: "utf8" });
  return /^npm (.*)$/m.exec(stderr)?.[1] ?? "";
};

beforeEach(() => {
  mkdirSync(join(folder, "engine"), { recursive: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  cpSync(fileURLToPath(new URL("../../engine/install.mjs", import.meta.url)), module);
  writeFileSync(join(folder, "npm"), '#!/bin/sh\necho npm "$@" >&2\n');
  chmodSync(join(folder, "npm"), 0o755);
  write("package-lock.json", locked);
  write("node_modules/.package-lock.json", installed);
});

test("what npm ci installed by hand is not installed again", () => {
  expect(npmWords()).toBe("");
});

test("nothing installed, a package that is missing and one of another version call for npm ci", () => {
  rmSync(join(folder, "node_modules", ".package-lock.json"));
  expect(npmWords()).toContain("ci --include=dev");
  write("node_modules/.package-lock.json", { "node_modules/b": installed["node_modules/b"] });
  expect(npmWords()).toContain("ci --include=dev");
  const older = { version: "0.9.0", integrity: "sha512-0" };
  write("node_modules/.package-lock.json", { ...installed, "node_modules/b": older });
  expect(npmWords()).toContain("ci --include=dev");
});
