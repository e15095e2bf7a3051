// Which registry a request is checked against, and its canary, with the tenant's plan for each.
import type { OtlpLimits } from "../../schemas/otlp/limits.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import type { Tenant } from "../authenticate/tenant-document.ts";
import type { RegistryHolder } from "../registry/registry-holder.ts";
import type { Plans } from "./plans.ts";

/** What the passes of an isolate share. */
export type Validation = {
  readonly registries: RegistryHolder;
  readonly plans: Plans;
  readonly limits: OtlpLimits;
};

/** For one request. */
export type Served = {
  readonly version: string;
  readonly plan: ValidationPlan;
  /** Decides nothing; undefined without a canary. */
  readonly canaryVersion: string | undefined;
  readonly canaryPlan: ValidationPlan | undefined;
};

/** The registry may change between two requests, never within one. */
export const servedTo = ({ registries, plans }: Validation, tenant: Tenant): Served => {
  const { current, canary } = registries;
  return {
    version: current.version,
    plan: plans.of(tenant, current),
    canaryVersion: canary?.version,
    canaryPlan: canary === undefined ? undefined : plans.of(tenant, canary),
  };
};
