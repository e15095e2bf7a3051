import { describe, expect, it } from "vitest";

import { AutoScale } from "../../../engine/supervise/auto-scale.ts";

const limits = { threadsMin: 1, threadsMax: 3, upUs: 10_000, downUs: 1_000, holdMs: 5_000 };

/** Feeds waits a second apart and returns the number of threads after each. */
const follow = (waits: readonly number[]): readonly number[] => {
  const auto = new AutoScale(limits);
  let threads = 1;
  return waits.map((waitUs, second) => {
    threads = auto.decide(threads, waitUs, second * 1_000);
    return threads;
  });
};

const times = (count: number, waitUs: number): number[] =>
  Array.from({ length: count }, () => waitUs);

describe("scaling by waiting time", () => {
  it("adds a thread after the hold time, and the next after another, up to the limit", () => {
    const threads = follow(times(25, 20_000));
    expect(threads.slice(0, 5)).toEqual(times(5, 1));
    expect(threads[5]).toBe(2);
    expect(threads[10]).toBe(2);
    expect(threads[11]).toBe(3);
    expect(threads.at(-1)).toBe(3);
  });

  it("begins anew when the wait was short in between", () => {
    expect(follow([...times(5, 20_000), 5_000, ...times(5, 20_000)]).at(-1)).toBe(1);
  });

  it("removes a thread only after four times as long, down to the limit", () => {
    const threads = follow([...times(6, 20_000), ...times(45, 10)]);
    expect(threads[5]).toBe(2);
    expect(threads[25]).toBe(2);
    expect(threads[26]).toBe(1);
    expect(threads.at(-1)).toBe(1);
  });

  it("does not swing between the limits", () => {
    const threads = follow([...times(6, 20_000), ...times(100, 5_000)]);
    expect(new Set(threads.slice(5))).toEqual(new Set([2]));
  });

  it("takes no thread below a number that was asked for by hand, and adds to it", () => {
    const auto = new AutoScale(limits);
    auto.keep(2);
    expect([0, 60_000].map((ms) => auto.decide(2, 10, ms))).toEqual([2, 2]);
    expect([70_000, 80_000].map((ms) => auto.decide(2, 20_000, ms))).toEqual([2, 3]);
    expect([90_000, 150_000].map((ms) => auto.decide(3, 10, ms))).toEqual([3, 2]);
  });

  it("counts no wait of a replacement, and none for as long after, or a hold", () => {
    const auto = new AutoScale(limits);
    const at = (ms: number): number => auto.decide(1, 20_000, ms);
    auto.replaced(0);
    auto.replaced(6_000);
    expect([8_000, 15_000, 16_000, 20_000, 21_000].map(at)).toEqual([1, 1, 1, 1, 2]);
    auto.replaced(22_000);
    expect([22_100, 27_000, 27_100, 32_000, 32_100].map(at)).toEqual([1, 1, 1, 1, 2]);
  });

  it("forgets what it saw of threads that were restarted", () => {
    const auto = new AutoScale(limits);
    auto.decide(1, 20_000, 0);
    auto.forget();
    expect(auto.decide(1, 20_000, 6_000)).toBe(1);
    expect(auto.decide(1, 20_000, 11_000)).toBe(2);
  });
});
