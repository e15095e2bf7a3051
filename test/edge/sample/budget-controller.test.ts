import { describe, expect, it } from "vitest";

import type { BudgetTarget } from "../../../edge/sample/budget-controller.ts";
import { BudgetController, recoveryMsMax } from "../../../edge/sample/budget-controller.ts";

type Load = { readonly seconds: number; readonly basePerS: number; readonly forcedPerS?: number };

/** Runs a load through a controller, ten passes a second; the scale at the end of each second. */
const run = (
  target: BudgetTarget,
  loads: readonly Load[],
  pressure = (_second: number): number => 0,
): { readonly scales: number[]; readonly keptPerS: number[] } => {
  let nowMs = 5000;
  const budget = new BudgetController(target, nowMs);
  const scales: number[] = [];
  const keptPerS: number[] = [];
  for (const { seconds, basePerS, forcedPerS = 0 } of loads) {
    for (let second = 0; second < seconds; second += 1) {
      let kept = 0;
      for (let tenth = 0; tenth < 10; tenth += 1) {
        nowMs += 100;
        budget.step(nowMs, pressure(scales.length));
        const byBase = (basePerS / 10) * budget.scale;
        budget.add(byBase + forcedPerS / 10, byBase);
        kept += byBase + forcedPerS / 10;
      }
      scales.push(budget.scale);
      keptPerS.push(kept);
    }
  }
  return { scales, keptPerS };
};

const target = { spansPerSMax: 1000, scaleMin: 0.01 };

describe("budget controller", () => {
  it("leaves the scale at 1 as long as the budget holds", () => {
    const { scales } = run(target, [{ seconds: 60, basePerS: 1050 }]);
    expect(new Set(scales)).toEqual(new Set([1]));
  });

  it("halves every second in a burst, then holds the budget within a tenth", () => {
    const { scales, keptPerS } = run(target, [{ seconds: 60, basePerS: 20_000 }]);
    expect(scales.slice(0, 7)).toEqual([0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125, 0.03125]);
    for (const kept of keptPerS.slice(15)) {
      expect(kept).toBeGreaterThan(900);
      expect(kept).toBeLessThan(1100);
    }
  });

  it("does not swing between two scales under a steady load", () => {
    const { scales } = run(target, [{ seconds: 120, basePerS: 3000 }]);
    expect(new Set(scales.slice(20)).size).toBe(1);
  });

  it("is back at 1 within the stated time after a burst", () => {
    const { scales } = run(target, [
      { seconds: 30, basePerS: 1_000_000 },
      { seconds: 40, basePerS: 500 },
    ]);
    expect(scales[29]).toBe(0.01);
    const back = scales.findIndex((scale, second) => second >= 30 && scale === 1);
    expect(back).toBeGreaterThan(30);
    expect((back + 1 - 30) * 1000).toBeLessThanOrEqual(recoveryMsMax);
  });

  it("is back at 1 within the stated time when nothing comes after the burst", () => {
    const budget = new BudgetController(target, 0);
    for (let nowMs = 0; nowMs < 20_000; nowMs += 100) {
      budget.add(10_000, 10_000);
      budget.step(nowMs, 0);
    }
    expect(budget.scale).toBe(0.01);
    budget.step(20_000, 0);
    budget.step(20_000 + recoveryMsMax, 0);
    expect(budget.scale).toBe(1);
  });

  it("falls to the floor and no further when forced keeps alone are over the budget", () => {
    const { scales } = run(target, [{ seconds: 30, basePerS: 100, forcedPerS: 5000 }]);
    expect(scales.at(-1)).toBe(0.01);
    expect(Math.min(...scales)).toBe(0.01);
  });

  it("follows pressure without a budget, down and up again, and holds between", () => {
    const levels = [0.9, 0.9, 0.9, 0.7, 0.7, 0.7, 0.7, 0.7];
    const { scales } = run(
      { spansPerSMax: 0, scaleMin: 0.1 },
      [{ seconds: 40, basePerS: 100 }],
      (second) => levels[second] ?? 0.2,
    );
    expect(scales[3]).toBe(0.125);
    expect(scales[8]).toBe(0.125);
    expect(scales.at(-1)).toBe(1);
  });

  it("begins a new interval when the clock is set back", () => {
    const budget = new BudgetController(target, 10_000);
    budget.add(1e6, 1e6);
    expect(budget.step(5000, 0)).toBe(false);
    expect(budget.step(5900, 0)).toBe(false);
    budget.add(1e6, 1e6);
    expect(budget.step(6000, 0)).toBe(true);
    expect(budget.scale).toBe(0.5);
  });
});
