import {
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
  const { modulePath } = await bundleEdge({ root, outDir: join(folder, "out") });
  const modules = readFileSync(modulePath, "utf8").match(/^\/\/ .*node_modules\/zod\/.*$/gm);
  expect(modules).not.toBeNull();
  expect(modules?.filter((path) => path.includes("/locales/"))).toEqual([]);
});

test("a bundle that one user built can be read by others", async () => {
  const { modulePath } = await bundleEdge({ root, outDir: join(folder, "out") });
  expect(statSync(dirname(modulePath)).mode & 0o777).toBe(0o755);
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
  writeFileSync(join(broken, "wrangler.toml"), 'name = "x"\nmain = "edge/missing.ts"\n');
  const bundled = bundleEdge({ root: broken, outDir: join(folder, "out") });
  await expect(bundled).rejects.toThrow(/wrangler ended with code=1: .*missing\.ts/s);
});

const written = {
  modulePath: "/x/worker.js",
  wasmModules: ["a.wasm"],
  compatibilityDate: "2026-10-23",
  compatibilityFlags: ["nodejs_compat"],
  objects: [{ binding: "FORWARDER", className: "ForwarderObject" }],
  keyValues: ["REGISTRIES", "TENANTS_KV"],
  vars: {},
};

test("V8 collects everything each time, and more often when short pauses are asked for", () => {
  const options = { bundle: written, module: "../worker.js", varNames: [], keyValues: {} };
  const flags = (mib: number): string =>
    `v8Flags = ["--gc-global", "--single-threaded-gc", "--min-semi-space-size=${mib}", ` +
    `"--max-semi-space-size=${mib}"],`;
  expect(edgeCapnp(options)).toContain(flags(32));
  expect(edgeCapnp({ ...options, shortPauses: true })).toContain(flags(8));
});

test("compiled modules stand beside the Worker's, by the names that it imports", () => {
  const options = { bundle: written, module: "../worker.js", varNames: [], keyValues: {} };
  expect(edgeCapnp(options)).toContain('(name = "a.wasm", wasm = embed "../a.wasm")');
});

test("values of variables stand in no file", () => {
  const bundle = written;
  const keyValues = { REGISTRIES: "127.0.0.1:9" };
  const text = edgeCapnp({ bundle, module: "../worker.js", varNames: ["API_KEYS"], keyValues });
  expect(text).toContain('(name = "API_KEYS", fromEnvironment = "WEIR_EDGE_API_KEYS")');
  expect(text).toContain('(name = "REGISTRIES", kvNamespace = "kv-REGISTRIES")');
  expect(text).not.toContain("TENANTS_KV");
  expect(text).toContain("enableSql = true");
  expect(text).toContain('allow = ["public", "private"]');
});
