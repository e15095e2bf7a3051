import { describe, expect, test } from "vitest";

import type { Tenant } from "../../../edge/authenticate/tenant-document.ts";
import { bundledTables } from "../../../edge/registry/bundled.ts";
import type { Registry } from "../../../edge/registry/registry-holder.ts";
import { Plans, plansMax } from "../../../edge/validate/plans.ts";
import { loadTables } from "../../../schemas/weaver/load.ts";
import { anyTenant } from "../any-tenant.ts";

const registry = (version: string): Registry => {
  const loaded = loadTables(bundledTables());
  if (!loaded.ok) throw new Error(loaded.problem);
  return { version, tables: loaded.tables };
};

const first = registry("1");
const rules: Tenant["rules"] = [{ mode: "off", level: "improvement" }];

const tenants = (count: number, own: Tenant["rules"] = []): Tenant[] =>
  Array.from({ length: count }, (_, at) => ({ ...anyTenant, name: `t${at}`, rules: [...own] }));

const newPlans = (): Plans => new Plans({ profile: "weir", rules: [] });

describe("validation plans", () => {
  test("few tenants have one each, which stays theirs when their document is read anew", () => {
    const plans = newPlans();
    const made = tenants(plansMax).map((tenant) => plans.of(tenant, first));
    expect(new Set(made).size).toBe(plansMax);
    expect(tenants(plansMax).every((tenant, at) => plans.of(tenant, first) === made[at])).toBe(
      true,
    );
  });

  test("more tenants than plans share those of equal rules instead of making each other's anew", () => {
    const plans = newPlans();
    for (const tenant of tenants(100)) plans.of(tenant, first);
    const shared = new Set(tenants(100).map((tenant) => plans.of(tenant, first)));
    expect(shared.size).toBe(1);
    const strict = new Set(tenants(100, rules).map((tenant) => plans.of(tenant, first)));
    expect(strict.size).toBe(1);
    expect(strict.has(plans.of(anyTenant, first))).toBe(false);
  });

  test("a canary beside the registry that serves has plans too, and both stay", () => {
    const plans = newPlans();
    const canary = registry("2");
    const round = () =>
      tenants(20).flatMap((tenant) => [plans.of(tenant, first), plans.of(tenant, canary)]);
    round();
    const made = new Set(round());
    expect(made.size).toBe(2);
    expect(round().every((plan) => made.has(plan))).toBe(true);
  });

  test("those of registries that serve no more go first, so few tenants keep their own", () => {
    const plans = newPlans();
    for (let version = 0; version < 5; version += 1) {
      const serving = registry(String(version));
      const made = new Set(tenants(5).map((tenant) => plans.of(tenant, serving)));
      expect(made.size).toBe(5);
    }
  });

  test("changed rules of a tenant count at once", () => {
    const plans = newPlans();
    const before = plans.of({ ...anyTenant, rules: [] }, first);
    const after = plans.of({ ...anyTenant, rules }, first);
    expect(after).not.toBe(before);
    expect(after.rules).not.toEqual(before.rules);
  });
});
