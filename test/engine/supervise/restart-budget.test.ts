import { describe, expect, it } from "vitest";

import { RestartBudget, restartDefaults } from "../../../engine/supervise/restart-budget.ts";

describe("a restart budget", () => {
  it("allows five in ten seconds of being up, at any moment", () => {
    const budget = new RestartBudget(restartDefaults);
    for (let i = 0; i < 5; i += 1) expect(budget.spend(i * 1_000, 0.5)).not.toBeNull();
    expect(budget.spend(9_999, 0.5)).toBeNull();
    // The first is ten seconds ago: one more, which waits as the fifth of its window.
    expect(budget.spend(10_000, 0.5)).toBe(800);
    expect(budget.spend(10_500, 0.5)).toBeNull();
    expect(budget.spend(30_000, 0.5)).toBe(50);
  });

  it("spreads a wait by a fifth to both sides, and bounds it", () => {
    const limits = { ...restartDefaults, restartsMax: 100 };
    expect(new RestartBudget(limits).spend(0, 0)).toBeCloseTo(40);
    expect(new RestartBudget(limits).spend(0, 1)).toBeCloseTo(60);
    const budget = new RestartBudget(limits);
    const waits = Array.from({ length: 50 }, () => budget.spend(0, 0.5));
    expect(waits.at(-1)).toBe(2_000);
  });
});
