// What both logs need to know of topics: partitions, retention and the largest record. The default
// is schemas/topics.json; tests bring tables of their own.
import { topics as contract } from "../../schemas/topics.ts";
import type { EventLog, NewRecord, TopicDescription } from "./event-log.ts";
import { LogError } from "./event-log.ts";

type TopicSpecification = {
  readonly partitions: number;
  readonly retentionMs: number;
  /** Upper bound of one record's value, key and headers together. */
  readonly messageBytesMax: number;
};

export type TopicTable = { readonly [topic: string]: TopicSpecification };

export const contractTopics: TopicTable = contract;

const utf8 = new TextEncoder();

/** Bytes of key, value and headers. */
export const recordBytes = ({ key, value, headers }: NewRecord): number => {
  let bytes = value.length + (key?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) {
    bytes += utf8.encode(name).length + utf8.encode(text).length;
  }
  return bytes;
};

/** Checks before anything is written. @throws LogError `record-too-large` or `topic-missing`. */
export const checkRecords = (records: readonly NewRecord[], table: TopicTable): void => {
  for (const record of records) {
    const { topic, partition } = record;
    const known = Object.hasOwn(table, topic) ? table[topic] : undefined;
    // A log may hold topics of others; the log itself then knows whether they exist.
    if (known === undefined) continue;
    if (!Number.isInteger(partition) || partition < 0 || partition >= known.partitions) {
      const range = `0 to ${known.partitions - 1}`;
      throw new LogError("topic-missing", `${topic} has partitions ${range}, found ${partition}`);
    }
    const bytes = recordBytes(record);
    if (bytes > known.messageBytesMax) {
      throw new LogError(
        "record-too-large",
        `a record of ${bytes} bytes for ${topic}, messageBytesMax=${known.messageBytesMax}`,
      );
    }
  }
};

/** Those of `topics` that are not there. */
export const missingOf = async (
  log: Pick<EventLog, "describe">,
  topics: readonly string[],
): Promise<string[]> => {
  const found = new Set((await log.describe()).map(({ topic }) => topic));
  return topics.filter((topic) => !found.has(topic));
};

/** @throws LogError `topic-missing` or `partitions-differ`, naming every topic concerned. */
export const checkTopics = async (
  log: Pick<EventLog, "describe">,
  table: TopicTable = contractTopics,
): Promise<void> => checkDescribed(await log.describe(), table);

/** As checkTopics, for topics that are described already. @throws LogError */
export const checkDescribed = (topics: readonly TopicDescription[], table: TopicTable): void => {
  const found = new Map(topics.map((at) => [at.topic, at.partitions]));
  const names = Object.keys(table);
  const missing = names.filter((topic) => !found.has(topic));
  if (missing.length > 0) throw new LogError("topic-missing", missing.join(", "));
  const differing = names.filter((topic) => found.get(topic) !== table[topic]?.partitions);
  if (differing.length === 0) return;
  const each = differing.map(
    (topic) => `${topic} has ${found.get(topic)} partitions, expected ${table[topic]?.partitions}`,
  );
  throw new LogError("partitions-differ", `${each.join("; ")}: growth re-maps keys`);
};
