// Waits until the engine has handled what the log holds, and says why it has not. Kafka may be away,
// have lost a topic, or have given partitions to another engine.
import type { EngineMemory } from "../host/memory.ts";
import { consumedTopics, Positions, topicPartitionId } from "../ledger/positions.ts";
import type { EventLog } from "../log/event-log.ts";
import { missingOf } from "../log/topic-table.ts";

const pollMs = 50;
/** Partitions of others are waited for so long only: a rebalance may give them to this engine. */
const othersMsMax = 3_000;

export type DrainOptions = {
  readonly memory: EngineMemory;
  readonly log: Pick<EventLog, "describe" | "offsets">;
  readonly deadlineMs: number;
};

type End = { readonly name: string; readonly id: number; readonly end: number };

/** Null when every consumed partition was handled up to its end; else why not, for people. */
export const drained = async ({
  memory,
  log,
  deadlineMs,
}: DrainOptions): Promise<string | null> => {
  const positions = new Positions(memory.positions);
  const fromMs = performance.now();
  const ends = await endsOf(log);
  for (;;) {
    const behind = ends.filter(({ id, end }) => positions.get("handled", id) < end);
    if (behind.length === 0) return null;
    const own = behind.filter(({ id }) => positions.get("owned", id) === 1);
    const waitedMs = performance.now() - fromMs;
    if (waitedMs > deadlineMs) return textOf(behind, own, deadlineMs);
    if (own.length === 0 && waitedMs > othersMsMax) return textOf(behind, own, deadlineMs);
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};

/** Of partitions that hold records; of a topic that is gone nothing can be read. */
const endsOf = async (log: DrainOptions["log"]): Promise<readonly End[]> => {
  const missing = await missingOf(log, consumedTopics);
  const topics = consumedTopics.filter((topic) => !missing.includes(topic));
  const found = await Promise.all(
    topics.map(async (topic) =>
      (await log.offsets(topic)).map(({ end, earliest }, partition) => ({
        name: `${topic}/${partition}`,
        id: topicPartitionId(topic, partition),
        end: end > earliest ? end : 0,
      })),
    ),
  );
  return found.flat();
};

const textOf = (behind: readonly End[], own: readonly End[], deadlineMs: number): string => {
  const late = `the log was not read to its end within ${deadlineMs} ms: ${names(own)}`;
  if (own.length === behind.length) return late;
  const others = names(behind.filter((one) => !own.includes(one)));
  const text = `another engine of the same consumer group has ${others}: what it handles is not counted here`;
  return own.length === 0 ? text : `${late}; ${text}`;
};

const names = (ends: readonly End[]): string => ends.map(({ name }) => name).join(" ");
