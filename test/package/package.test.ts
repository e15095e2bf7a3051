// The tarball of `npm pack` in an empty folder: what is in it, whether a strict TypeScript project
// compiles against it, whether the library and the program run from it. The ten examples serve as
// other people's programs: they know nothing but the doors.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import packageFile from "../../package.json" with { type: "json" };
import { type Installed, installPackage } from "./installed.ts";

const examplesFolder = fileURLToPath(new URL("../../engine/examples/", import.meta.url));
const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const msMax = 240_000;

let installed: Installed;
let remove = (): void => undefined;

beforeAll(() => {
  installed = installPackage();
  ({ remove } = installed);
}, 2 * msMax);

afterAll(() => remove());

const inPackage = (path: string): string => join(installed.folder, "node_modules/weir", path);

const node = (args: readonly string[], input = ""): string =>
  execFileSync(process.execPath, args, {
    cwd: installed.folder,
    encoding: "utf8",
    input,
    timeout: msMax,
    env: { PATH: process.env["PATH"] },
  });

describe("the tarball", () => {
  it("has a declaration and a source map, with its source, for every built file", () => {
    const built = installed.files.filter((path) => /^dist\/.*\.js$/.test(path));
    expect(built.length).toBeGreaterThan(200);
    const all = new Set(installed.files);
    for (const path of built) {
      const bare = path.slice(0, -3);
      expect([path, all.has(`${bare}.d.ts`), all.has(`${path}.map`)]).toEqual([path, true, true]);
    }
    const map = JSON.parse(readFileSync(inPackage("dist/engine/doors/ring.js.map"), "utf8")) as {
      sourcesContent?: readonly string[];
    };
    expect(map.sourcesContent?.[0]).toContain("The door `weir/ring`");
  });

  it("has every door of its exports, and none leads elsewhere", () => {
    const doors = Object.entries(packageFile.exports).filter(([name]) => name !== "./package.json");
    const names = readdirSync(join(examplesFolder, "../doors")).map((file) => file.slice(0, -3));
    expect(doors.map(([name]) => name.slice(2)).toSorted()).toEqual(names.toSorted());
    for (const [, door] of doors) {
      if (typeof door === "string") continue;
      for (const file of [door.types, door.default]) {
        expect([file, existsSync(inPackage(file))]).toEqual([file, true]);
      }
    }
  });

  it("has no tests, examples or benchmarks, and nothing of this machine", () => {
    const strange = installed.files.filter((path) =>
      /(^|\/)(test|tests|examples|bench|fuzz|oracles|node_modules|\.weir|\.git)\//.test(path),
    );
    expect(strange).toEqual([]);
    expect(installed.files.filter((path) => /\.(test|bench|fuzz)\./.test(path))).toEqual([]);
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const naming = installed.files.filter((path) =>
      readFileSync(inPackage(path), "utf8").includes(root),
    );
    expect(naming).toEqual([]);
  });
});

describe("a strict TypeScript project", () => {
  const settings = {
    strict: true,
    target: "es2024",
    module: "nodenext",
    types: ["node"],
    noEmit: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
  };

  beforeAll(() => {
    const { folder } = installed;
    writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
    for (const file of readdirSync(examplesFolder)) {
      if (file !== "main.ts") copyFileSync(join(examplesFolder, file), join(folder, file));
    }
  });

  const compile = (compilerOptions: object, include: readonly string[]): string => {
    const file = join(installed.folder, "tsconfig.json");
    writeFileSync(file, JSON.stringify({ compilerOptions, include }));
    try {
      return node([tsc, "-p", file]);
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };

  it("compiles the examples against the declarations", () => {
    expect(compile({ ...settings, skipLibCheck: true }, ["*.ts"])).toBe("");
  });

  it("finds no fault in the declarations of any door, libraries checked too", () => {
    const doors = Object.keys(packageFile.exports).filter((name) => name !== "./package.json");
    const lines = doors.map((door, i) => `export * as door${i} from "weir${door.slice(1)}";`);
    writeFileSync(join(installed.folder, "all-doors.mts"), lines.join("\n"));
    expect(compile({ ...settings, skipLibCheck: false }, ["all-doors.mts"])).toBe("");
  });

  it("is told what is wrong with a call", () => {
    const source =
      'import { createMessageRing } from "weir/ring";\ncreateMessageRing({ capacity: 1 });';
    writeFileSync(join(installed.folder, "wrong.mts"), source);
    expect(compile({ ...settings, skipLibCheck: true }, ["wrong.mts"])).toContain(
      "MessageRingOptions",
    );
  });

  it("runs with rings, books and a stage's own thread from the built files", () => {
    const last = (example: string): unknown => {
      const lines = node([`${example}.ts`])
        .trim()
        .split("\n");
      return JSON.parse(lines.at(-1) ?? "");
    };
    expect(last("ring-threads")).toMatchObject({ capacityBytes: 16_384 });
    expect(last("market-pipeline")).toMatchObject({ items: 5001, applied: 5000, gaps: 0 });
    expect(last("price-filter")).toMatchObject({ counters: { received: 10_000 } });
    expect(last("stage-metrics")).toMatchObject({ lastEvent: { trace_id: "396" } });
  });
});

describe("the program", () => {
  const launch = (): string => inPackage("engine/launch.mjs");

  it("knows its version and its commands", () => {
    expect(node([launch(), "--version"])).toBe(`${packageFile.version}\n`);
    expect(node([launch(), "--help"])).toContain("arbitrage");
  });

  it("replays a book", () => {
    const lines = [
      `1 ${JSON.stringify({ lastUpdateId: 5, bids: [["99", "1"]], asks: [["101", "2"]] })}`,
      `2 ${JSON.stringify({ e: "depthUpdate", E: 1, s: "AB", U: 6, u: 6, b: [["100", "3"]], a: [] })}`,
    ];
    const out = node([launch(), "book", "--venue", "binance-spot", "-"], lines.join("\n"));
    const summary: unknown = JSON.parse(out.trim().split("\n").at(-1) ?? "");
    expect(summary).toMatchObject({ summary: { symbol: "AB", applied: 1, bid: "100" } });
  });

  it("starts the engine with all its threads, and stops it clean", async () => {
    const data = join(installed.folder, "data");
    const ports = ["--control-port", "0", "--log-port", "0"];
    const child = spawn(process.execPath, [launch(), "engine", "--data", data, ...ports], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: msMax,
    });
    const lines: string[] = [];
    const closed = once(child, "close");
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => lines.push(line));
    await once(reader, "line");
    const { ready } = JSON.parse(lines[0] ?? "") as { ready: { control: string } };
    const status = await fetch(`${ready.control}/readyz`);
    expect(status.status).toBe(200);
    child.kill("SIGTERM");
    const [code] = (await closed) as [number | null];
    expect(code).toBe(0);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ stopped: { clean: true } });
  });
});
