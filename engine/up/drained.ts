// Waits until the engine has handled what the log holds and its outputs are acknowledged.
import type { EngineMemory } from "../host/memory.ts";
import { consumedTopics, Positions, topicPartitionId } from "../ledger/positions.ts";
import type { EventLog } from "../log/event-log.ts";

const pollMs = 50;

export type DrainOptions = {
  readonly memory: EngineMemory;
  readonly log: EventLog;
  readonly deadlineMs: number;
};

/** True when every consumed partition was handled up to its end; false at the deadline. */
export const drained = async ({ memory, log, deadlineMs }: DrainOptions): Promise<boolean> => {
  const positions = new Positions(memory.positions);
  const endMs = performance.now() + deadlineMs;
  const ends = await Promise.all(
    consumedTopics.map(async (topic) => ({ topic, partitions: await log.offsets(topic) })),
  );
  const behind = (): boolean =>
    ends.some(({ topic, partitions }) =>
      partitions.some(({ end, earliest }, partition) => {
        const handled = positions.get("handled", topicPartitionId(topic, partition));
        return end > earliest && handled < end;
      }),
    );
  while (behind()) {
    if (performance.now() > endMs) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
  return true;
};
