import { describe, expect, it } from "vitest";

import {
  Shapes,
  rootState,
  shapeKeyBytesMax,
  statesMax,
  verdictWord,
} from "../../../schemas/validate/shapes.ts";

const edge = (key: number): Parameters<Shapes["addEdge"]>[1] => ({
  bytes: new Uint8Array(4096).fill(65 + (key % 26)),
  keyAt: 0,
  head: (4 << 4) | 1,
  watched: -1,
  low: 1,
  high: 0,
});

/** Adds a chain of states until there is no room; returns how many there were. */
const fill = (shapes: Shapes, keyBytes: number): number => {
  let state = rootState;
  for (let added = 0; ; added += 1) {
    const made = shapes.addEdge(state, { ...edge(added), head: (keyBytes << 4) | 1 });
    if (made === 0) return added;
    state = shapes.edges[made + 2] ?? 0;
  }
};

describe("a tree of shapes", () => {
  it("refuses states beyond its limit", () => {
    const shapes = new Shapes();
    expect(fill(shapes, 4)).toBe(statesMax - rootState - 1);
    expect(shapes.stateCount).toBe(statesMax);
    expect(shapes.misses).toBe(1);
  });

  it("refuses keys beyond its bytes", () => {
    expect(fill(new Shapes(), 4096)).toBe(shapeKeyBytesMax / 4096);
  });

  it("refuses edges beyond what a search may cost", () => {
    const shapes = new Shapes();
    const made = Array.from({ length: 70 }, (_, i) => shapes.addEdge(rootState, edge(i)));
    expect(made.filter((one) => one > 0)).toHaveLength(64);
  });

  it("refuses verdicts beyond what a search may cost, and those without room for findings", () => {
    const shapes = new Shapes();
    const made = Array.from({ length: 70 }, (_, i) => shapes.addVerdict(rootState, i, 0));
    expect(made.filter((one) => one > 0)).toHaveLength(64);
    expect(new Shapes().addVerdict(rootState, 1, 1 << 20)).toBe(0);
  });

  it("keeps a verdict's findings while it grows", () => {
    const shapes = new Shapes();
    const verdicts = Array.from({ length: 60 }, (_, selector) => {
      const verdict = shapes.addVerdict(rootState, selector, 20);
      for (let i = 0; i < 20; i += 1) shapes.addFinding(verdict, 1, selector, i);
      return verdict;
    });
    verdicts.forEach((verdict, selector) => {
      const at = shapes.verdicts[verdict + verdictWord.findings] ?? -1;
      expect(shapes.verdicts[verdict + verdictWord.count]).toBe(20);
      expect([...shapes.findings.subarray(at + 57, at + 60)]).toEqual([1, selector, 19]);
    });
  });

  it("begins anew only after many misses", () => {
    const shapes = new Shapes();
    fill(shapes, 4);
    shapes.refresh();
    expect(shapes.restarts).toBe(0);
    for (let i = 0; i < 65_536; i += 1) shapes.addEdge(rootState, edge(i));
    shapes.refresh();
    expect([shapes.restarts, shapes.stateCount]).toEqual([1, rootState + 1]);
    expect(fill(shapes, 4)).toBe(statesMax - rootState - 1);
  });
});
