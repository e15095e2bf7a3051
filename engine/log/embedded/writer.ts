// Group commit: whatever was asked for while a transaction ran goes into the next one, in the
// order of the calls. A transaction is synchronous and ends with an fsync, so a caller waits for
// at most two of them; its thread is blocked meanwhile (a few milliseconds).
import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { NewRecord, Position } from "../event-log.ts";
import { LogError } from "../event-log.ts";
import type { Partition, PartitionTable } from "./partition-table.ts";
import { encodeHeaders } from "./record-rows.ts";
import { isFull, sqliteLogError } from "./sqlite-error.ts";
import type { WriteTurn } from "./write-turn.ts";

/** What may wait for its transaction; beyond it an append is refused with `full`. */
const waitingBytesMax = 256 << 20;
/** One transaction takes at least one job, and more up to this. */
const transactionBytesMax = 16 << 20;

type Job = {
  readonly bytes: number;
  readonly write: (now: number) => readonly number[];
  readonly done: PromiseWithResolvers<readonly number[]>;
};

export type WriterOptions = {
  readonly database: DatabaseSync;
  readonly partitions: PartitionTable;
  readonly inTurn: WriteTurn;
  readonly committed: () => void;
  /** Makes room; false when there is none to make. */
  readonly reclaim: () => boolean;
};

export class Writer {
  readonly #options: WriterOptions;
  readonly #setEnd: StatementSync;
  readonly #setPosition: StatementSync;
  readonly #jobs: Job[] = [];
  /** Next offsets of the partitions that the running transaction has touched. */
  readonly #ends = new Map<Partition, number>();
  #waitingBytes = 0;
  #isScheduled = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { database } = options;
    this.#setEnd = database.prepare('UPDATE partitions SET "end" = ? WHERE id = ?');
    this.#setPosition = database.prepare("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)");
  }

  /** Resolves with the offsets when they are on disk. @throws LogError */
  append(records: readonly NewRecord[]): Promise<readonly number[]> {
    const { partitions } = this.#options;
    // Looked up now, so that an unknown topic fails alone.
    const targets = records.map(({ topic, partition }) => partitions.get(topic, partition));
    const bytes = records.reduce(
      (sum, { value, key }) => sum + value.length + (key?.length ?? 0),
      0,
    );
    if (this.#waitingBytes + bytes > waitingBytesMax) {
      throw new LogError("full", `waitingBytesMax=${waitingBytesMax} wait for the disk`);
    }
    return this.#enqueue(bytes, (now) =>
      records.map((record, i) => this.#insert(targets[i] as Partition, record, now)),
    );
  }

  async commit(group: string, positions: readonly Position[]): Promise<void> {
    await this.#enqueue(0, () => {
      for (const { topic, partition, offset, metadata } of positions) {
        this.#setPosition.run(group, topic, partition, offset, metadata);
      }
      return [];
    });
  }

  /** Writes what waits, now. */
  flush(): void {
    while (this.#jobs.length > 0) this.#transaction(this.#taken());
  }

  #enqueue(bytes: number, write: Job["write"]): Promise<readonly number[]> {
    const done = Promise.withResolvers<readonly number[]>();
    this.#jobs.push({ bytes, write, done });
    this.#waitingBytes += bytes;
    this.#schedule();
    return done.promise;
  }

  // After the events of this turn: everything that they asked for is in one transaction.
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#transaction(this.#taken());
      if (this.#jobs.length > 0) this.#schedule();
    });
  }

  #taken(): Job[] {
    let count = 0;
    for (let bytes = 0; count < this.#jobs.length && bytes < transactionBytesMax; count += 1) {
      bytes += this.#jobs[count]?.bytes ?? 0;
    }
    const jobs = this.#jobs.splice(0, count);
    for (const { bytes } of jobs) this.#waitingBytes -= bytes;
    return jobs;
  }

  #transaction(jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    try {
      const offsets = this.#writtenWithRoom(jobs);
      this.#options.committed();
      for (const [i, { done }] of jobs.entries()) done.resolve(offsets[i] ?? []);
    } catch (error) {
      const failure = sqliteLogError(error);
      for (const { done } of jobs) done.reject(failure);
    }
  }

  #writtenWithRoom(jobs: readonly Job[]): (readonly number[])[] {
    const { inTurn, reclaim } = this.#options;
    try {
      return inTurn(() => this.#written(jobs));
    } catch (error) {
      if (!isFull(error) || !reclaim()) throw error;
      return inTurn(() => this.#written(jobs));
    }
  }

  #written(jobs: readonly Job[]): (readonly number[])[] {
    const { database } = this.#options;
    this.#ends.clear();
    database.exec("BEGIN IMMEDIATE");
    try {
      const now = Date.now();
      const offsets = jobs.map(({ write }) => write(now));
      for (const [{ id }, end] of this.#ends) this.#setEnd.run(end, id);
      database.exec("COMMIT");
      return offsets;
    } catch (error) {
      // SQLite rolls back by itself on some errors, and then refuses ours.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  #insert(partition: Partition, record: NewRecord, now: number): number {
    const offset = this.#ends.get(partition) ?? this.#options.partitions.range(partition).end;
    const { timestampMs, key, headers, value } = record;
    partition.insert.run(offset, now, timestampMs, key, encodeHeaders(headers), value);
    this.#ends.set(partition, offset + 1);
    return offset;
  }
}
