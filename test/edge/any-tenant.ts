// A tenant with every right, as a request of tests of decoders has one.
import type { Tenant } from "../../edge/authenticate/tenant-document.ts";
import { unlimited } from "../../edge/authenticate/tenant-document.ts";
import { signals } from "../../edge/receive/endpoints.ts";

export const anyTenant: Tenant = {
  name: "default",
  keys: [],
  signals: new Set(signals),
  isOperator: true,
  rates: unlimited,
  rules: [],
};
