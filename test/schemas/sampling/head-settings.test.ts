import { describe, expect, it } from "vitest";

import { HeadRules, ruleWord } from "../../../schemas/sampling/head-rules.ts";
import {
  defaultPolicy,
  overridesMax,
  policiesMax,
  readHeadSettings,
} from "../../../schemas/sampling/head-settings.ts";
import { digits } from "../../../schemas/sampling/threshold.ts";

const faults = (value: unknown): readonly string[] => {
  const read = readHeadSettings(value);
  return read.ok ? [] : read.faults;
};

describe("head sampling settings", () => {
  it("begin with the defaults, tenants with the others, overrides with their tenant", () => {
    const read = readHeadSettings({
      base: 0.1,
      slowMs: 500,
      overrides: [{ service: "a", slow: 0.7 }],
      tenants: { acme: { base: 0.2, spansPerSMax: 100 }, own: { overrides: [{ logs: 1 }] } },
    });
    if (!read.ok) throw new Error(read.faults.join());
    const { others, tenants } = read.settings;
    const rates = { error: 1, slow: 0.5, base: 0.1, logs: null, slowMs: 500 };
    const override = { service: "a", operation: "", rates: { ...rates, slow: 0.7 } };
    expect(others).toEqual({ ...defaultPolicy, rates, overrides: [override] });
    const acme = tenants.get("acme");
    expect(acme).toMatchObject({ rates: { ...rates, base: 0.2 }, spansPerSMax: 100 });
    expect(acme?.overrides).toEqual([override]);
    expect(tenants.get("own")?.overrides).toEqual([
      { service: "", operation: "", rates: { ...rates, logs: 1 } },
    ]);
  });

  it.each([
    [1, "policy: expected an object"],
    [[], "policy: expected an object"],
    [{ bases: 1 }, "policy.bases: unknown"],
    [{ base: 0 }, "policy.base: expected a rate from 2^-56 to 1"],
    [{ error: "1" }, "policy.error: expected a rate"],
    [{ slowMs: 1.5 }, "policy.slowMs: expected an integer from 0 to 86400000"],
    [{ spansPerSMax: -1 }, "policy.spansPerSMax: expected an integer"],
    [{ overrides: {} }, "policy.overrides: expected a list of at most 64"],
    [{ overrides: [{ service: 1 }] }, "policy.overrides[0].service: expected a text"],
    [{ overrides: [{ operation: "x".repeat(257) }] }, "policy.overrides[0].operation: expected"],
    [{ overrides: [{ spansPerSMax: 1 }] }, "policy.overrides[0].spansPerSMax: unknown"],
    [{ tenants: [] }, "policy.tenants: expected an object of at most 1024 tenants"],
    [{ tenants: { acme: { tenants: {} } } }, "policy.tenants.acme.tenants: unknown"],
    [{ tenants: { acme: null } }, "policy.tenants.acme: expected an object"],
  ])("refuse %j with its place", (value, fault) => {
    expect(faults(value)[0]).toContain(fault);
  });

  it("are bounded in tenants and overrides", () => {
    const overrides = Array.from({ length: overridesMax + 1 }, () => ({}));
    expect(faults({ overrides: overrides.slice(1) })).toEqual([]);
    expect(faults({ overrides })).toHaveLength(1);
    const tenants = Object.fromEntries(
      Array.from({ length: policiesMax + 1 }, (_, index) => [`t${index}`, {}]),
    );
    expect(faults({ tenants })).toHaveLength(1);
  });
});

describe("head rules", () => {
  const thresholds = (rules: HeadRules): string[] =>
    [ruleWord.error, ruleWord.slow, ruleWord.base, ruleWord.logs].map((word) =>
      digits({ high: rules.words[word] ?? 0, low: rules.words[word + 1] ?? 0 }),
    );

  it("are the thresholds of the default policy", () => {
    expect(thresholds(new HeadRules(defaultPolicy))).toEqual(["0", "8", "fd70a", "fd70a"]);
  });

  it("keep errors and slow spans no less than the rest", () => {
    const rates = { error: 0.1, slow: 0.25, base: 0.5, logs: 0.125, slowMs: 1 };
    expect(thresholds(new HeadRules({ ...defaultPolicy, rates }))).toEqual(["8", "8", "8", "e"]);
  });

  it("scale base and logs between floor and configured rate, and back", () => {
    const rules = new HeadRules({ ...defaultPolicy, baseFloor: 0.001 });
    rules.rescale(0.5);
    expect(rules.baseRate).toBe(0.005);
    expect(thresholds(rules).slice(0, 2)).toEqual(["0", "8"]);
    rules.rescale(0.0001);
    expect(rules.baseRate).toBe(0.001);
    expect(thresholds(rules).slice(2)).toEqual(["ffbe77", "ffbe77"]);
    rules.rescale(1);
    expect(thresholds(rules)).toEqual(thresholds(new HeadRules(defaultPolicy)));
    const tiny = { ...defaultPolicy, rates: { ...defaultPolicy.rates, base: 0.0001 } };
    const low = new HeadRules(tiny);
    low.rescale(0.5);
    expect(low.baseRate).toBe(0.0001);
  });
});
