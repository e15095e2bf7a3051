import { describe, expect, test } from "vitest";

import { tenantsOf } from "../../../edge/authenticate/tenant-document.ts";
import { fixedLimits } from "../../../edge/limits.ts";

const key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const other = key.replace("9", "8");
const parse = (...tenants: readonly unknown[]) => tenantsOf(JSON.stringify({ tenants }));

describe("a tenants document", () => {
  test("may be empty", () => {
    expect(tenantsOf("")).toEqual([]);
    expect(parse()).toEqual([]);
  });

  test("says name, keys, rights and rates; what is left out is all or unbounded", () => {
    const [acme] = parse({ name: "acme", keys: [key], itemsPerS: 500 }) as unknown as readonly {
      readonly [name: string]: unknown;
    }[];
    expect(acme).toMatchObject({
      name: "acme",
      isOperator: false,
      rates: {
        requestsPerS: Infinity,
        itemsPerS: 500,
        itemsBurst: 500,
        itemsPerDay: Infinity,
      },
    });
    expect((acme?.["signals"] as Set<string> | undefined)?.size).toBe(5);
  });

  test.each([
    ["no name", { keys: [key] }, "tenants[0].name"],
    ["a bad name", { name: "Acme Ltd", keys: [key] }, "tenants[0].name"],
    ["no keys", { name: "a" }, "tenants[0].keys"],
    ["an empty list of keys", { name: "a", keys: [] }, "tenants[0].keys"],
    ["a plain key", { name: "a", keys: ["secret"] }, "tenants[0].keys[0]"],
    ["17 keys", { name: "a", keys: Array.from({ length: 17 }, () => key) }, "tenants[0].keys"],
    ["an unknown signal", { name: "a", keys: [key], signals: ["x"] }, "tenants[0].signals[0]"],
    ["a rate of 0", { name: "a", keys: [key], itemsPerS: 0 }, "tenants[0].itemsPerS"],
    [
      "a rate that no Retry-After can tell",
      { name: "a", keys: [key], requestsPerS: 5e-324 },
      "tenants[0].requestsPerS: expected at least 0.000001",
    ],
    ["a rate in text", { name: "a", keys: [key], itemsPerS: "9" }, "tenants[0].itemsPerS"],
    ["an unknown field", { name: "a", keys: [key], quota: 1 }, "tenants[0].quota: unknown field"],
    [
      "a burst of requests without a rate",
      { name: "a", keys: [key], requestsBurst: 9 },
      "tenants[0].requestsBurst: expected requestsPerS",
    ],
    [
      "a burst of items without a rate",
      { name: "a", keys: [key], itemsBurst: 9 },
      "tenants[0].itemsBurst: expected itemsPerS",
    ],
  ])("with %s is refused by field", (_what, tenant, field) => {
    expect(parse(tenant)).toContain(field);
  });

  test("with a thousand faults is told by the first of them", () => {
    const faults = parse(...Array.from({ length: 1000 }, () => ({ name: "A", more: 1 }))) as string;
    expect(faults).toMatch(/^tenants\[0\]\.name: /);
    expect(faults.length).toBeLessThanOrEqual(fixedLimits.messageCharsMax);
  });

  test("with a name or a key twice is refused", () => {
    expect(parse({ name: "a", keys: [key] }, { name: "a", keys: [other] })).toContain("a is there");
    expect(parse({ name: "a", keys: [key] }, { name: "b", keys: [key] })).toContain("a key");
    expect(parse({ name: "a", keys: [key, key.toUpperCase()] })).toContain("a key");
  });

  test("that is no object of tenants is refused with what was expected", () => {
    expect(tenantsOf("[]")).toBe('expected {"tenants":[…]}');
  });

  test("never shows what it holds in its message", () => {
    expect(parse({ name: "a", keys: ["hunter2"] })).not.toContain("hunter2");
  });

  test("is refused above its bounds", () => {
    expect(tenantsOf(" ".repeat(2 << 20))).toContain("tenantsBytesMax");
    expect(tenantsOf("€".repeat(1 << 19))).toContain("tenantsBytesMax");
    const many = Array.from({ length: 1001 }, (_, at) => ({ name: `t${at}`, keys: [key] }));
    expect(parse(...many)).toContain("at most 1000");
  });
});
