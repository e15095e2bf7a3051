import { describe, expect, it } from "vitest";

import { laneOf, lanesMaxOf } from "../../../engine/consume/deal.ts";
import { consumed, topicPartitions } from "../../../engine/ledger/positions.ts";

const idsOf = (role: "market" | "stream"): readonly number[] =>
  topicPartitions.flatMap(({ topic }, id) => (consumed[topic] === role ? [id] : []));

describe("dealing partitions", () => {
  it("gives every lane as many as any other, or one less", () => {
    for (const role of ["market", "stream"] as const) {
      const ids = idsOf(role);
      expect(ids).toHaveLength(lanesMaxOf(role));
      for (let lanes = 1; lanes <= ids.length; lanes += 1) {
        const counts = Array.from({ length: lanes }, (_, lane) => lane).map(
          (lane) => ids.filter((id) => laneOf(id, lanes) === lane).length,
        );
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(Math.min(...counts)).toBeGreaterThan(0);
      }
    }
  });

  it("gives all to the one lane that there is", () => {
    expect(new Set(idsOf("market").map((id) => laneOf(id, 1)))).toEqual(new Set([0]));
  });
});
