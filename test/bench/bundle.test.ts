// VX9: the original's benchmarks timed calls that failed. What ours times is checked for its outcome.
import { afterEach, expect, it, vi } from "vitest";

import { addOutcome, BundleBuilder } from "../../engine/bundle/bundle-builder.ts";
import { run } from "./bundle.bench.ts";

const printed = vi.spyOn(console, "log").mockImplementation(() => {});

afterEach(() => vi.restoreAllMocks());

it("VX9: a benchmark ends when every record that it gave came out", async () => {
  await run({ smoke: true });
  expect(printed.mock.calls.flat().join("\n")).toMatch(/"bench":"bundle".*"twinNs"/s);
});

it("VX9: a record that is lost while it says that it was taken fails the benchmark", async () => {
  vi.spyOn(BundleBuilder.prototype, "add").mockImplementationOnce(() => addOutcome.accepted);
  await expect(run({ smoke: true })).rejects.toThrow(/^builder: \d+ of \d+ records came out$/);
});
