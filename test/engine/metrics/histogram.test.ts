import { describe, expect, it } from "vitest";

import { Histogram, histogramBytes, histogramOf } from "../../../engine/metrics/histogram.ts";
import { runSeed, seeded } from "../../random.ts";

const fresh = (): Histogram => new Histogram(new SharedArrayBuffer(histogramBytes));

describe("histogram", () => {
  it("has no percentile before the first value", () => {
    expect(fresh().summary()).toEqual({ count: 0, p50: null, p99: null, max: null });
  });

  it("keeps values below 128 exactly", () => {
    const histogram = fresh();
    for (let value = 0; value < 100; value += 1) histogram.record(value);
    expect(histogram.summary()).toEqual({ count: 100, p50: 49, p99: 98, max: 99 });
  });

  it("stays within 1.6 percent of the nearest-rank percentile over the whole range", () => {
    const random = seeded(runSeed("histogram"));
    const histogram = fresh();
    const values = Array.from({ length: 20_000 }, () => Math.floor(2 ** (random.next() * 31.9)));
    for (const value of values) histogram.record(value);
    const sorted = values.toSorted((a, b) => a - b);
    const { p50, p99, max } = histogram.summary();
    for (const [found, rank] of [
      [p50, 10_000],
      [p99, 19_800],
      [max, 20_000],
    ] as const) {
      const exact = sorted[rank - 1] ?? 0;
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 1.016 + 1);
    }
  });

  it("takes a share of the values from 0 to 1, not percent", () => {
    const histogram = fresh();
    histogram.record(7);
    expect([histogram.percentile(0), histogram.percentile(1)]).toEqual([7, 7]);
    for (const share of [99, -0.1, Number.NaN])
      expect(() => histogram.percentile(share)).toThrow(`share=${share}, limits 0 to 1`);
  });

  it("tells any percentile, and none before the first value", () => {
    const histogram = fresh();
    expect(histogram.percentile(0.9)).toBe(null);
    for (let value = 1; value <= 100; value += 1) histogram.record(value);
    expect([0, 0.25, 0.9, 1].map((share) => histogram.percentile(share))).toEqual([1, 25, 90, 100]);
  });

  it("counts a value beyond 32 bits as the largest", () => {
    const histogram = fresh();
    histogram.record(2 ** 40);
    expect(histogram.summary().max).toBe(2 ** 32 - 1);
  });

  it("refuses a number of times that is none, and its counts stay", () => {
    const histogram = fresh();
    histogram.recordMany(5, 2);
    histogram.recordMany(9, 0);
    for (const times of [Number.NaN, Infinity, -1, 0.5, undefined as unknown as number])
      expect(() => histogram.recordMany(5, times)).toThrow(
        `times=${times}, integers from 0 to 9007199254740991`,
      );
    expect(histogram.summary()).toEqual({ count: 2, p50: 5, p99: 5, max: 5 });
  });

  it("takes no number for 0, and a fraction for the integer below", () => {
    const histogram = fresh();
    for (const value of [Number.NaN, -0, 0.9, 7.9]) histogram.record(value);
    expect(histogram.countsUpTo([0, 7])).toEqual([3, 4]);
  });

  it("refuses memory in which it has no room, or none at all", () => {
    const memory = new SharedArrayBuffer(histogramBytes + 8);
    expect(new Histogram(memory, 8).percentile(1)).toBe(null);
    for (const at of [4, 16, -8, Number.NaN, Infinity])
      expect(() => new Histogram(memory, at)).toThrow(`at=${at}, a multiple of 8 with 13824 bytes`);
    expect(() => new Histogram(undefined as unknown as SharedArrayBuffer)).toThrow(
      "of the memory's 0 behind it",
    );
  });

  it("counts beyond 32 bits, as a day of a busy engine does", () => {
    const histogram = fresh();
    histogram.recordMany(3, 2 ** 32 - 1);
    histogram.recordMany(3, 2);
    histogram.recordMany(9, 5);
    expect(histogram.summary()).toEqual({ count: 2 ** 32 + 6, p50: 3, p99: 3, max: 9 });
    expect(histogram.sum()).toBe(3 * (2 ** 32 + 1) + 45);
  });

  it("is read by another view of the same memory", () => {
    const memory = new SharedArrayBuffer(histogramBytes);
    new Histogram(memory).recordMany(7, 3);
    expect(new Histogram(memory).summary()).toMatchObject({ count: 3, p50: 7 });
  });

  it("is one over several, whose percentiles are those of all values together", () => {
    const random = seeded(runSeed("histograms"));
    const all = fresh();
    const parts = [fresh(), fresh(), fresh(), fresh()];
    for (let i = 0; i < 5_000; i += 1) {
      // Each part has another range, and the last has nothing.
      const part = random.below(3);
      const value = random.below(100 ** (part + 1));
      parts[part]?.record(value);
      all.record(value);
    }
    const before = parts.map((part) => part.summary());
    const sum = histogramOf(parts);
    expect(sum.summary()).toEqual(all.summary());
    expect(sum.sum()).toBe(all.sum());
    expect(before.map(({ p99 }) => p99)).not.toContain(all.summary().p99);
    expect(parts.map((part) => part.summary())).toEqual(before);
    expect(histogramOf([]).summary()).toEqual(fresh().summary());
  });
});
