import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, expect, test } from "vitest";

import { startNodeChild } from "../../../engine/up/child.ts";

const parent = mkdtempSync(join(tmpdir(), "weir-child-"));

afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

test("a child runs from a folder with spaces, umlauts and signs of addresses in its path", async () => {
  const folder = join(parent, "Über uns #1 %20");
  mkdirSync(folder);
  const file = join(folder, "child.mjs");
  writeFileSync(file, "console.log(process.argv[2]);");
  const lines: string[] = [];
  const onLine = (line: string): number => lines.push(line);
  const child = startNodeChild({ file: pathToFileURL(file), args: ["x"], onLine, onNote: onLine });
  expect(await child.exited).toBe(0);
  await expect.poll(() => lines).toEqual(["x"]);
});
