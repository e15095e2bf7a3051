// What was acknowledged and is not in the log yet: rows in the object's SQLite, in the order in
// which the records arrived, bounded in bytes. It survives the process; a row leaves when the log
// has it, so a crash in between sends it twice, with the same header ids.
import { recordBytes } from "./callers.ts";
import { recordState } from "./forward-outcome.ts";
import type { LateOutcomes } from "./late-outcomes.ts";
import { decodeSpillRow, encodeSpillRow } from "./spill-row.ts";
import type { SinkRecord } from "./sink.ts";

/** Bytes of a row, unless a single record is larger: SQLite on Cloudflare takes 2 MB. */
const rowBytesMax = 900_000;

/** A row waits no longer than this for its next try; one that seems to was put off before the clock was set back. */
export const putOffMsMax = 60_000;

/** What the spill needs of an object's storage. */
export type SpillStorage = {
  readonly sql: Pick<SqlStorage, "exec">;
  transactionSync(work: () => void): void;
};

/** Records with the running number of the first; numbers of one object instance only grow. */
export type Numbered = { readonly first: number; readonly records: readonly SinkRecord[] };

type SpilledRow = { readonly id: number; readonly bytes: number; readonly records: number };

/** Rows in the order of their arrival, and all their records. */
export type SpilledGroup = {
  readonly rows: readonly SpilledRow[];
  readonly records: readonly SinkRecord[];
};

/** An oversize one stands on weir-rejected (rejecting-sink.ts); one that is unplaced stays here. */
const isWritten = (state: number | undefined): boolean =>
  state === recordState.acknowledged ||
  state === recordState.repeatable ||
  state === recordState.oversize;

const schema = `CREATE TABLE IF NOT EXISTS spill (
  id INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  first INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  row BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS spill_order ON spill (generation, first);
CREATE INDEX IF NOT EXISTS spill_due ON spill (due_ms)`;

/** How much a spill holds, and how much of it goes together. */
export type SpillLimits = {
  /** Of all rows; 0 keeps nothing new. */
  readonly bytesMax: number;
  /** Of the records of one send, a single larger one excepted. */
  readonly sendBytesMax: number;
  readonly sendRecordsMax: number;
};

/**
 * Cuts where a row would pass its bound, as a row is sent whole: headers of small records are larger
 * than themselves.
 */
function* rowsOf({ first, records }: Numbered, limits: SpillLimits): Generator<Numbered, void> {
  const bytesMax = Math.min(rowBytesMax, limits.sendBytesMax);
  let start = 0;
  let bytes = 0;
  for (const [at, record] of records.entries()) {
    const own = recordBytes(record);
    if (at > start && (bytes + own > bytesMax || at - start >= limits.sendRecordsMax)) {
      yield { first: first + start, records: records.slice(start, at) };
      start = at;
      bytes = 0;
    }
    bytes += own;
  }
  if (start < records.length) yield { first: first + start, records: records.slice(start) };
}

/** Keys and values alone. */
const plainBytes = (all: readonly Numbered[]): number => {
  let bytes = 0;
  for (const { records } of all)
    for (const { key, value } of records) bytes += (key?.byteLength ?? 0) + value.byteLength;
  return bytes;
};

/** What a group commit does with a spill. */
export type SpillQueue = Pick<
  Spill,
  "bytes" | "bytesMax" | "isEmpty" | "nextDueMs" | "peek" | "records" | "settle" | "tryPut"
>;

/** One per object; single-threaded. */
export class Spill {
  readonly #storage: SpillStorage;
  readonly #limits: SpillLimits;
  readonly #generation: number;
  readonly #late: Pick<LateOutcomes, "add">;
  #bytes = 0;
  #records = 0;

  /** Takes over what an earlier instance left. `late` counts what went otherwise than was told. */
  constructor(storage: SpillStorage, limits: SpillLimits, late: Pick<LateOutcomes, "add">) {
    this.#storage = storage;
    this.#limits = limits;
    this.#late = late;
    storage.sql.exec(schema);
    const { generation, bytes, records } = storage.sql
      .exec<{ generation: number; bytes: number; records: number }>(
        `SELECT coalesce(max(generation), 0) AS generation, coalesce(sum(bytes), 0) AS bytes,
                coalesce(sum(records), 0) AS records FROM spill`,
      )
      .one();
    this.#generation = generation + 1;
    this.#bytes = bytes;
    this.#records = records;
  }

  /** Bytes of all rows. */
  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get bytesMax(): number {
    return this.#limits.bytesMax;
  }

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  /** False when not all fit: then none was kept. Durable once the object's output gate opens. */
  tryPut(all: readonly Numbered[]): boolean {
    // A spill that is full is asked often, by a queue that is full: most of it is told without a copy.
    if (this.#bytes + plainBytes(all) > this.bytesMax) return false;
    const rows = all.flatMap((numbered) =>
      Array.from(rowsOf(numbered, this.#limits), ({ first, records }) => ({
        first,
        records: records.length,
        row: encodeSpillRow(records),
      })),
    );
    const bytes = rows.reduce((sum, { row }) => sum + row.byteLength, 0);
    if (this.#bytes + bytes > this.bytesMax) return false;
    this.#storage.transactionSync(() => {
      for (const { first, records, row } of rows) {
        this.#storage.sql.exec(
          "INSERT INTO spill (generation, first, records, bytes, due_ms, row) VALUES (?, ?, ?, ?, 0, ?)",
          this.#generation,
          first,
          records,
          row.byteLength,
          row.buffer,
        );
      }
    });
    this.#bytes += bytes;
    this.#records += rows.reduce((sum, { records }) => sum + records, 0);
    return true;
  }

  /**
   * The oldest rows that are due, up to `bytesMax` and the records of a send together, at least one;
   * undefined when none is.
   */
  peek(nowMs: number, bytesMax: number): SpilledGroup | undefined {
    if (this.isEmpty) return undefined;
    const rows: SpilledRow[] = [];
    const records: SinkRecord[] = [];
    const { sendRecordsMax } = this.#limits;
    let together = 0;
    const cursor = this.#storage.sql.exec<SpilledRow & { readonly row: ArrayBuffer }>(
      // The plus keeps SQLite from the index on due_ms, after which it would sort all rows.
      `SELECT id, bytes, records, row FROM spill WHERE +due_ms <= ? OR +due_ms > ?
       ORDER BY generation, first`,
      nowMs,
      nowMs + putOffMsMax,
    );
    for (const { id, bytes, records: count, row } of cursor) {
      together += bytes;
      const isFull = together > bytesMax || records.length + count > sendRecordsMax;
      if (rows.length > 0 && isFull) break;
      rows.push({ id, bytes, records: count });
      records.push(...decodeSpillRow(new Uint8Array(row)));
    }
    return rows.length === 0 ? undefined : { rows, records };
  }

  /**
   * Removes what the log has, by the states of the group's records. The others stay and are tried
   * again at `dueMs`; later rows may overtake them.
   */
  settle({ rows, records }: SpilledGroup, states: Uint8Array, dueMs: number): void {
    this.#storage.transactionSync(() => {
      this.#late.add(records, states);
      let at = 0;
      for (const row of rows) {
        const end = at + row.records;
        const left = records.slice(at, end).filter((_, i) => !isWritten(states[at + i]));
        if (left.length === 0) this.#remove(row);
        else if (left.length < row.records) this.#shrink(row, left, dueMs);
        else this.#postpone(row, dueMs);
        at = end;
      }
    });
  }

  #remove({ id, bytes, records }: SpilledRow): void {
    this.#storage.sql.exec("DELETE FROM spill WHERE id = ?", id);
    this.#bytes -= bytes;
    this.#records -= records;
  }

  #shrink({ id, bytes, records }: SpilledRow, left: readonly SinkRecord[], dueMs: number): void {
    const row = encodeSpillRow(left);
    this.#storage.sql.exec(
      "UPDATE spill SET row = ?, bytes = ?, records = ?, due_ms = ? WHERE id = ?",
      row.buffer,
      row.byteLength,
      left.length,
      dueMs,
      id,
    );
    this.#bytes += row.byteLength - bytes;
    this.#records += left.length - records;
  }

  #postpone({ id }: SpilledRow, dueMs: number): void {
    this.#storage.sql.exec("UPDATE spill SET due_ms = ? WHERE id = ?", dueMs, id);
  }

  /** When the first row is due, milliseconds since the epoch; undefined when empty. */
  nextDueMs(): number | undefined {
    if (this.isEmpty) return undefined;
    return this.#storage.sql.exec<{ due: number }>("SELECT min(due_ms) AS due FROM spill").one()
      .due;
  }
}
