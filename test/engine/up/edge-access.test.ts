// Which key `weir up` shows its own edge, and what a real edge makes of it.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { edgeAccess } from "../../../engine/up/edge-access.ts";
import { bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";
import { readEdgeStatus } from "../../../engine/up/edge-status.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");
const tenants = (...names: readonly string[]): string =>
  JSON.stringify({ tenants: names.map((name) => ({ name, keys: [hashOf(name)] })) });

test("without any key the edge is open", () => {
  const configured = { API_KEYS: " , ", API_KEY_HASHES: "", TENANTS: tenants(), LOG_KIND: "rest" };
  for (const vars of [{}, configured])
    expect(edgeAccess([], vars)).toEqual({ apiKey: null, vars: {} });
});

test("the first key of the command line is shown, and all of them are the edge's", () => {
  expect(edgeAccess(["one", "two"], { TENANTS: tenants("acme") })).toEqual({
    apiKey: "one",
    vars: { API_KEYS: "one,two" },
  });
});

test("behind configured keys it is a random one, of which the edge gets the hash beside theirs", () => {
  const theirs = hashOf("theirs");
  for (const vars of [{ TENANTS: tenants("a") }, { API_KEYS: "k" }, { API_KEY_HASHES: theirs }]) {
    const { apiKey, vars: more } = edgeAccess([], vars);
    expect(apiKey).toMatch(/^[\w-]{43}$/);
    const before = "API_KEY_HASHES" in vars ? theirs : "";
    expect(more).toEqual({ API_KEY_HASHES: `${before} weir-up:${hashOf(apiKey ?? "")}` });
    expect(edgeAccess([], vars).apiKey).not.toBe(apiKey);
  }
});

test("more keys than the edge takes are refused by their number", () => {
  const hashes = Array.from({ length: 255 }, (_, i) => hashOf(String(i))).join(" ");
  const configured = { API_KEY_HASHES: hashes };
  expect(edgeAccess([], configured).apiKey).not.toBeNull();
  expect(edgeAccess(["a"], configured).apiKey).toBe("a");
  const tooMany = /257 together, at most 256/;
  expect(() => edgeAccess(["a", "b"], configured)).toThrow(tooMany);
  expect(() => edgeAccess([], { ...configured, API_KEYS: "a" })).toThrow(tooMany);
});

test("a real edge with tenants, one called default, serves its own reader and nobody without a key", async () => {
  const configured = { TENANTS: tenants("default", "acme") };
  const { apiKey, vars } = edgeAccess([], configured);
  const storageDir = mkdtempSync(join(tmpdir(), "weir-access-"));
  const edge = await startEdge({
    bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
    port: 0,
    host: "127.0.0.1",
    vars: { LOG_KIND: "rest", REST_URL: "http://127.0.0.1:1", ...configured, ...vars },
    storageDir,
  });
  try {
    expect(await readEdgeStatus({ url: edge.url, apiKey })).toHaveProperty("signals");
    const without = readEdgeStatus({ url: edge.url, apiKey: null });
    await expect(without).rejects.toThrow("edge status=401");
  } finally {
    await edge.stop();
    rmSync(storageDir, { recursive: true });
  }
});
