// The log on one machine: SQLite in a directory, durable (WAL, an fsync for each group of
// appends), one process. Every thread of it opens its own; consumer groups live within one opened
// log. It is not a broker: no network, no replicas.
import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";

import { fileLimitOf } from "./embedded/file-limit.ts";
import { Groups } from "./embedded/group.ts";
import type { Release } from "./embedded/lock.ts";
import { lockDirectory } from "./embedded/lock.ts";
import { PartitionTable } from "./embedded/partition-table.ts";
import { readRecords } from "./embedded/record-rows.ts";
import { Retention } from "./embedded/retention.ts";
import { openDatabase, openReader } from "./embedded/schema.ts";
import { sharedWords } from "./embedded/shared-memory.ts";
import { sqliteLogError } from "./embedded/sqlite-error.ts";
import { createWake, wakeBytes } from "./embedded/wake.ts";
import { createWriteTurn } from "./embedded/write-turn.ts";
import { Writer } from "./embedded/writer.ts";
import type { EventLog, Position } from "./event-log.ts";
import { LogError } from "./event-log.ts";
import type { TopicTable } from "./topic-table.ts";
import { checkDescribed, checkRecords, contractTopics } from "./topic-table.ts";

export type EmbeddedLogOptions = {
  readonly directory: string;
  /** `wakeBytes` of shared memory, the same for all threads; without it readers poll. */
  readonly wake?: SharedArrayBuffer;
  /** Upper bound of the file; default 8 GiB, or what the disk has room for. */
  readonly bytesMax?: number;
  /** For tools: beside the process that has the directory, and writing nothing. */
  readonly readOnly?: boolean;
  /** How often old records are looked for, while appends go on. */
  readonly retentionCheckMs?: number;
  readonly topics?: TopicTable;
};

const readBytesMax = 64 << 20;

/** @throws LogError `locked` when another process has the directory. */
export const openEmbeddedLog = (options: EmbeddedLogOptions): EventLog => {
  const directory = resolve(options.directory);
  const release = options.readOnly === true ? () => undefined : lockDirectory(directory);
  try {
    // A reader makes no directory, and no room.
    const bytesMax = options.readOnly === true ? 0 : fileLimitOf(directory);
    return createLog({ bytesMax, ...options, directory }, release);
  } catch (error) {
    release();
    throw sqliteLogError(error);
  }
};

type Opening = EmbeddedLogOptions & { readonly bytesMax: number };

const createLog = (options: Opening, release: Release): EventLog => {
  const { directory, bytesMax, retentionCheckMs = 10_000, topics = contractTopics } = options;
  const isReader = options.readOnly === true;
  const database = isReader ? openReader(directory) : openDatabase(directory, bytesMax);
  const partitions = new PartitionTable(database);
  const words = sharedWords(options.wake ?? new SharedArrayBuffer(wakeBytes));
  const inTurn = createWriteTurn(words);
  const retention = new Retention({ database, partitions, bytesMax, inTurn });
  const wake = createWake(words, options.wake !== undefined);
  const check = everyMs(retentionCheckMs, (nowMs) => {
    if (database.isOpen) retention.run(nowMs);
  });
  const writer = new Writer({
    database,
    partitions,
    inTurn,
    reclaim: () => retention.reclaim(),
    committed: () => {
      wake.appended();
      check();
    },
  });
  const committed = committedOf(database);
  const groups = new Groups({
    partitions,
    wake,
    committed,
    commit: (group, positions) => writer.commit(group, positions),
  });
  let isClosed = false;
  let closing: Promise<void> | undefined;
  const open = <T>(body: () => T): T => {
    if (isClosed) throw new LogError("closed", "the log is closed");
    return guarded(body);
  };
  // Members may append what they have in hand; then nothing comes any more.
  const close = async (): Promise<void> => {
    await groups.close();
    isClosed = true;
    writer.flush();
    database.close();
    release();
  };
  return {
    append: async (records) =>
      open(() => {
        if (isReader) throw new LogError("refused", "the log was opened to read");
        checkRecords(records, topics);
        return records.length === 0 ? [] : writer.append(records);
      }),
    consume: async (consumer, handlers) => open(() => groups.join(consumer, handlers)),
    read: async (from, recordsMax) =>
      open(() => {
        const at = partitions.get(from.topic, from.partition);
        return readRecords(at, from.offset, { recordsMax, bytesMax: readBytesMax });
      }),
    offsets: async (topic) => open(() => partitions.of(topic).map((at) => partitions.range(at))),
    committed: async (group, topic) => open(() => committed(group, topic)),
    describe: async () => open(() => described(partitions)),
    createTopics: async () => open(() => createdTopics(partitions, topics)),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};

const committedOf = (database: DatabaseSync): ((group: string, topic: string) => Position[]) => {
  const select = database.prepare(
    'SELECT topic, partition, "offset", metadata FROM positions ' +
      'WHERE "group" = ? AND topic = ? ORDER BY partition',
  );
  return (group, topic) => select.all(group, topic) as unknown as Position[];
};

/** Runs `body` after the caller's turn, at most once in `intervalMs`. */
const everyMs = (intervalMs: number, body: (nowMs: number) => void): (() => void) => {
  let lastMs = 0;
  const run = (): void => {
    try {
      body(lastMs);
    } catch {
      // Another connection was faster, or the disk is full: the next round tries again, and an
      // append that finds no room says so.
    }
  };
  return () => {
    const nowMs = Date.now();
    const elapsedMs = nowMs - lastMs;
    // Negative when the clock was set back.
    if (elapsedMs >= 0 && elapsedMs < intervalMs) return;
    lastMs = nowMs;
    setImmediate(run);
  };
};

const guarded = <T>(body: () => T): T => {
  try {
    return body();
  } catch (error) {
    throw sqliteLogError(error);
  }
};

const described = (partitions: PartitionTable): { topic: string; partitions: number }[] => {
  const counts = new Map<string, number>();
  for (const { topic } of partitions.all()) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return Array.from(counts, ([topic, count]) => ({ topic, partitions: count }));
};

const createdTopics = (partitions: PartitionTable, table: TopicTable): string[] => {
  const made = partitions.create(table);
  checkDescribed(described(partitions), table);
  return made;
};
