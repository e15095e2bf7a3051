import { describe, expect, it } from "vitest";

import { paced } from "../../../engine/feed/pace.ts";
import { fakeClock } from "./fake-clock.ts";

const batchesFor = async (perSecond: number, forMs: number, workMs = 0): Promise<number[]> => {
  const clock = fakeClock();
  const stop = new AbortController();
  const startNs = clock.nowNs();
  const batches: number[] = [];
  for await (const count of paced({ perSecond, batchMax: 100, clock, signal: stop.signal })) {
    if (Number(clock.nowNs() - startNs) / 1e6 >= forMs) stop.abort();
    batches.push(count);
    clock.pass(workMs);
  }
  return batches;
};

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe("a steady rate", () => {
  it.each([1, 7, 500, 20_000])("gives %i items per second without drift", async (perSecond) => {
    const given = sum(await batchesFor(perSecond, 10_000));
    // One batch is the grain of the measurement.
    expect(Math.abs(given - perSecond * 10)).toBeLessThanOrEqual(perSecond * 0.03 + 100);
  });

  it("never gives more than batchMax at once", async () => {
    const batches = await batchesFor(20_000, 1000);
    expect(Math.max(...batches)).toBe(100);
    expect(Math.min(...batches)).toBeGreaterThan(0);
  });

  it("does not drift when the work itself takes time", async () => {
    expect(Math.abs(sum(await batchesFor(500, 10_000, 15)) - 5000)).toBeLessThanOrEqual(100);
  });

  it("forgives what a stall left undone, but for one second", async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    const batches = paced({ perSecond: 50, batchMax: 1000, clock, signal: stop.signal });
    await batches.next();
    clock.pass(60_000);
    expect((await batches.next()).value).toBe(50);
    stop.abort();
    expect((await batches.next()).done).toBe(true);
  });
});
