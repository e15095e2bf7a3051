import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, expect, test } from "vitest";

import { bundleEdge } from "../../../engine/up/edge-bundle.ts";
import { edgeCapnp } from "../../../engine/up/edge-capnp.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-bundle-"));

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const modulePaths = async (): Promise<readonly string[]> => {
  const { front, forwarder } = await bundleEdge({ root, outDir: join(folder, "out") });
  return [front.path, forwarder.path];
};

test("a build leaves four older bundles and no remains of builds that were killed", async () => {
  const outDir = join(folder, "out");
  for (let i = 0; i < 6; i += 1) {
    const path = join(outDir, String(i).repeat(16));
    mkdirSync(path, { recursive: true });
    utimesSync(path, 1000 + i, 1000 + i);
  }
  mkdirSync(join(outDir, "building-old"));
  utimesSync(join(outDir, "building-old"), 1000, 1000);
  mkdirSync(join(outDir, "building-new"));
  writeFileSync(join(outDir, "README.md"), "");
  await bundleEdge({ root, outDir });
  const names = readdirSync(outDir);
  expect(names).not.toContain("building-old");
  expect(names).toContain("building-new");
  expect(names).toContain("README.md");
  expect(names.filter((name) => /^[0-9a-f]{16}$/.test(name))).toHaveLength(4);
  expect(names).not.toContain("0".repeat(16));
});

test("of a library the bundle holds what is used: none of zod's languages", async () => {
  for (const path of await modulePaths()) {
    const modules = readFileSync(path, "utf8").match(/^\/\/ .*node_modules\/zod\/.*$/gm);
    expect(modules).not.toBeNull();
    expect(modules?.filter((module) => module.includes("/locales/"))).toEqual([]);
  }
});

test("what answers requests holds no Kafka client, what holds the objects no registry", async () => {
  const [front = "", forwarder = ""] = (await modulePaths()).map((path) =>
    readFileSync(path, "utf8"),
  );
  const holds = (text: string, folder: string): boolean =>
    new RegExp(`^// .*${folder}/`, "m").test(text);
  expect(holds(front, "node_modules/kafkajs")).toBe(false);
  // They would be a seventh of what lives there: the first request that needs one loads it.
  expect(front).not.toMatch(/^import .*"(?:node:)?(?:crypto|zlib)"/m);
  expect(forwarder).not.toMatch(/^import .*"(?:node:)?(?:crypto|zlib|net|tls)"/m);
  // A call for each function that is made would give it a map and a dictionary of its own.
  for (const part of [front, forwarder]) expect(part).not.toContain("__name(");
  expect(holds(front, "edge/registry")).toBe(true);
  expect(holds(forwarder, "node_modules/kafkajs")).toBe(true);
  expect(holds(forwarder, "edge/registry")).toBe(false);
});

test("a bundle that one user built can be read by others, unless that user's folders cannot", async () => {
  mkdirSync(folder, { recursive: true });
  const plain = mkdirSync(join(folder, "plain", "folder"), { recursive: true }) ?? "";
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  for (const path of await modulePaths()) {
    expect(modeOf(dirname(path))).toBe(modeOf(plain));
    expect(modeOf(dirname(dirname(path)))).toBe(modeOf(plain));
  }
});

test("a folder that takes no bundle is named, with what to do", async () => {
  mkdirSync(folder, { recursive: true });
  const outDir = join(folder, "file");
  writeFileSync(outDir, "");
  await expect(bundleEdge({ root, outDir })).rejects.toThrow(
    `start weir up once as the owner of ${outDir}`,
  );
});

test("a folder that cannot be bundled is an error with wrangler's words", async () => {
  const broken = join(folder, "broken");
  mkdirSync(join(broken, "edge"), { recursive: true });
  writeFileSync(join(broken, "package.json"), "{}");
  symlinkSync(join(root, "node_modules"), join(broken, "node_modules"));
  cpSync(join(root, "wrangler.toml"), join(broken, "wrangler.toml"));
  const bundled = bundleEdge({ root: broken, outDir: join(folder, "out") });
  await expect(bundled).rejects.toThrow(/wrangler ended with code=1: .*front-worker\.ts/s);
});

const written = {
  front: { path: "/x/front/front.js", wasmModules: [] },
  forwarder: { path: "/x/forwarder/forwarder.js", wasmModules: ["a.wasm"] },
  compatibilityDate: "2026-10-23",
  compatibilityFlags: ["nodejs_compat"],
  objects: [{ binding: "FORWARDER", className: "ForwarderObject" }],
  keyValues: ["REGISTRIES", "TENANTS_KV"],
  vars: {},
};

test("V8 collects everything each time, and more often when short pauses are asked for", () => {
  const options = { bundle: written, folder: "/x/storage", varNames: [], keyValues: {} };
  const flags = (mib: number): string =>
    `v8Flags = ["--gc-global", "--single-threaded-gc", "--min-semi-space-size=${mib}", ` +
    `"--max-semi-space-size=${mib}"],`;
  expect(edgeCapnp(options)).toContain(flags(6));
  expect(edgeCapnp({ ...options, shortPauses: true })).toContain(flags(4));
});

test("compiled modules stand beside the Worker's, by the names that it imports", () => {
  const options = { bundle: written, folder: "/x/storage", varNames: [], keyValues: {} };
  expect(edgeCapnp(options)).toContain('(name = "a.wasm", wasm = embed "../forwarder/a.wasm")');
});

test("values of variables stand in no file", () => {
  const bundle = written;
  const keyValues = { REGISTRIES: "127.0.0.1:9" };
  const text = edgeCapnp({ bundle, folder: "/x/storage", varNames: ["API_KEYS"], keyValues });
  expect(text).toContain('(name = "API_KEYS", fromEnvironment = "WEIR_EDGE_API_KEYS")');
  expect(text).toContain('(name = "REGISTRIES", kvNamespace = "kv-REGISTRIES")');
  expect(text).not.toContain("TENANTS_KV");
  expect(text).toContain("enableSql = true");
  expect(text).toContain('allow = ["public", "private"]');
});
