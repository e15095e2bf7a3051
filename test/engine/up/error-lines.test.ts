import { expect, test } from "vitest";

import { ErrorLines, isEdgeNote } from "../../../engine/up/error-lines.ts";

test("a repeated error is one line with a count, whatever its numbers", () => {
  const seen: string[] = [];
  const lines = new ErrorLines((line) => seen.push(line));
  lines.add("error at 12:00:01 id 5f2e8c7711aa33bb");
  lines.add("error at 12:00:02 id 0011223344556677");
  lines.add("another");
  expect(seen).toEqual(["error at 12:00:01 id 5f2e8c7711aa33bb", "another"]);
  expect(lines.counts().map(({ count }) => count)).toEqual([2, 1]);
});

test("distinct lines are bounded, further ones are counted together", () => {
  const lines = new ErrorLines(() => undefined);
  for (let i = 0; i < 500; i += 1) lines.add("x".repeat(i));
  expect(lines.counts()).toHaveLength(65);
  expect(lines.counts().reduce((sum, { count }) => sum + count, 0)).toBe(500);
});

test("of the edge's lines those of errors are told, without the addresses of its code", () => {
  expect(isEdgeNote("workerd/io/io-context.c++:609: error: database or disk is full")).toBe(true);
  expect(isEdgeNote("stack: /x/workerd@3bd3cfb; sentryErrorContext = jsgInternalError")).toBe(
    false,
  );
  expect(isEdgeNote("workerd/server/server.c++:1: info: listening")).toBe(false);
});
