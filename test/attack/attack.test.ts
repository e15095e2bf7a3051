// Every attack of the table against the edge's real bundle in real workerd: the answer, and that it
// serves the next request. Peak memory is printed by `npm run bench -- attack`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type RunningEdge, bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { RestLogStub } from "../engine/up/rest-log-stub.ts";
import { attackVars, attacks, goodRequest } from "./attacks.ts";
import type { Target } from "./raw-socket.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-attack-"));
const log = new RestLogStub();
let edge: RunningEdge;
let target: Target;

beforeAll(async () => {
  await log.start();
  const bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge") });
  const vars = { SAMPLE: "off", LOG_KIND: "rest", REST_URL: log.url, ...attackVars };
  edge = await startEdge({ bundle, port: 0, host: "127.0.0.1", vars, storageDir: folder });
  const { hostname, port } = new URL(edge.url);
  target = { host: hostname, port: Number(port) };
});

afterAll(async () => {
  await edge.stop();
  await log.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the table has at least twenty attacks, each with a name of its own", () => {
  expect(attacks.length).toBeGreaterThanOrEqual(20);
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});

test.each(attacks)("$name: answered $answer, and the next request is served", async (attack) => {
  const { answer } = attack;
  const found = await attack.send(target);
  if (typeof answer === "string") expect(found).toBe(answer);
  else expect(found).toMatch(answer);
  expect(await goodRequest(target)).toBe("200");
});

test("none of them left a trace in the edge's errors, and no key is in its status", async () => {
  expect(edge.errors()).toEqual([]);
  const status = async (): Promise<string> => {
    const response = await fetch(`${edge.url}/status`, { headers: { "x-api-key": "attacker" } });
    expect(response.status).toBe(200);
    return response.text();
  };
  expect(await status()).not.toContain("attacker");
  await expect
    .poll(async () => JSON.parse(await status()) as unknown)
    .toMatchObject({ arrivingBytes: 0, largeRequests: { heldBytes: 0, waiting: 0 } });
});
