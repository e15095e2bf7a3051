import { expect, test } from "vitest";

import { fileLimit } from "../../../engine/log/embedded/file-limit.ts";

const gib = 2 ** 30;

test("a log takes 8 GiB of a large disk, and of a small one what is there beside its write-ahead log", () => {
  expect(fileLimit(500 * gib, 0)).toBe(8 * gib);
  const small = fileLimit(3 * gib, 0);
  expect(small).toBeGreaterThan(2.5 * gib);
  expect(small).toBeLessThan(3 * gib);
  // What it has already is its own room, not another's.
  expect(fileLimit(2 * gib, gib)).toBe(small);
  expect(fileLimit(0, 0)).toBe(64 << 20);
});
