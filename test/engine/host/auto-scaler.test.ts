import { afterEach, describe, expect, it, vi } from "vitest";

import type { InputRole } from "../../../engine/consume/input-rings.ts";
import { startAutoScaler } from "../../../engine/host/auto-scaler.ts";
import { Lanes } from "../../../engine/host/lanes.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { stampNowUs } from "../../../engine/ring/enqueue-stamp.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import type { WorkerState } from "../../../engine/supervise/worker-state.ts";

afterEach(() => vi.useRealTimers());

/** An engine of one market and one stream thread; a record waits for market since long ago. */
const rig = (state: WorkerState) => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const memory = createEngineMemory();
  const writer = new MessageRingWriter(memory.ingestMarket);
  writer.stamp(stampNowUs() - 10_000_000);
  writer.tryWrite(1, new Uint8Array(10));
  writer.publish();
  const lanes = new Lanes(memory);
  const scaled: string[] = [];
  const notes: string[] = [];
  const limits = { threadsMin: 1, threadsMax: 2, upUs: 100_000, downUs: 1_000, holdMs: 1_000 };
  const stop = startAutoScaler({
    lanes,
    limits: { market: limits, stream: { ...limits, threadsMax: 1 } },
    workers: () => [
      {
        name: "market",
        state,
        critical: true,
        strategy: "one_for_one",
        restarts: 0,
        lastError: null,
        heartbeatAgeMs: 0,
      },
    ],
    scale: async (role: InputRole, threads) => {
      scaled.push(`${role} ${threads}`);
      lanes.resize(role, threads);
    },
    note: (line) => notes.push(line),
  });
  return { scaled, notes, stop };
};

describe("the auto-scaler", () => {
  it("adds a thread to a role whose records wait too long, up to its limit", async () => {
    const { scaled, notes, stop } = rig("Running");
    await vi.advanceTimersByTimeAsync(750);
    expect(scaled).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(scaled).toEqual(["market 2"]);
    expect(notes[0]).toMatch(/^market has waited \d+ us: 2 threads instead of 1$/);
    stop();
  });

  it("leaves a role alone whose threads rest or are being restarted", async () => {
    const { scaled, stop } = rig("Paused");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(scaled).toEqual([]);
    stop();
  });
});
