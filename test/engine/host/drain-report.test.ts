import { expect, it } from "vitest";

import { drainText } from "../../../engine/host/drain-report.ts";

const stopped = { clean: true, ms: 11.6, workers: [] };

it("a stop tells which rings it emptied, and what it had to leave", () => {
  const rings = {
    ingestMarket: { drained: 12, left: 0 },
    marketEgress: { drained: 0, left: 0 },
    "market-2 input": { drained: 3, left: 4 },
  };
  expect(drainText({ ...stopped, rings })).toBe(
    "engine stopped in 12 ms; drained from its rings: ingestMarket 12, market-2 input 3 (left 4)",
  );
});

it("a stop of an engine that had nothing to do says so", () => {
  expect(drainText({ ...stopped, rings: { ingestMarket: { drained: 0, left: 0 } } })).toBe(
    "engine stopped in 12 ms; drained from its rings: nothing",
  );
});
