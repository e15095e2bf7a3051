import { describe, expect, it } from "vitest";

import { cellOf, createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";

describe("metric cells", () => {
  it("go on from what a thread had counted that is gone, whether its successor adds or sets", () => {
    const memory = createMetricsMemory();
    const dead = new MetricCells(memory);
    dead.add(cellOf("malformedItems"), 2);
    dead.set(cellOf("candidates"), 40);
    dead.add(cellOf("aggregates"), 5);
    new MetricCells(memory).retire("market");
    const next = new MetricCells(memory);
    expect(next.read("candidates")).toBe(40);
    next.add(cellOf("malformedItems"), 1);
    next.set(cellOf("candidates"), 3);
    next.retire("market");
    expect(next.read("malformedItems")).toBe(3);
    expect(next.read("candidates")).toBe(43);
    // Of another owner, which lives.
    expect(next.read("aggregates")).toBe(5);
  });
});
