import { expect, it } from "vitest";

import { jitoTransactionsMax, splitBundle } from "../../../engine/bundle/split-bundle.ts";

it("JB12: cuts every bundle of up to 16 into groups of at most 5, in order and complete", () => {
  for (let count = 0; count <= 16; count += 1) {
    const groups = splitBundle(count);
    expect(groups.length).toBe(Math.ceil(count / jitoTransactionsMax));
    let next = 0;
    for (const { first, end } of groups) {
      expect(first).toBe(next);
      expect(end - first).toBeGreaterThanOrEqual(1);
      expect(end - first).toBeLessThanOrEqual(jitoTransactionsMax);
      next = end;
    }
    expect(next).toBe(count);
  }
});

it("makes groups of nearly equal size, and leaves room where a tip takes a place", () => {
  expect(splitBundle(16).map(({ first, end }) => end - first)).toEqual([4, 4, 4, 4]);
  expect(splitBundle(6, 4).map(({ first, end }) => end - first)).toEqual([3, 3]);
});

it("refuses counts that are none", () => {
  expect(() => splitBundle(-1)).toThrow("count=-1");
  expect(() => splitBundle(3, 0)).toThrow("groupMax=0");
});
