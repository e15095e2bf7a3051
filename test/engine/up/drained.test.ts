import { afterEach, expect, it, vi } from "vitest";

import { createEngineMemory } from "../../../engine/host/memory.ts";
import { drained } from "../../../engine/up/drained.ts";
import { MemoryLog } from "../log/memory-log.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("gives up at its deadline, also when the clock is set back meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const log = new MemoryLog();
  const value = new Uint8Array(1);
  const record = { topic: "otlp_spans", partition: 0, key: null, value, headers: {} };
  await log.append([{ ...record, timestampMs: 0 }]);
  const waiting = drained({ memory: createEngineMemory(), log, deadlineMs: 100 });
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await waiting).toBe(false);
});
