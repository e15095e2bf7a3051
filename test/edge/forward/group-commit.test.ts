import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { GroupLimits } from "../../../edge/config.ts";
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { GroupCommit } from "../../../edge/forward/group-commit.ts";
import { ScriptedSink, sinkRecord } from "./scripted-sink.ts";

const limits: GroupLimits = {
  groupBytesMax: 10_000,
  groupRecordsMax: 4,
  queueBytesMax: 100_000,
  queueCallersMax: 8,
  waitMsMax: 1000,
};

const setUp = (changed: Partial<GroupLimits> = {}): { sink: ScriptedSink; commit: GroupCommit } => {
  const sink = new ScriptedSink();
  return { sink, commit: new GroupCommit(sink, { ...limits, ...changed }) };
};

/** Lets promise reactions run. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

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

  test("too many bytes are refused at once", async () => {
    const { commit } = setUp({ queueBytesMax: 5000 });
    expect(await commit.submit([sinkRecord(0, 5000)])).toMatchObject({ code: "overloaded" });
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
