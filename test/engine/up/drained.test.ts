import { afterEach, expect, it, vi } from "vitest";

import { createEngineMemory } from "../../../engine/host/memory.ts";
import { Positions, topicPartitionId } from "../../../engine/ledger/positions.ts";
import { drained } from "../../../engine/up/drained.ts";
import { MemoryLog } from "../log/memory-log.ts";

afterEach(() => {
  vi.useRealTimers();
});

const topic = "otlp_spans";
const id = topicPartitionId(topic, 0);

const behind = async () => {
  const log = new MemoryLog();
  const value = new Uint8Array(1);
  await log.append([{ topic, partition: 0, key: null, value, headers: {}, timestampMs: 0 }]);
  const memory = createEngineMemory();
  return { log, memory, positions: new Positions(memory.positions) };
};

it("gives up at its deadline, names what is left, also when the clock is set back meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { log, memory, positions } = await behind();
  positions.set("owned", id, 1);
  const waiting = drained({ memory, log, deadlineMs: 100 });
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await waiting).toBe("the log was not read to its end within 100 ms: otlp_spans/0");
});

it("says of partitions that it was not given that another engine of the group has them", async () => {
  const { log, memory } = await behind();
  const why = await drained({ memory, log, deadlineMs: 100 });
  expect(why).toBe(
    "another engine of the same consumer group has otlp_spans/0: what it handles is not counted here",
  );
});

it("asks nothing of a topic that is gone", async () => {
  const { log, memory, positions } = await behind();
  positions.set("handled", id, 1);
  const there = (await log.describe()).filter((one) => one.topic !== "otlp_logs");
  const offsets = async (of: string) => {
    if (of === "otlp_logs") throw new Error("topic-missing");
    return log.offsets(of);
  };
  const without = { describe: async () => there, offsets };
  expect(await drained({ memory, log: without, deadlineMs: 100 })).toBeNull();
});
