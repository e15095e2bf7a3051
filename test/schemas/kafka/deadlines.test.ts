import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Deadlines } from "../../../schemas/kafka/deadlines.ts";

describe("deadlines", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("come in their time and order, those that were called off never", () => {
    const deadlines = new Deadlines();
    const late: string[] = [];
    const begunMs = Date.now();
    const start = (name: string, ms: number): (() => void) =>
      deadlines.start(ms, () => late.push(`${name} ${Date.now() - begunMs}`));
    start("b", 200);
    const cancel = start("c", 300);
    start("a", 100);
    start("d", 400);
    vi.advanceTimersByTime(250);
    expect(late).toEqual(["a 100", "b 200"]);
    cancel();
    cancel();
    vi.advanceTimersByTime(1000);
    expect(late).toEqual(["a 100", "b 200", "d 400"]);
    start("e", 10);
    vi.advanceTimersByTime(10);
    expect(late.at(-1)).toBe("e 1260");
  });

  it("may be started by one that has come", () => {
    const deadlines = new Deadlines();
    const late: number[] = [];
    const begunMs = Date.now();
    deadlines.start(60, () => {
      deadlines.start(40, () => late.push(Date.now() - begunMs));
    });
    deadlines.start(500, () => late.push(Date.now() - begunMs));
    vi.advanceTimersByTime(1000);
    expect(late).toEqual([100, 500]);
  });

  it("come in their time after the clock was set back, those from before and those from after", () => {
    const deadlines = new Deadlines();
    const late: string[] = [];
    deadlines.start(100, () => late.push("a"));
    deadlines.start(300, () => late.push("b"));
    vi.setSystemTime(Date.now() - 3_600_000);
    deadlines.start(200, () => late.push("c"));
    const counts = [100, 100, 100].map((ms) => {
      vi.advanceTimersByTime(ms);
      return late.length;
    });
    expect([late, counts]).toEqual([
      ["a", "c", "b"],
      [1, 2, 3],
    ]);
  });

  it("share a timer, which is never cleared and ends with the last of them", () => {
    const cleared = vi.spyOn(globalThis, "clearTimeout");
    const deadlines = new Deadlines();
    for (let i = 0; i < 1000; i += 1) {
      const cancel = deadlines.start(500, () => expect.unreachable());
      vi.advanceTimersByTime(1);
      cancel();
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    }
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
    expect(cleared).not.toHaveBeenCalled();
  });
});
