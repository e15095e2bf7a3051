import { describe, expect, it } from "vitest";

import { createItemCountsMemory, ItemCounts } from "../../../engine/ledger/item-counts.ts";
import { topicPartitionId } from "../../../engine/ledger/positions.ts";

const spans0 = topicPartitionId("otlp_spans", 0);
const spans1 = topicPartitionId("otlp_spans", 1);

describe("item counts", () => {
  it("count a record once, however often it is read, also by a later thread", () => {
    const memory = createItemCountsMemory();
    const first = new ItemCounts(memory);
    expect(first.add(spans0, 5, 10, true)).toBe(true);
    expect(first.add(spans0, 6, 1, false)).toBe(true);
    const second = new ItemCounts(memory);
    expect(second.add(spans0, 5, 10, true)).toBe(false);
    expect(second.add(spans0, 6, 1, false)).toBe(false);
    expect(second.add(spans0, 7, 3, true)).toBe(true);
    expect(second.totals().otlp_spans).toEqual({ own: 13, foreign: 1 });
  });

  it("keep partitions apart and sum them by topic", () => {
    const counts = new ItemCounts(createItemCountsMemory());
    counts.add(spans0, 0, 2, true);
    expect(counts.add(spans1, 0, 3, true)).toBe(true);
    counts.add(topicPartitionId("weir-depth", 0), 0, 4, false);
    expect(counts.totals().otlp_spans).toEqual({ own: 5, foreign: 0 });
    expect(counts.totals()["weir-depth"]).toEqual({ own: 0, foreign: 4 });
    expect(counts.totals().otlp_logs).toEqual({ own: 0, foreign: 0 });
  });
});
