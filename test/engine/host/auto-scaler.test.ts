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
const rig = (
  state: WorkerState,
  { holdMs = 1_000, takes = (): Promise<void> => Promise.resolve() } = {},
) => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "performance"] });
  const memory = createEngineMemory();
  const writer = new MessageRingWriter(memory.ingestMarket);
  writer.stamp(stampNowUs() - 10_000_000);
  writer.tryWrite(1, new Uint8Array(10));
  writer.publish();
  const lanes = new Lanes(memory);
  const scaled: string[] = [];
  const notes: string[] = [];
  const limits = { threadsMin: 1, threadsMax: 4, upUs: 100_000, downUs: 1_000, holdMs };
  const scaler = startAutoScaler({
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
    scale: async (role: InputRole, threads, holds) => {
      await takes();
      if (!holds()) throw new Error("no more");
      scaled.push(`${role} ${threads}`);
      lanes.resize(role, threads);
    },
    note: (line) => notes.push(line),
  });
  return { scaled, notes, scaler, lanes };
};

describe("the auto-scaler", () => {
  it("adds a thread to a role whose records wait too long, up to its limit", async () => {
    const { scaled, notes, scaler } = rig("Running");
    await vi.advanceTimersByTimeAsync(750);
    expect(scaled).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(scaled).toEqual(["market 2", "market 3", "market 4"]);
    expect(notes[0]).toMatch(/^market has waited \d+ us: 2 threads instead of 1$/);
    scaler.end();
  });

  it("lets what waited for a scale go through, for as long as that took, before it asks for more", async () => {
    const takes = (): Promise<void> => new Promise((done) => void setTimeout(done, 4_000));
    const { scaled, scaler } = rig("Running", { holdMs: 100, takes });
    await vi.advanceTimersByTimeAsync(8_500);
    expect(scaled).toEqual(["market 2"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(scaled).toEqual(["market 2", "market 3"]);
    scaler.end();
  });

  it("scales no more after its end, nor from a number that somebody else has changed meanwhile", async () => {
    const turn = Promise.withResolvers<void>();
    const first = rig("Running", { takes: () => turn.promise });
    await vi.advanceTimersByTimeAsync(2_000);
    first.scaler.end();
    const second = rig("Running", { takes: () => turn.promise });
    await vi.advanceTimersByTimeAsync(2_000);
    second.lanes.resize("market", 3);
    turn.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect([first.scaled, second.scaled]).toEqual([[], []]);
    expect([first.notes.length, second.notes[1]]).toEqual([1, "market was not scaled: no more"]);
    second.scaler.end();
  });

  it("leaves a role alone whose threads rest or are being restarted", async () => {
    const { scaled, scaler } = rig("Paused");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(scaled).toEqual([]);
    scaler.end();
  });
});
