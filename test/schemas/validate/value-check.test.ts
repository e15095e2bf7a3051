import { describe, expect, it } from "vitest";

import { finding } from "../../../schemas/validate/finding-table.ts";
import type { Annotations, ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { smallRegistry } from "../../oracles/small-registry.ts";
import { findingsOf, ValidationAgreement } from "../../oracles/validation-agreement.ts";

const registryOf = (annotations: Annotations): ResolvedRegistry => ({
  ...smallRegistry,
  groups: [
    {
      id: "registry",
      type: "attribute_group",
      brief: "",
      attributes: [
        { name: "job.n", type: "int", brief: "", requirement_level: "recommended", annotations },
      ],
    },
  ],
});

/** Codes of the bounds that three spans of one shape with this value are told, one after another. */
const told = (annotations: Annotations, value: number): number[] => {
  const one = new ValidationAgreement({ registry: registryOf(annotations) });
  const attributes = [{ key: "job.n", value: { intValue: value } }];
  const span = { traceId: new Uint8Array(16).fill(1), name: "n", attributes };
  const spans = [span, span, span];
  one.assertPlain(
    protoEncode("ExportTraceServiceRequest", { resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  );
  const codes = findingsOf(one.fused, one.tables).map((line) => Number.parseInt(line, 10));
  return codes.filter((code) => code === finding.belowMin || code === finding.aboveMax);
};

describe("bounds of an integer", () => {
  it("hold for every span of a shape when they are larger than 32 bits", () => {
    const { belowMin, aboveMax } = finding;
    for (const min of [2 ** 31, 2 ** 32, 1_600_000_000_000, 2 ** 53]) {
      expect(told({ "weir.min": min }, 5), `min=${min}`).toEqual([belowMin, belowMin, belowMin]);
      expect(told({ "weir.min": min }, 2 ** 53), `min=${min}`).toEqual([]);
    }
    for (const max of [-(2 ** 31) - 1, -(2 ** 32), -1_600_000_000_000]) {
      expect(told({ "weir.max": max }, 0), `max=${max}`).toEqual([aboveMax, aboveMax, aboveMax]);
    }
    expect(told({ "weir.min": -(2 ** 40), "weir.max": 2 ** 40 }, 7)).toEqual([]);
  });
});
