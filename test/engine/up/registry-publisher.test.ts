// The registry folder as the local edge sees it, over real HTTP and real files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import type { KeyValueServer } from "../../../engine/up/key-value-server.ts";
import { publishRegistry } from "../../../engine/up/registry-publisher.ts";
import { loadTables } from "../../../schemas/weaver/load.ts";

const registry = (attribute: string): string => `groups:
  - id: task.execute
    type: span
    span_kind: internal
    stability: stable
    brief: A task.
    attributes:
      - id: ${attribute}
        type: string
        stability: stable
        requirement_level: required
        brief: Its name.
`;

let folder: string;
let notes: string[];
let server: KeyValueServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-registry-"));
  notes = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const publish = async (): Promise<void> => {
  server = await publishRegistry({ path: folder, note: (line) => notes.push(line) });
};
const get = (key: string): Promise<Response> =>
  fetch(`http://${server?.address}/${encodeURIComponent(key)}?urlencoded=true`);
const current = async (): Promise<string> =>
  ((await (await get("registry")).json()) as { current: string }).current;

test("a version's tables are served under its name, and nothing else is", async () => {
  writeFileSync(join(folder, "task.yaml"), registry("task.id"));
  await publish();
  const version = await current();
  const bytes = new Uint8Array(await (await get(`registry:${version}`)).arrayBuffer());
  expect(loadTables(bytes)).toMatchObject({ ok: true, tables: { version } });
  expect((await get("registry:other")).status).toBe(404);
  expect((await fetch(`http://${server?.address}/%ff`)).status).toBe(404);
  const written = await fetch(`http://${server?.address}/registry`, { method: "PUT", body: "x" });
  expect(written.status).toBe(405);
});

test("a changed file is a new version; a broken one is named and changes nothing", async () => {
  writeFileSync(join(folder, "task.yaml"), registry("task.id"));
  await publish();
  const first = await current();
  writeFileSync(join(folder, "task.yaml"), registry("task.name"));
  await expect.poll(current).not.toBe(first);
  const second = await current();
  writeFileSync(join(folder, "task.yaml"), "groups: [");
  await expect.poll(() => notes.at(-1)).toContain("last good version stays");
  expect(await current()).toBe(second);
});

test("a folder that cannot be used at the start is an error with its reason", async () => {
  writeFileSync(join(folder, "task.yaml"), registry("task.id").replace("string", "strin"));
  await expect(publish()).rejects.toThrow(/registry .*task\.yaml:9: /);
});
