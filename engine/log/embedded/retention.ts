// Deletes from the left edge: what is older than its topic's retention, and, when the file nears
// its limit, the oldest records that every group of their topic has passed. Records that a group
// still needs are never deleted for room: the append that needs the room is refused instead.
import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { Partition, PartitionTable } from "./partition-table.ts";
import { pageBytes, pragma } from "./schema.ts";
import type { WriteTurn } from "./write-turn.ts";

/** Rows that one transaction deletes; bounds how long appends wait behind it. */
const rowsPerStep = 256;
/** Steps of one call; what is left comes next time. */
const stepsMax = 64;
/** Share of bytesMax at which room is made. */
const fillHigh = 0.9;
/** Free pages beyond this are given back to the system, so many at a time. */
const freeBytesKept = 256 << 20;
const pagesPerVacuum = 512;

type Oldest = {
  readonly partition: Partition;
  readonly appendedMs: number;
  readonly floor: number;
};

export type RetentionOptions = {
  readonly database: DatabaseSync;
  readonly partitions: PartitionTable;
  readonly bytesMax: number;
  readonly inTurn: WriteTurn;
};

export class Retention {
  readonly #database: DatabaseSync;
  readonly #partitions: PartitionTable;
  readonly #bytesMax: number;
  readonly #inTurn: WriteTurn;
  readonly #setEarliest: StatementSync;
  readonly #floors: StatementSync;

  constructor({ database, partitions, bytesMax, inTurn }: RetentionOptions) {
    this.#database = database;
    this.#partitions = partitions;
    this.#bytesMax = bytesMax;
    this.#inTurn = inTurn;
    this.#setEarliest = database.prepare("UPDATE partitions SET earliest = ? WHERE id = ?");
    // A group that has committed on the topic but not on this partition has done nothing of it.
    this.#floors = database.prepare(`
      SELECT coalesce(max(CASE WHEN partition = ? THEN "offset" END), 0) AS floor
      FROM positions WHERE topic = ? GROUP BY "group" ORDER BY floor LIMIT 1`);
  }

  /** Bytes of the file that hold something. */
  usedBytes(): number {
    const pages = pragma(this.#database, "page_count") - pragma(this.#database, "freelist_count");
    return pages * pageBytes;
  }

  /** One bounded round. `nowMs` is the clock that `appended_ms` was written with. */
  run(nowMs: number): void {
    for (const partition of this.#partitions.all()) this.#expire(partition, nowMs);
    if (this.usedBytes() > fillHigh * this.#bytesMax) this.reclaim();
    const free = pragma(this.#database, "freelist_count") * pageBytes;
    if (free <= freeBytesKept) return;
    this.#inTurn(() => this.#database.exec(`PRAGMA incremental_vacuum(${pagesPerVacuum})`));
  }

  /** Deletes for room, oldest first; false when there was nothing to delete. */
  reclaim(): boolean {
    let steps = 0;
    while (steps < stepsMax && this.usedBytes() > fillHigh * this.#bytesMax) {
      const oldest = this.#oldestConsumed();
      if (oldest === undefined) break;
      this.#inTurn(() => this.#deleteStep(oldest.partition, oldest.floor));
      steps += 1;
    }
    return steps > 0;
  }

  #expire(partition: Partition, nowMs: number): void {
    const cutoffMs = nowMs - partition.retentionMs;
    const { earliest, end } = this.#partitions.range(partition);
    if (earliest === end) return;
    const kept = this.#database
      .prepare(
        `SELECT "offset" FROM records_${partition.id} WHERE appended_ms >= ? ` +
          'ORDER BY "offset" LIMIT 1',
      )
      .get(cutoffMs) as { readonly offset: number } | undefined;
    const floor = kept?.offset ?? end;
    for (let i = 0; i < stepsMax && this.#partitions.range(partition).earliest < floor; i += 1) {
      this.#inTurn(() => this.#deleteStep(partition, floor));
    }
  }

  #oldestConsumed(): Oldest | undefined {
    let oldest: Oldest | undefined;
    for (const partition of this.#partitions.all()) {
      const { earliest, end } = this.#partitions.range(partition);
      const floor = this.#floor(partition, end);
      if (floor <= earliest) continue;
      const row = this.#database
        .prepare(`SELECT appended_ms FROM records_${partition.id} ORDER BY "offset" LIMIT 1`)
        .get() as { readonly appended_ms: number } | undefined;
      const appendedMs = row?.appended_ms ?? 0;
      if (oldest === undefined || appendedMs < oldest.appendedMs) {
        oldest = { partition, appendedMs, floor };
      }
    }
    return oldest;
  }

  /** Everything before it was passed by all groups; `end` when the topic has no group. */
  #floor({ topic, partition }: Partition, end: number): number {
    const row = this.#floors.get(partition, topic) as { readonly floor: number } | undefined;
    return Math.min(row?.floor ?? end, end);
  }

  #deleteStep(partition: Partition, floor: number): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      const { earliest } = this.#partitions.range(partition);
      const to = Math.min(floor, earliest + rowsPerStep);
      database.prepare(`DELETE FROM records_${partition.id} WHERE "offset" < ?`).run(to);
      this.#setEarliest.run(Math.max(to, earliest), partition.id);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
}
