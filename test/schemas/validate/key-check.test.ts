// What is said of an attribute by its key alone.
import { describe, expect, it } from "vitest";

import { finding } from "../../../schemas/validate/finding-table.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { smallRegistry } from "../../oracles/small-registry.ts";
import { ValidationAgreement, findingsOf } from "../../oracles/validation-agreement.ts";

/** How often a span's attribute of this key has the finding, by every way of checking. */
const times = (code: number, key: string): number => {
  const one = new ValidationAgreement({ registry: smallRegistry });
  const attributes = [{ key, value: { stringValue: "" } }];
  one.assertPlain(
    protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: "x", attributes }] }] }],
    }),
  );
  const lines = findingsOf(one.fused, one.tables);
  return lines.filter((line) => line.startsWith(`${code} `)).length;
};

describe("a key below attributes", () => {
  it("has illegal_namespace for each prefix that is one, as live-check has", () => {
    expect(times(finding.illegalNamespace, "user.id.more.yet")).toBe(2);
    expect(times(finding.illegalNamespace, "user.more")).toBe(1);
    expect(times(finding.illegalNamespace, "user.id")).toBe(1);
    expect(times(finding.illegalNamespace, "users.id")).toBe(0);
  });
});
