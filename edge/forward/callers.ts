// Those who wait for the fate of their records, in order of arrival, and the next group to send
// taken from their front. Knows what was handed out and what is settled; sends nothing itself.
import { type RefusalCode, recordState } from "./forward-outcome.ts";
import type { GroupLimits } from "./group-limits.ts";
import type { SinkRecord } from "./sink.ts";
import type { Numbered } from "./spill.ts";

/** Headers and the fields of a record batch, per record: an upper bound. */
const overheadBytes = 512;

/** Memory of a record as the queue's bound counts it. */
export const recordBytes = ({ key, value }: SinkRecord): number =>
  (key?.byteLength ?? 0) + value.byteLength + overheadBytes;

/** One submit. `first`: running number of its first record. */
export type Caller = {
  readonly first: number;
  readonly records: readonly SinkRecord[];
  readonly states: Uint8Array;
  readonly onSettled: () => void;
  /** Records handed out so far; the next one to send. */
  sent: number;
  /** Records whose fate is known. */
  settled: number;
  message: string;
  /** Code for its records that are refused. */
  refusal: RefusalCode;
};

/** Consecutive records of one caller that go into one send. */
export type Share = { readonly caller: Caller; readonly from: number; readonly to: number };

/** Its records. */
export const recordsOf = ({ caller, from, to }: Share): readonly SinkRecord[] =>
  from === 0 && to === caller.records.length ? caller.records : caller.records.slice(from, to);

/** Its records with the running number of the first, as the spill takes them. */
export const numberedOf = (share: Share): Numbered => ({
  first: share.caller.first + share.from,
  records: recordsOf(share),
});

type SendLimits = Pick<GroupLimits, "sendBytesMax" | "groupBytesMax" | "groupRecordsMax">;

/** Queue of one group commit. */
export class Callers {
  readonly #queue: Caller[] = [];
  /** Of the group that is being taken. */
  readonly #partitionBytes = new Map<number, number>();
  #bytes = 0;

  /** Records that are queued or handed out and not settled. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  push(caller: Caller): void {
    for (const record of caller.records) this.#bytes += recordBytes(record);
    this.#queue.push(caller);
  }

  /** The next group: whole records in order, at least one, within the bounds of a send. */
  take({ sendBytesMax, groupBytesMax, groupRecordsMax }: SendLimits): readonly Share[] {
    const shares: Share[] = [];
    let bytes = 0;
    let count = 0;
    this.#partitionBytes.clear();
    while (this.#queue[0] !== undefined) {
      const caller = this.#queue[0];
      const from = caller.sent;
      for (; caller.sent < caller.records.length; caller.sent += 1) {
        const record = caller.records[caller.sent];
        if (record === undefined) break;
        const size = recordBytes(record);
        bytes += size;
        const ofPartition = this.#addToPartition(record.partition, size);
        if (
          count > 0 &&
          (count >= groupRecordsMax || bytes > sendBytesMax || ofPartition > groupBytesMax)
        )
          break;
        count += 1;
      }
      if (caller.sent > from) shares.push({ caller, from, to: caller.sent });
      if (caller.sent < caller.records.length) return shares;
      this.#queue.shift();
    }
    return shares;
  }

  /** By number alone: topics that share it are counted together, which errs on the safe side. */
  #addToPartition(partition: number, size: number): number {
    const bytes = (this.#partitionBytes.get(partition) ?? 0) + size;
    this.#partitionBytes.set(partition, bytes);
    return bytes;
  }

  /** All that is queued up to `last` (with it), in order; everything without one. Stays queued. */
  waiting(last?: Caller): readonly Share[] {
    const end = last === undefined ? this.#queue.length : this.#queue.indexOf(last) + 1;
    return this.#queue.slice(0, end).map((caller) => {
      return { caller, from: caller.sent, to: caller.records.length };
    });
  }

  /** The same, taken out. */
  takeThrough(last?: Caller): readonly Share[] {
    const shares = this.waiting(last);
    this.#queue.splice(0, shares.length);
    for (const { caller, to } of shares) caller.sent = to;
    return shares;
  }

  /** Settles a share; the last one tells the caller. `states[at]` is that of the first record. */
  settle({ caller, from, to }: Share, states: Uint8Array, at: number): void {
    for (let i = from; i < to; i += 1) {
      const record = caller.records[i];
      if (record !== undefined) this.#bytes -= recordBytes(record);
      caller.states[i] = states[at + i - from] ?? recordState.unknown;
    }
    caller.settled += to - from;
    if (caller.settled === caller.records.length) caller.onSettled();
  }
}
