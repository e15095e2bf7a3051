// A whole topic, without a group.
import type { EventLog, LogRecord } from "../engine/log/event-log.ts";
import type { TopicName } from "../schemas/topics.ts";

/** All records of a topic, by partition, from the first kept one. */
export const readTopic = async (
  log: EventLog,
  topic: TopicName,
): Promise<readonly (readonly LogRecord[])[]> => {
  const ends = await log.offsets(topic);
  return Promise.all(
    ends.map(async ({ earliest, end }, partition) => {
      const records: LogRecord[] = [];
      let next = earliest;
      while (next < end) {
        const more = await log.read({ topic, partition, offset: next }, 500);
        records.push(...more);
        next = (more.at(-1)?.offset ?? end) + 1;
      }
      return records;
    }),
  );
};
