// House rules that the linter cannot say, over the tracked sources.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import packageFile from "../package.json" with { type: "json" };
import vitestConfig from "../vitest.config.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "");
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const sources = tracked.filter((path) => /^(edge|engine|schemas)\/.*\.(ts|mjs)$/.test(path));

type Project = { readonly test: { isolate?: boolean; include?: string[]; exclude?: string[] } };

/** Test projects whose files share a process or an isolate. */
const sharing = ((vitestConfig.test?.projects ?? []) as Project[])
  .map(({ test }) => test)
  .filter(({ isolate }) => isolate === false);
const isAmong = (globs: readonly string[], path: string): boolean =>
  globs.some((glob) => matchesGlob(path, glob));

const allowedTop =
  /^(package\.json|package-lock\.json|wrangler\.toml|tsconfig[^/]*|vitest[^/]*|knip\.json|[A-Z]+\.md|LICENSE|\..*)$/;
const folders = new Set(["edge", "engine", "schemas", "infra", "test"]);

describe("the house", () => {
  it("keeps its top level", () => {
    const strange = tracked.filter(
      (path) => !allowedTop.test(path) && !folders.has(path.split("/")[0] ?? ""),
    );
    expect(strange.filter((path) => !path.startsWith("."))).toEqual([]);
  });

  it("has no folder or file that is named for nothing", () => {
    const empty = /^(utils?|common|misc|helpers?|manager|index)$/;
    const found = sources.filter((path) =>
      [...dirname(path).split("/"), basename(path, extname(path))].some((part) => empty.test(part)),
    );
    expect(found).toEqual([]);
  });

  it("says at the top of every source what it is", () => {
    const silent = sources.filter((path) => !/^(#!.*\n)?\/\/ \S/.test(read(path)));
    expect(silent).toEqual([]);
  });

  it("loads no zod in a thread, whose start would take twice as long", () => {
    const value = /^(?:import|export) (?!type )(?:[^;]*? from )?"([^"]+)";/gm;
    const loaded = new Set(sources.filter((path) => path.endsWith(".thread.ts")));
    for (const path of loaded) {
      for (const [, of = ""] of read(path).matchAll(value)) {
        expect(`${path} loads ${of}`).not.toMatch(/ zod$/);
        if (of.endsWith(".ts")) loaded.add(join(dirname(path), of));
      }
    }
  });

  it("leaves no work for later in a comment", () => {
    const later = /\b(TODO|FIXME|XXX)\b/;
    expect(sources.filter((path) => later.test(read(path)))).toEqual([]);
  });

  it("installs by itself, and runs on the pinned Node, whichever command of the README comes first", () => {
    const scripts: { readonly [name: string]: string } = packageFile.scripts;
    const named = read("README.md").matchAll(/`?npm (?:run )?(start|test|(?<=run )[a-z:]+)/g);
    const names = new Set([...named].map((match) => match[1] ?? ""));
    expect([...names]).toEqual(expect.arrayContaining(["start", "bench", "example", "clients"]));
    const late = [...names].filter(
      (name) => !/^(exec )?node engine\/launch\.mjs/.test(scripts[name] ?? ""),
    );
    expect(late).toEqual([]);
    // A shell remembers where it found node before there was the pinned one; env looks anew.
    expect([...names].filter((name) => scripts[name]?.includes("&& node "))).toEqual([]);
    // npm ends the shell alone; what ran in it would be left behind.
    const alone = new Set([...names, "weir", "dev", "fuzz"]);
    const kept = [...alone].filter((name) => !/^(.* && )?exec [^&]*$/.test(scripts[name] ?? ""));
    expect(kept).toEqual(["check"]);
  });

  it("reads the environment in one place of each side", () => {
    const readers = sources.filter((path) => /\bprocess\.env\b/.test(read(path)));
    const allowed = new Set([
      // TERM: what the terminal can do is no setting of ours.
      "engine/cli/process-io.ts",
      "engine/config/read-config.ts",
      "engine/install.mjs",
      "engine/log/kafka-access.ts",
      "engine/log/kafka-jars.ts",
      "engine/ring/ring-checks.ts",
      // Keys: read on the thread that uses them, so that none is passed around.
      "engine/threads/submit.thread.ts",
      "engine/resolve/start-resolver.ts",
      // The feed's key: of arguments every user of the machine would know.
      "engine/feed/main.ts",
      "engine/up/child.ts",
      "engine/up/edge-bundle.ts",
      "engine/up/edge-process.ts",
      "engine/launch.mjs",
    ]);
    expect(readers.filter((path) => !allowed.has(path))).toEqual([]);
  });

  it("SN17: has no test that tests itself: each imports, runs or reads what it is about", () => {
    const tests = tracked.filter((path) => /^test\/.*\.test\.ts$/.test(path));
    const subject = / from "\.\.?\/|"node:child_process"|readFileSync/;
    expect(tests.filter((path) => !subject.test(read(path)))).toEqual([]);
  });

  it("replaces timers and modules only where a test file has its process for itself", () => {
    const replaces = /\bvi\.(?:useFakeTimers|mock|stubGlobal|stubEnv|spyOn(?=\(globalThis))\(/;
    const found = sharing.flatMap(({ include = [], exclude = [] }) =>
      tracked.filter((path) => isAmong(include, path) && !isAmong(exclude, path)),
    );
    expect(found.length).toBeGreaterThan(80);
    expect(found.filter((path) => replaces.test(read(path)))).toEqual([]);
  });

  it("SN21: has a gate that checks types, lints, and runs the README's test command", () => {
    const gate = read(".ci/run");
    for (const step of ["run --silent types", "run --silent lint", "npm test"])
      expect(gate).toContain(step);
    expect(read("README.md")).toContain("npm test");
    expect(statSync(`${root}.ci/run`).mode & 0o111).not.toBe(0);
  });

  it("writes one first-level heading in each Markdown file", () => {
    for (const path of tracked.filter((name) => name.endsWith(".md"))) {
      const prose = read(path).replace(/```[^]*?```/g, "");
      expect([path, prose.match(/^# /gm)?.length]).toEqual([path, 1]);
    }
  });

  it("pins every dependency exactly and gives each runtime one a reason in the README", () => {
    const { dependencies, devDependencies, optionalDependencies } = packageFile;
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    for (const [name, version] of Object.entries(all)) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    }
    const readme = read("README.md");
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      expect([name, readme.includes(`\`${name}\``)]).toEqual([name, true]);
    }
  });

  it("documents every command in the README", () => {
    const names = [...read("engine/main.ts").matchAll(/^ {2}(\w+): async \(\)/gm)].map((m) => m[1]);
    expect(names.length).toBeGreaterThan(5);
    const readme = read("README.md");
    for (const name of names) expect([name, readme.includes(`weir ${name}`)]).toEqual([name, true]);
  });
});
