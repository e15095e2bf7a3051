// The README's table of the originals' defects against the tests that it names.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const rows = [...read("README.md").matchAll(/^\| ((?:SN|VX)\d+) \|.*`(.+)` \|$/gm)];

it("every defect of the originals has a row", () => {
  const numbered = (letters: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, at) => `${letters}${at + 1}`);
  expect(rows.map(([, id]) => id)).toEqual([...numbered("SN", 21), ...numbered("VX", 13)]);
});

it("every row names a file that bears its id", () => {
  const lacking = rows.filter(
    ([, id = "", path = ""]) => !new RegExp(`\\b${id}\\b`).test(read(path)),
  );
  expect(lacking.map(([line]) => line)).toEqual([]);
});
