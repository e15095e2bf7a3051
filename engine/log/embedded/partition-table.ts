// The partitions of the file with their prepared statements, one set per connection. A partition
// that another thread has created is found on the first miss.
import type { DatabaseSync, StatementSync } from "node:sqlite";

import { LogError } from "../event-log.ts";
import type { TopicTable } from "../topic-table.ts";
import { recordTable } from "./schema.ts";

export type Partition = {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly retentionMs: number;
  /** offset, appended_ms, timestamp_ms, key, headers, value */
  readonly insert: StatementSync;
  /** From an offset, at most so many, oldest first. */
  readonly select: StatementSync;
};

export type Range = { readonly earliest: number; readonly end: number };

type Row = {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly retention_ms: number;
};

export class PartitionTable {
  readonly #database: DatabaseSync;
  readonly #byKey = new Map<string, Partition>();
  readonly #range: StatementSync;
  readonly #ranges: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#range = database.prepare('SELECT earliest, "end" FROM partitions WHERE id = ?');
    this.#ranges = database.prepare('SELECT id, earliest, "end" FROM partitions');
    this.#load();
  }

  #load(): void {
    const rows = this.#database.prepare("SELECT * FROM partitions ORDER BY topic, partition");
    for (const row of rows.all() as unknown as Row[]) {
      const key = `${row.topic}/${row.partition}`;
      if (!this.#byKey.has(key)) this.#byKey.set(key, this.#prepared(row));
    }
  }

  #prepared({ id, topic, partition, retention_ms: retentionMs }: Row): Partition {
    const columns = '"offset", timestamp_ms, key, headers, value';
    return {
      id,
      topic,
      partition,
      retentionMs,
      insert: this.#database.prepare(`INSERT INTO records_${id} VALUES (?, ?, ?, ?, ?, ?)`),
      select: this.#database.prepare(
        `SELECT ${columns} FROM records_${id} WHERE "offset" >= ? ORDER BY "offset" LIMIT ?`,
      ),
    };
  }

  /** @throws LogError `topic-missing`. */
  get(topic: string, partition: number): Partition {
    const key = `${topic}/${partition}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#load();
    const found = this.#byKey.get(key);
    if (found === undefined) throw new LogError("topic-missing", `no partition ${key} in the log`);
    return found;
  }

  /** All partitions of a topic, by number. @throws LogError `topic-missing`. */
  of(topic: string): Partition[] {
    this.get(topic, 0);
    const own = this.all().filter((partition) => partition.topic === topic);
    return own.toSorted((a, b) => a.partition - b.partition);
  }

  all(): Partition[] {
    this.#load();
    return [...this.#byKey.values()];
  }

  range({ id }: Partition): Range {
    return this.#range.get(id) as unknown as Range;
  }

  /** Ranges of all partitions by id: one query, for readers that look for news. */
  ranges(): Map<number, Range> {
    const rows = this.#ranges.all() as unknown as (Range & { readonly id: number })[];
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Makes what is missing; returns the names of the new topics. @throws LogError */
  create(table: TopicTable): string[] {
    const found = new Set(this.all().map(({ topic }) => topic));
    const missing = Object.entries(table).filter(([topic]) => !found.has(topic));
    if (missing.length === 0) return [];
    const insert = this.#database.prepare(
      'INSERT OR IGNORE INTO partitions (topic, partition, retention_ms, earliest, "end") ' +
        "VALUES (?, ?, ?, 0, 0) RETURNING id",
    );
    this.#database.exec("BEGIN IMMEDIATE");
    for (const [topic, { partitions, retentionMs }] of missing) {
      for (let partition = 0; partition < partitions; partition += 1) {
        const made = insert.get(topic, partition, retentionMs) as
          | { readonly id: number }
          | undefined;
        if (made !== undefined) this.#database.exec(recordTable(made.id));
      }
    }
    this.#database.exec("COMMIT");
    return missing.map(([topic]) => topic);
  }
}
