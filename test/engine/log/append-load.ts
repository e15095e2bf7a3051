// Load for the kill test: run in a process of its own, it appends to the embedded log as fast as
// it can and prints what was acknowledged, until it is killed.
import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { TopicTable } from "../../../engine/log/topic-table.ts";

export const loadTopics: TopicTable = {
  load: { partitions: 3, retentionMs: 3_600_000, messageBytesMax: 1 << 20 },
};

/** Content of a record, computable from its number. */
export const loadValue = (run: number, number: number): Buffer =>
  Buffer.from(`${run}:${number}:`.padEnd(20 + ((number * 7919) % 5000), String(number)));

/** Prints `partition offset number` for each acknowledged record. Never ends. */
export const appendLoad = async (directory: string, run: number): Promise<void> => {
  const log = openEmbeddedLog({ directory, topics: loadTopics });
  await log.createTopics();
  let next = 0;
  const appendSome = async (): Promise<void> => {
    const numbers = Array.from({ length: 1 + (next % 9) }, () => next++);
    const offsets = await log.append(
      numbers.map((number) => ({
        topic: "load",
        partition: number % 3,
        key: null,
        value: loadValue(run, number),
        headers: { number: `${number}` },
        timestampMs: Date.now(),
      })),
    );
    const lines = numbers.map((number, i) => `${number % 3} ${offsets[i]} ${number}\n`);
    process.stdout.write(lines.join(""));
  };
  const appender = async (): Promise<never> => {
    for (;;) await appendSome();
  };
  await Promise.all([appender(), appender(), appender(), appender()]);
};
