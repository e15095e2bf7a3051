import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { breakerLimits } from "../../../edge/forward/breaker.ts";
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import type { GroupLimits } from "../../../edge/forward/group-limits.ts";
import { setUp, settle } from "./group-commit-rig.ts";
import { MemorySpill } from "./memory-spill.ts";
import { sinkRecord } from "./scripted-sink.ts";

const acknowledged = { code: "acknowledged" };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("order and grouping", () => {
  test("a caller is answered only after the sink has answered", async () => {
    const { sink, commit } = setUp();
    let isAnswered = false;
    const outcome = commit.submit([sinkRecord(0, 1)]).then((result) => {
      isAnswered = true;
      return result;
    });
    await settle();
    expect(isAnswered).toBe(false);
    sink.answer();
    expect(await outcome).toEqual({ code: "acknowledged" });
  });

  test("what arrives during a send goes into the next one, one send in flight", async () => {
    const { sink, commit } = setUp();
    const outcomes = [0, 1, 2].map((partition) => commit.submit([sinkRecord(partition, 1)]));
    await settle();
    expect(sink.pending.map(({ records }) => records.length)).toEqual([1]);
    sink.answer();
    await settle();
    expect(sink.pending.map(({ records }) => records.length)).toEqual([2]);
    sink.answer();
    await Promise.all(outcomes);
    expect(sink.pendingMax).toBe(1);
    expect(sink.given.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  });

  test("a group stops at its bound of records and of bytes, in order", async () => {
    const { sink, commit } = setUp();
    const many = [0, 1, 2, 3, 4, 5].map((partition) => sinkRecord(partition, 1));
    const outcome = commit.submit(many);
    const large = commit.submit([sinkRecord(6, 9000), sinkRecord(7, 9000)]);
    const sizes: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      await settle();
      sizes.push(sink.pending[0]?.records.length ?? 0);
      sink.answer();
    }
    expect(sizes).toEqual([4, 2, 1, 1]);
    expect(await outcome).toEqual({ code: "acknowledged" });
    expect(await large).toEqual({ code: "acknowledged" });
    expect(sink.given.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("a send stops at its bound of all bytes, and of those of one partition", async () => {
    const { sink, commit } = setUp({ sendBytesMax: 20_000, groupBytesMax: 10_000 });
    const sizes: readonly (readonly [number, number])[] = [
      [0, 9000],
      [1, 9000],
      [2, 9000],
      [2, 9000],
    ];
    const first = commit.submit([sinkRecord(9, 1)]);
    await settle();
    const others = sizes.map(([partition, bytes]) => commit.submit([sinkRecord(partition, bytes)]));
    const sends: (readonly number[])[] = [];
    for (let i = 0; i < 4; i += 1) {
      sends.push(sink.pending[0]?.records.map(({ partition }) => partition) ?? []);
      sink.answer();
      await settle();
    }
    await Promise.all([first, ...others]);
    expect(sends).toEqual([[9], [0, 1], [2], [2]]);
  });

  test("a record above the group's bound goes alone", async () => {
    const { sink, commit } = setUp();
    const outcome = commit.submit([sinkRecord(0, 20_000)]);
    await settle();
    sink.answer();
    expect(await outcome).toEqual({ code: "acknowledged" });
  });
});

describe("bounds", () => {
  test("too many callers are refused at once, and nothing of them is sent", async () => {
    const { sink, commit } = setUp({ queueCallersMax: 2 });
    const first = commit.submit([sinkRecord(0, 1)]);
    const second = commit.submit([sinkRecord(1, 1)]);
    const third = await commit.submit([sinkRecord(2, 1)]);
    expect(third).toMatchObject({ code: "overloaded", states: new Uint8Array([2]) });
    sink.answer();
    await settle();
    sink.answer();
    await Promise.all([first, second]);
    expect(sink.given).toHaveLength(2);
    expect(commit.state()).toMatchObject({ callers: 0, queueBytes: 0 });
  });

  test("too many bytes are refused at once, a single larger request is taken", async () => {
    const { sink, commit } = setUp({ queueBytesMax: 5000 });
    const large = commit.submit([sinkRecord(0, 5000)]);
    await settle();
    expect(sink.given).toHaveLength(1);
    const next = await commit.submit([sinkRecord(1, 1)]);
    expect(next).toMatchObject({ code: "overloaded", message: "queue full: QUEUE_BYTES_MAX=5000" });
    sink.answer();
    expect(await large).toEqual({ code: "acknowledged" });
  });

  test("an empty request needs no send", async () => {
    expect(await setUp().commit.submit([])).toEqual({ code: "acknowledged" });
  });
});

describe("failure", () => {
  test("is told to every caller of the group, and the next group is sent", async () => {
    const { sink, commit } = setUp();
    const outcomes = [commit.submit([sinkRecord(0, 1)]), commit.submit([sinkRecord(1, 1)])];
    await settle();
    sink.answer(recordState.unknown, "connection lost");
    await settle();
    sink.answer(recordState.acknowledged);
    expect(await outcomes[0]).toMatchObject({ code: "unconfirmed", message: "connection lost" });
    expect(await outcomes[1]).toEqual({ code: "acknowledged" });
    expect(commit.state()).toMatchObject({ failedSends: 1, lastError: "connection lost" });
  });

  test("of a part is told record by record", async () => {
    const { sink, commit } = setUp();
    const outcome = commit.submit([0, 1, 2, 3, 4].map((partition) => sinkRecord(partition, 1)));
    await settle();
    sink.answer(recordState.acknowledged);
    await settle();
    sink.answer(recordState.refused, "down");
    const states = new Uint8Array([1, 1, 1, 1, 2]);
    expect(await outcome).toMatchObject({ code: "unavailable", message: "down", states });
  });
});

describe("patience", () => {
  test("a caller that waits too long leaves the queue: refused, never sent", async () => {
    const { sink, commit } = setUp();
    const first = commit.submit([sinkRecord(0, 1)]);
    await vi.advanceTimersByTimeAsync(500);
    const second = commit.submit([sinkRecord(1, 1)]);
    await vi.advanceTimersByTimeAsync(600);
    expect(await first).toMatchObject({ code: "unconfirmed", states: new Uint8Array([3]) });
    await vi.advanceTimersByTimeAsync(600);
    expect(await second).toMatchObject({ code: "unavailable", states: new Uint8Array([2]) });
    sink.answer();
    await settle();
    expect(sink.given.map(({ partition }) => partition)).toEqual([0]);
    expect(commit.state()).toMatchObject({ callers: 0, queueBytes: 0, isSending: false });
  });

  test("an acknowledgement that comes too late changes nothing", async () => {
    const { sink, commit } = setUp();
    const outcome = commit.submit([sinkRecord(0, 1)]);
    await vi.advanceTimersByTimeAsync(1001);
    sink.answer();
    await settle();
    expect(await outcome).toMatchObject({ code: "unconfirmed" });
    const next = commit.submit([sinkRecord(1, 1)]);
    await settle();
    sink.answer();
    expect(await next).toEqual({ code: "acknowledged" });
  });
});

describe("with a spill", () => {
  const withSpill = (changed: Partial<GroupLimits> = {}) => setUp(changed, new MemorySpill(20_000));

  test("records of a failed send are kept and acknowledged, then sent before anything newer", async () => {
    const { sink, spill, commit, wakes } = withSpill();
    const first = commit.submit([sinkRecord(0, 1)]);
    await settle();
    sink.fail();
    expect(await first).toEqual({ code: "acknowledged" });
    expect(await commit.submit([sinkRecord(1, 1)])).toEqual({ code: "acknowledged" });
    expect([spill.records, sink.given.length]).toEqual([2, 1]);
    expect(commit.state()).toMatchObject({ isLogDown: true, outages: 1, spilledRecords: 2 });
    expect(wakes.at(-1)).toBe(Date.now() + breakerLimits.pauseMsMin);
    await vi.advanceTimersByTimeAsync(breakerLimits.pauseMsMin);
    const resumed = commit.resume();
    await settle();
    const later = commit.submit([sinkRecord(2, 1)]);
    expect(await later).toEqual({ code: "acknowledged" });
    for (; sink.pending.length > 0; await settle()) sink.answer();
    await resumed;
    expect(spill.isEmpty).toBe(true);
    expect(sink.given.map(({ partition }) => partition)).toEqual([0, 0, 1, 2]);
    expect(commit.state()).toMatchObject({ isLogDown: false, spilledBytes: 0, spilledTotal: 3 });
  });

  test("records whose send ended in doubt are acknowledged as possible repeats", async () => {
    const { sink, commit } = withSpill();
    const outcome = commit.submit([sinkRecord(0, 1), sinkRecord(1, 1)]);
    await settle();
    sink.fail(recordState.unknown);
    expect(await outcome).toMatchObject({ code: "settled", states: new Uint8Array([5, 5]) });
  });

  test("while the log is down nobody waits for it, and it is asked less and less often", async () => {
    const { sink, commit, wakes } = withSpill();
    void commit.submit([sinkRecord(0, 1)]);
    await settle();
    sink.fail();
    await settle();
    const pauses: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      const pauseMs = (wakes.at(-1) ?? 0) - Date.now();
      pauses.push(pauseMs);
      await vi.advanceTimersByTimeAsync(pauseMs);
      const resumed = commit.resume();
      await settle();
      expect(await commit.submit([sinkRecord(1, 1)])).toEqual({ code: "acknowledged" });
      sink.fail();
      await resumed;
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    expect(sink.pendingMax).toBe(1);
  });

  test("a full spill refuses with its limit, and takes again when there is room", async () => {
    const { sink, commit } = withSpill();
    const first = commit.submit([sinkRecord(0, 15_000)]);
    await settle();
    sink.fail();
    expect(await first).toEqual({ code: "acknowledged" });
    const second = await commit.submit([sinkRecord(1, 15_000)]);
    expect(second).toMatchObject({ code: "overloaded", states: new Uint8Array([2]) });
    expect(second).toMatchObject({ message: expect.stringContaining("SPILL_BYTES_MAX=20000") });
    expect(await commit.submit([sinkRecord(2, 100)])).toEqual({ code: "acknowledged" });
  });

  test("a caller that waits too long is kept, with all that came before it", async () => {
    const { sink, spill, commit } = withSpill();
    const inFlight = commit.submit([sinkRecord(0, 1)]);
    await settle();
    const second = commit.submit([sinkRecord(1, 1)]);
    await vi.advanceTimersByTimeAsync(300);
    const third = commit.submit([sinkRecord(2, 1)]);
    await vi.advanceTimersByTimeAsync(350);
    expect(await second).toEqual({ code: "acknowledged" });
    expect(spill.records).toBe(1);
    sink.fail(recordState.unknown);
    expect(await inFlight).toMatchObject({ code: "settled" });
    expect(await third).toEqual({ code: "acknowledged" });
    const kept = spill.peek(0, 1 << 20)?.records.map(({ partition }) => partition);
    expect(kept).toEqual([0, 1, 2]);
  });

  test("what does not fit into memory is kept, in order", async () => {
    const { sink, spill, commit } = withSpill({ queueBytesMax: 5000 });
    const inFlight = commit.submit([sinkRecord(0, 1000)]);
    await settle();
    const waiting = commit.submit([sinkRecord(1, 1000)]);
    const large = commit.submit([sinkRecord(2, 4000)]);
    expect(await large).toEqual({ code: "acknowledged" });
    expect(await waiting).toEqual({ code: "acknowledged" });
    expect(spill.peek(0, 1 << 20)?.records.map(({ partition }) => partition)).toEqual([1, 2]);
    for (; sink.pending.length > 0; await settle()) sink.answer();
    expect(await inFlight).toEqual({ code: "acknowledged" });
    expect(sink.given.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  });

  test("those that wait go on waiting when neither memory nor spill has room for one more", async () => {
    const { sink, commit } = setUp({ queueBytesMax: 5000 }, new MemorySpill(1));
    const inFlight = commit.submit([sinkRecord(0, 1000)]);
    await settle();
    const waiting = commit.submit([sinkRecord(1, 1000)]);
    const refused = await commit.submit([sinkRecord(2, 4000)]);
    expect(refused).toMatchObject({ message: "queue full: QUEUE_BYTES_MAX=5000" });
    for (; sink.pending.length > 0; await settle()) sink.answer();
    expect(await Promise.all([inFlight, waiting])).toEqual([acknowledged, acknowledged]);
  });

  test("behind a full spill that is being sent a caller has all of its patience", async () => {
    const { sink, spill, commit } = setUp({ waitMsMax: 10_000 }, new MemorySpill(200));
    spill.tryPut([{ first: -1, records: [sinkRecord(0, 1)] }]);
    void commit.resume();
    await settle();
    const outcome = commit.submit([sinkRecord(1, 1000)]);
    await vi.advanceTimersByTimeAsync(5000);
    for (; sink.pending.length > 0; await settle()) sink.answer();
    expect(await outcome).toEqual(acknowledged);
    expect(commit.state()).toMatchObject({ spilledTotal: 0, queueBytes: 0 });
  });

  test("a spilled record that the log refuses lets the others pass and stays", async () => {
    const { sink, spill, commit, wakes } = withSpill();
    spill.tryPut([{ first: 0, records: [sinkRecord(0, 1)] }]);
    const resumed = commit.resume();
    await settle();
    sink.answer(recordState.refused, "no such topic");
    await resumed;
    expect(spill.records).toBe(1);
    const next = commit.submit([sinkRecord(1, 1)]);
    await settle();
    sink.answer();
    expect(await next).toEqual({ code: "acknowledged" });
    expect(wakes.at(-1)).toBeGreaterThan(Date.now() + 30_000);
  });

  test("what is sent from the spill has a time of its own, as no caller waits for it", async () => {
    const { sink, spill, commit } = withSpill({ waitMsMax: 100 });
    spill.tryPut([{ first: -1, records: [sinkRecord(0, 1)] }]);
    const resumed = commit.resume();
    await settle();
    expect(sink.pending[0]?.msMin).toBe(5000);
    sink.answer();
    await resumed;
    const outcome = commit.submit([sinkRecord(1, 1)]);
    await settle();
    expect(sink.pending[0]?.msMin).toBeUndefined();
    sink.answer();
    expect(await outcome).toEqual(acknowledged);
  });

  test("what an earlier instance left is sent without a request", async () => {
    const spill = new MemorySpill(20_000);
    spill.tryPut([{ first: 0, records: [sinkRecord(7, 1)] }]);
    const { sink, commit, wakes } = setUp({}, spill);
    expect(wakes).toEqual([Date.now()]);
    const resumed = commit.resume();
    await settle();
    sink.answer();
    await resumed;
    expect([spill.isEmpty, sink.given[0]?.partition]).toEqual([true, 7]);
  });
});

describe("without a spill", () => {
  test("a log that is down refuses at once, and one caller at a time finds out whether it still is", async () => {
    const { sink, commit } = setUp();
    const first = commit.submit([sinkRecord(0, 1)]);
    await settle();
    sink.fail();
    expect(await first).toMatchObject({ code: "unavailable", message: "down" });
    const second = await commit.submit([sinkRecord(1, 1)]);
    expect(second).toMatchObject({ code: "unavailable" });
    expect(second).toMatchObject({ message: expect.stringContaining("out of reach: down") });
    await vi.advanceTimersByTimeAsync(breakerLimits.pauseMsMin);
    const probe = commit.submit([sinkRecord(2, 1)]);
    expect(await commit.submit([sinkRecord(3, 1)])).toMatchObject({ code: "unavailable" });
    await settle();
    sink.answer();
    expect(await probe).toEqual({ code: "acknowledged" });
    expect(commit.state()).toMatchObject({ isLogDown: false, outages: 1 });
  });

  test("a record that is too large is told alone", async () => {
    const { sink, commit } = setUp();
    const outcome = commit.submit([sinkRecord(0, 1), sinkRecord(1, 1)]);
    await settle();
    const states = new Uint8Array([recordState.acknowledged, recordState.oversize]);
    sink.pending.shift()?.answer({ states, message: "too large", isDown: false });
    expect(await outcome).toEqual({ code: "settled", message: "too large", states });
  });
});
