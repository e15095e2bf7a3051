// The plain twin of the spill: an array, sorted when read.
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import type { SinkRecord } from "../../../edge/forward/sink.ts";
import { encodeSpillRow } from "../../../edge/forward/spill-row.ts";
import {
  type Numbered,
  putOffMsMax,
  type SpillQueue,
  type SpilledGroup,
} from "../../../edge/forward/spill.ts";

type Row = {
  readonly id: number;
  readonly first: number;
  records: readonly SinkRecord[];
  dueMs: number;
};

const bytesOf = (records: readonly SinkRecord[]): number => encodeSpillRow(records).byteLength;

const settledStates = new Set<number>([
  recordState.acknowledged,
  recordState.repeatable,
  recordState.oversize,
]);

/** For spills whose sends have no bounds but those of `peek`. */
export const unbounded = {
  sendBytesMax: Number.POSITIVE_INFINITY,
  sendRecordsMax: Number.POSITIVE_INFINITY,
};

export class MemorySpill implements SpillQueue {
  readonly bytesMax: number;
  #rows: Row[] = [];
  #ids = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#rows.reduce((sum, { records }) => sum + bytesOf(records), 0);
  }

  get records(): number {
    return this.#rows.reduce((sum, { records }) => sum + records.length, 0);
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  tryPut(all: readonly Numbered[]): boolean {
    const bytes = all.reduce((sum, { records }) => sum + bytesOf(records), 0);
    if (this.bytes + bytes > this.bytesMax) return false;
    for (const { first, records } of all) {
      this.#rows.push({ id: this.#ids, first, records, dueMs: 0 });
      this.#ids += 1;
    }
    this.#rows.sort((a, b) => a.first - b.first);
    return true;
  }

  peek(nowMs: number, bytesMax: number): SpilledGroup | undefined {
    const due = this.#rows.filter(({ dueMs }) => dueMs <= nowMs || dueMs > nowMs + putOffMsMax);
    const rows: Row[] = [];
    for (const row of due) {
      if (rows.length > 0 && bytesOf([...rows, row].flatMap((r) => r.records)) > bytesMax) break;
      rows.push(row);
    }
    if (rows.length === 0) return undefined;
    return {
      rows: rows.map(({ id, records }) => ({ id, bytes: 0, records: records.length })),
      records: rows.flatMap(({ records }) => records),
    };
  }

  settle({ rows }: SpilledGroup, states: Uint8Array, dueMs: number): void {
    let at = 0;
    for (const { id } of rows) {
      const row = this.#rows.find((candidate) => candidate.id === id);
      if (row === undefined) continue;
      const own = states.subarray(at, at + row.records.length);
      at += row.records.length;
      row.dueMs = dueMs;
      row.records = row.records.filter((_, i) => !settledStates.has(own[i] ?? 0));
    }
    this.#rows = this.#rows.filter(({ records }) => records.length > 0);
  }

  nextDueMs(): number | undefined {
    return this.isEmpty ? undefined : Math.min(...this.#rows.map(({ dueMs }) => dueMs));
  }
}
