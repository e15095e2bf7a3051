import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { reason } from "../../../engine/events/event-layout.ts";
import { AdaptivePolicy } from "../../../engine/handoff/adaptive-policy.ts";
import {
  createHandoffMemory,
  HandoffCells,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import { handoffDefaults } from "../../../engine/handoff/handoff-options.ts";
import { runSeed } from "../../random.ts";
import { checkLaw, HIGH, setup } from "./handoff-rig.ts";

const options = {
  configured: "drop-oldest",
  highUs: 1000,
  lowUs: 100,
  intervalUs: 100_000,
} as const;

/** Policy after each interval of one mean. */
const run = (means: readonly number[]) => {
  const policy = new AdaptivePolicy(options);
  policy.update(0, 0);
  const seen = means.map((mean, i) => {
    if (mean >= 0) policy.record(mean);
    policy.update((i + 1) * options.intervalUs, 0);
    return policy.policy;
  });
  return { seen, policy };
};

describe("adaptive policy", () => {
  it("drops the newest above the high mark, blocks below the low one, else does as configured", () => {
    expect(run([500, 1500, 500, 50, 500]).seen).toEqual([
      "drop-oldest",
      "drop-newest",
      "drop-oldest",
      "block",
      "drop-oldest",
    ]);
  });

  it("goes on under other options, and stays as configured once it may not adapt", () => {
    const { policy } = run([1500]);
    policy.configure({ ...options, configured: "block" });
    expect(policy.policy).toBe("drop-newest");
    policy.configure({ ...options, adapts: false });
    expect(policy.policy).toBe("drop-oldest");
    policy.record(1500);
    policy.update(9 * options.intervalUs, 0);
    expect(policy.policy).toBe("drop-oldest");
  });

  it("comes back over a mark only with a margin", () => {
    expect(run([1001, 999, 801, 799]).seen).toEqual([
      "drop-newest",
      "drop-newest",
      "drop-newest",
      "drop-oldest",
    ]);
    expect(run([99, 101, 119, 121]).seen).toEqual(["block", "block", "block", "drop-oldest"]);
  });

  it("changes nothing in an interval without a send, and at most once an interval", () => {
    expect(run([1500, -1, -1]).seen).toEqual(["drop-newest", "drop-newest", "drop-newest"]);
    const policy = new AdaptivePolicy(options);
    policy.update(0, 0);
    policy.record(5000);
    policy.update(99_999, 0);
    expect(policy.changes).toBe(0);
    policy.update(100_000, 0);
    policy.record(1);
    policy.update(100_001, 0);
    expect(policy.changes).toBe(1);
  });

  it("does not flap about a mark, for any small wave", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1000, 100),
        fc.array(fc.double({ min: -0.15, max: 0.15, noNaN: true }), { maxLength: 100 }),
        (mark, wave) => {
          const { policy } = run(wave.map((part) => mark * (1 + part)));
          expect(policy.changes).toBeLessThanOrEqual(1);
        },
      ),
      { seed: runSeed("adaptive") },
    );
  });
});

it("a receiver that stands still is slow, though nothing is sent that shows it", () => {
  const rig = setup({ capacity: 4, batchSize: 2, sendMaxRetries: 255, sendRetryDelayUs: 50_000 });
  const offerTwo = (): void => {
    rig.offer(1, HIGH);
    rig.offer(2, HIGH);
    rig.stage.work();
  };
  offerTwo();
  rig.clock.us += handoffDefaults.adaptiveIntervalUs;
  rig.stage.work();
  expect(rig.diagnostics().policy).toBe("block");
  rig.room.left = 0;
  offerTwo();
  rig.clock.us += handoffDefaults.adaptiveIntervalUs;
  rig.stage.work();
  expect(rig.diagnostics()).toMatchObject({ policy: "drop-newest", intervalMeanUs: 100_000 });
  for (let i = 0; i < 4; i += 1) offerTwo();
  expect(rig.sleeps).toEqual([]);
  checkLaw(rig.diagnostics());
});

describe("diagnostics", () => {
  it("sort sojourns into four buckets, and have no mean before the first", () => {
    const memory = createHandoffMemory();
    const cells = new HandoffCells(memory);
    expect(readHandoffDiagnostics(memory).high).not.toHaveProperty("meanSojournUs");
    for (const us of [0, 9, 10, 99, 100, 999, 1000, 5e6]) {
      cells.offered(1);
      cells.sent(1, us);
    }
    const { high, low, recommendation } = readHandoffDiagnostics(memory);
    expect(high.sojourn).toEqual([2, 2, 2, 2]);
    expect(high.meanSojournUs).toBe((9 + 10 + 99 + 100 + 999 + 1000 + 5e6) / 8);
    expect(low.sojourn).toEqual([0, 0, 0, 0]);
    expect(recommendation).toBeNull();
  });

  it("recommend by what is lost: HIGH first, LOW above 2 %, then long waits", () => {
    const memory = createHandoffMemory();
    const cells = new HandoffCells(memory);
    const advice = () => readHandoffDiagnostics(memory).recommendation;
    for (let i = 0; i < 100; i += 1) {
      cells.offered(0);
      cells.sent(0, 2000);
    }
    cells.policy("drop-newest", 2000, 1);
    expect(advice()).toContain("wait above 1 ms");
    for (let i = 0; i < 3; i += 1) {
      cells.offered(0);
      cells.dropped(0, 10);
    }
    expect(advice()).toContain("LOW candidates are lost above 2 %");
    cells.dropped(1, 12);
    expect(advice()).toContain("HIGH candidates are lost");
  });

  it("recommend no more room for what was lost with a thread, at the end, or to a receiver that refuses", () => {
    const memory = createHandoffMemory();
    const cells = new HandoffCells(memory);
    const advice = () => readHandoffDiagnostics(memory).recommendation;
    for (const why of [reason.restart, reason.shutdown]) {
      cells.offered(1);
      cells.dropped(1, why);
      cells.offered(0);
      cells.dropped(0, why);
    }
    expect(advice()).toBeNull();
    cells.offered(0);
    cells.dropped(0, reason.retries);
    expect(advice()).toContain("the receiver refuses LOW candidates");
    cells.offered(1);
    cells.dropped(1, reason.retries);
    expect(advice()).toContain("the receiver refuses HIGH candidates");
  });
});
