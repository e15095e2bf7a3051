import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Committer } from "../../../engine/consume/committer.ts";
import { createPositionsMemory, Positions } from "../../../engine/ledger/positions.ts";
import { LogError, type LogErrorCode, type Position } from "../../../engine/log/event-log.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (partition: number, offset: number): Position => ({
  topic: "otlp_spans",
  partition,
  offset,
  metadata: "",
});

/** A committer whose commits fail with the given codes first; all positions are handled. */
const failing = (...codes: LogErrorCode[]) => {
  const commits: (readonly Position[])[] = [];
  const metrics = new MetricCells(createMetricsMemory());
  const positions = new Positions(createPositionsMemory());
  for (const id of [0, 1])
    for (const column of ["read", "handled", "done"] as const) positions.set(column, id, 1_000);
  const committer = new Committer({
    consumer: {
      commit: (due) => {
        commits.push(due);
        const code = codes.shift();
        return code === undefined ? Promise.resolve() : Promise.reject(new LogError(code, "no"));
      },
      stop: () => Promise.resolve(),
    },
    positions,
    metrics,
  });
  return { committer, commits, metrics };
};

describe("the committer", () => {
  it("commits again what a log that was away did not take, though nothing newer comes", async () => {
    const { committer, commits, metrics } = failing("unreachable", "full");
    committer.offer([at(0, 5), at(1, 7)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(commits).toEqual([
      [at(0, 5), at(1, 7)],
      [at(0, 5), at(1, 7)],
      [at(0, 5), at(1, 7)],
    ]);
    expect(metrics.read("commitFailures")).toBe(2);
    expect(metrics.read("commits")).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a newer position instead of one that failed", async () => {
    const { committer, commits } = failing("unreachable");
    committer.offer([at(0, 5), at(1, 7)]);
    const flushed = committer.flush();
    committer.offer([at(0, 9)]);
    await flushed;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(
      commits
        .slice(1)
        .flat()
        .toSorted((a, b) => a.partition - b.partition),
    ).toEqual([at(0, 9), at(1, 7)]);
  });

  it("forgets what is not this member's any more", async () => {
    const { committer, commits } = failing("invalid-position");
    committer.offer([at(0, 5)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(commits).toHaveLength(1);
  });
});
