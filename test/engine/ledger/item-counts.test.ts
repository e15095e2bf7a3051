import { describe, expect, it } from "vitest";

import { reason } from "../../../engine/events/event-layout.ts";
import {
  createItemCountsMemory,
  type FinishedRecord,
  ItemCounts,
  noneRefused,
} from "../../../engine/ledger/item-counts.ts";
import { topicPartitionId } from "../../../engine/ledger/positions.ts";

const spans0 = topicPartitionId("otlp_spans", 0);
const spans1 = topicPartitionId("otlp_spans", 1);

const record = (
  id: number,
  offset: number,
  rest: Partial<Omit<FinishedRecord, "id" | "offset">> = {},
): FinishedRecord => ({ id, offset, items: 1, ownRun: true, refused: noneRefused, ...rest });

describe("item counts", () => {
  it("count a record once, however often it is read, also by a later thread", () => {
    const memory = createItemCountsMemory();
    const first = new ItemCounts(memory);
    expect(first.add(record(spans0, 5, { items: 10 }))).toBe(true);
    expect(first.add(record(spans0, 6, { ownRun: false }))).toBe(true);
    const second = new ItemCounts(memory);
    expect(second.add(record(spans0, 5, { items: 10 }))).toBe(false);
    expect(second.add(record(spans0, 6, { ownRun: false }))).toBe(false);
    expect(second.add(record(spans0, 7, { items: 3 }))).toBe(true);
    expect(second.totals().otlp_spans).toEqual({ own: 13, foreign: 1 });
  });

  it("count the records of a partition that was made anew, beside those of before", () => {
    const memory = createItemCountsMemory();
    const counts = new ItemCounts(memory);
    const refused = noneRefused.slice();
    refused[reason.replay] = 2;
    counts.add(record(spans0, 41, { items: 10, refused }));
    counts.restart(spans0, 0);
    expect(counts.add(record(spans0, 0, { items: 3 }))).toBe(true);
    expect(new ItemCounts(memory).add(record(spans0, 0, { items: 3 }))).toBe(false);
    expect(counts.totals().otlp_spans).toEqual({ own: 13, foreign: 0 });
    expect(counts.refused()[reason.replay]).toBe(2);
  });

  it("count what is refused with its record: once, and of the own run only", () => {
    const memory = createItemCountsMemory();
    const refused = noneRefused.slice();
    refused[reason.replay] = 2;
    refused[reason.restart] = 1;
    const first = new ItemCounts(memory);
    first.add(record(spans0, 5, { refused }));
    first.add(record(spans1, 5, { refused, ownRun: false }));
    const second = new ItemCounts(memory);
    second.add(record(spans0, 5, { refused }));
    second.add(record(spans0, 6));
    second.add(record(spans1, 6, { refused }));
    const counted = noneRefused.slice();
    counted[reason.replay] = 4;
    counted[reason.restart] = 2;
    expect(second.refused()).toEqual([...counted]);
  });

  it("keep partitions apart and sum them by topic", () => {
    const counts = new ItemCounts(createItemCountsMemory());
    counts.add(record(spans0, 0, { items: 2 }));
    expect(counts.add(record(spans1, 0, { items: 3 }))).toBe(true);
    counts.add(record(topicPartitionId("weir-depth", 0), 0, { items: 4, ownRun: false }));
    expect(counts.totals().otlp_spans).toEqual({ own: 5, foreign: 0 });
    expect(counts.totals()["weir-depth"]).toEqual({ own: 0, foreign: 4 });
    expect(counts.totals().otlp_logs).toEqual({ own: 0, foreign: 0 });
  });
});
