import { describe, expect, it } from "vitest";

import { reason, reasonNames } from "../../../engine/events/event-layout.ts";
import { OpenRecords } from "../../../engine/sniff/open-records.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

type Plain = {
  readonly id: number;
  readonly offset: number;
  readonly ownRun: boolean;
  readonly first: number;
  readonly next: number;
  moves: boolean;
};

/** The plain twin: a list of records, looked through from the front. */
class PlainRecords {
  readonly list: Plain[] = [];
  readonly finishedBy = new Map<number, number>();

  finish(below: number): Plain[] {
    const done: Plain[] = [];
    for (let first = this.list[0]; first !== undefined && first.next <= below;) {
      done.push(first);
      if (first.moves) this.finishedBy.set(first.id, first.offset + 1);
      this.list.shift();
      first = this.list[0];
    }
    return done;
  }
}

const partitions = 4;

/** Both, driven side by side. */
class Twins {
  readonly #random: Random;
  readonly #records = new OpenRecords();
  readonly #twin = new PlainRecords();
  readonly #next = Array.from({ length: partitions }, () => 0);
  readonly #refusedOf = new Map<Plain, number>();
  #trace = 0;
  #below = 0;

  constructor(random: Random) {
    this.#random = random;
    for (let id = 0; id < partitions; id += 1) this.#records.assign(id, 0);
  }

  turn(): void {
    const id = this.#random.below(partitions);
    const chance = this.#random.below(200);
    if (chance < 100 && this.#records.room > 0) this.#open(id);
    else if (chance < 140) this.#refuse();
    else if (chance < 180) this.#finish();
    else if (chance < 181) this.#assign(id);
  }

  #open(id: number): void {
    const offset = this.#next[id] ?? 0;
    this.#next[id] = offset + 1;
    const ownRun = this.#random.below(2) === 0;
    const first = this.#trace;
    this.#trace += this.#random.below(4);
    this.#records.open({ id, offset, ownRun, timestampMs: 0, trace: 0, start: 0, end: 0 }, first);
    this.#records.close(this.#trace);
    this.#twin.list.push({ id, offset, ownRun, first, next: this.#trace, moves: true });
  }

  #refuse(): void {
    const open = this.#twin.list.filter((one) => one.next > one.first);
    if (open.length === 0) return;
    const one = this.#random.pick(open);
    const traceId = one.first + this.#random.below(one.next - one.first);
    const place = { partition: -1, offset: -1, index: -1 };
    this.#records.place(traceId, place);
    expect(place).toMatchObject({ offset: one.offset, index: traceId - one.first });
    this.#records.refuse(traceId, reason.signature);
    this.#refusedOf.set(one, (this.#refusedOf.get(one) ?? 0) + 1);
  }

  #finish(): void {
    this.#below = Math.min(this.#trace, this.#below + this.#random.below(12));
    const finished: object[] = [];
    this.#records.finish(this.#below, (record) => {
      finished.push({ ...record, refused: [...record.refused] });
    });
    const done = this.#twin.finish(this.#below);
    expect(finished).toEqual(
      done.map((one) => ({
        id: one.id,
        offset: one.offset,
        items: one.next - one.first,
        ownRun: one.ownRun,
        refused: reasonNames.map((_, why) =>
          why === reason.signature ? (this.#refusedOf.get(one) ?? 0) : 0,
        ),
      })),
    );
    for (const one of done) this.#refusedOf.delete(one);
    for (const [id, offset] of this.#twin.finishedBy) {
      expect(this.#records.finished(id)).toBe(offset);
    }
  }

  /** Assigned anew, from an earlier offset: what is still open moves nothing any more. */
  #assign(id: number): void {
    const from = Math.max(0, (this.#next[id] ?? 0) - this.#random.below(5));
    this.#next[id] = from;
    this.#records.assign(id, from);
    for (const one of this.#twin.list) if (one.id === id) one.moves = false;
    this.#twin.finishedBy.set(id, from);
    expect(this.#records.finished(id)).toBe(from);
  }
}

describe("open records", () => {
  it("finish in order, know their transactions and refusals, as their plain twin", () => {
    const twins = new Twins(seeded(runSeed("open records")));
    for (let turn = 0; turn < 20_000; turn += 1) twins.turn();
  });

  it("have room for 4,096", () => {
    const records = new OpenRecords();
    expect(records.room).toBe(4096);
    for (let i = 0; i < 4096; i += 1) {
      const place = { offset: i, ownRun: true, timestampMs: 0, trace: 0, start: 0, end: 0 };
      records.open({ id: 0, ...place }, i);
      records.close(i + 1);
    }
    expect(records.room).toBe(0);
    records.finish(4096, () => true);
    expect([records.room, records.finished(0)]).toEqual([4096, 4096]);
  });
});
