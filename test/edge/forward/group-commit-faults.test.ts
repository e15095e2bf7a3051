// What is told when the log takes no login of ours, and when the storage takes nothing.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { breakerLimits } from "../../../edge/forward/breaker.ts";
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { putOffMsMax } from "../../../edge/forward/spill.ts";
import { setUp, settle } from "./group-commit-rig.ts";
import { MemorySpill } from "./memory-spill.ts";
import { type ScriptedSink, sinkRecord } from "./scripted-sink.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a log that takes no records of a topic", () => {
  test("is told with its reason once, counted, and what was acknowledged stays", async () => {
    const { sink, spill, commit, lines } = setUp({}, new MemorySpill(20_000));
    spill.tryPut([{ first: 0, records: [sinkRecord(0, 1)] }]);
    const message = "otlp_spans: unauthorized: no right";
    const states = new Uint8Array([recordState.refused]);
    for (let i = 0; i < 3; i += 1) {
      const resumed = commit.resume();
      await settle();
      sink.pending.shift()?.answer({ states, message, isDown: false, writeFault: "unauthorized" });
      await resumed;
      await vi.advanceTimersByTimeAsync(putOffMsMax);
    }
    expect(spill.records).toBe(1);
    expect(commit.state()).toMatchObject({
      isLogDown: false,
      refusedWrites: 3,
      writeError: message,
    });
    expect(lines).toEqual([
      `error: the log takes no such records: ${message}; requests get 503, ` +
        "what was acknowledged before stays in the storage and is tried every 60 s",
    ]);
  });
});

describe("a log that refuses the login", () => {
  const refuseLogin = (sink: ScriptedSink): void => {
    const { records, answer } = sink.pending.shift() ?? { records: [], answer: () => undefined };
    const states = new Uint8Array(records.length).fill(recordState.refused);
    const message = "authentication: no";
    answer({ states, message, isDown: true, isLoginRefused: true });
  };

  test("is named as such, with one line, while records are kept", async () => {
    const { sink, spill, commit, lines } = setUp({}, new MemorySpill(20_000));
    for (let i = 0; i < 3; i += 1) {
      const outcome = commit.submit([sinkRecord(i, 1)]);
      await settle();
      refuseLogin(sink);
      expect(await outcome).toEqual({ code: "acknowledged" });
      await vi.advanceTimersByTimeAsync(breakerLimits.pauseMsMax);
    }
    expect(spill.records).toBe(3);
    expect(commit.state()).toMatchObject({ isLogDown: true, logFault: "login-refused" });
    expect(commit.state().loginRefusals).toBeGreaterThan(0);
    expect(lines).toEqual([
      "error: the log refuses the login: authentication: no; records are kept in the storage",
    ]);
  });

  test("is the reason of the refusal where nothing may be kept, and is over when it takes it", async () => {
    const { sink, commit, lines } = setUp();
    const first = commit.submit([sinkRecord(0, 1)]);
    await settle();
    refuseLogin(sink);
    expect(await first).toMatchObject({ code: "login-refused", states: new Uint8Array([2]) });
    expect(await commit.submit([sinkRecord(1, 1)])).toMatchObject({
      code: "login-refused",
      message: expect.stringContaining("authentication: no"),
    });
    expect(lines).toEqual([expect.stringContaining("requests get 503")]);
    await vi.advanceTimersByTimeAsync(breakerLimits.pauseMsMin);
    const probe = commit.submit([sinkRecord(2, 1)]);
    await settle();
    sink.answer();
    expect(await probe).toEqual({ code: "acknowledged" });
    expect(commit.state()).toMatchObject({ isLogDown: false, logFault: "", loginRefusals: 1 });
  });
});

describe("a storage that fails", () => {
  test("is told from a full spill: what was to be kept is refused by that name", async () => {
    const spill = new MemorySpill(20_000);
    spill.tryPut = () => {
      throw new Error("database or disk is full: SQLITE_FULL");
    };
    const { sink, commit, lines } = setUp({}, spill);
    const first = commit.submit([sinkRecord(0, 1)]);
    await settle();
    sink.fail();
    expect(await first).toMatchObject({
      code: "storage-failed",
      states: new Uint8Array([recordState.refused]),
    });
    const message = "the forwarder's storage failed: database or disk is full: SQLITE_FULL";
    expect(await commit.submit([sinkRecord(1, 1)])).toMatchObject({
      code: "storage-failed",
      message,
      states: new Uint8Array([recordState.refused]),
    });
    expect(commit.state()).toMatchObject({
      storageFailures: 2,
      storageError: "database or disk is full: SQLITE_FULL",
      spilledTotal: 0,
    });
    expect(lines).toEqual([
      expect.stringContaining("the log is out of reach"),
      `error: ${message}; requests get 503`,
    ]);
  });
});

describe("a clock that is set back", () => {
  const hourMs = 3_600_000;

  test("keeps nobody from a log that is there again", async () => {
    const { sink, spill, commit, wakes } = setUp({}, new MemorySpill(20_000));
    const first = commit.submit([sinkRecord(0, 1)]);
    await settle();
    sink.fail();
    expect(await first).toEqual({ code: "acknowledged" });
    await settle();
    vi.setSystemTime(Date.now() - hourMs);
    expect(await commit.submit([sinkRecord(1, 1)])).toEqual({ code: "acknowledged" });
    expect((wakes.at(-1) ?? Infinity) - Date.now()).toBeLessThanOrEqual(breakerLimits.pauseMsMax);
    const resumed = commit.resume();
    await settle();
    sink.answer();
    await resumed;
    expect(spill.records).toBe(0);
    expect(commit.state()).toMatchObject({ isLogDown: false });
  });

  test("does not make a caller wait for longer", async () => {
    const { commit } = setUp();
    const outcome = commit.submit([sinkRecord(0, 1)]);
    await settle();
    vi.setSystemTime(Date.now() - hourMs);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await Promise.race([outcome, Promise.resolve("waits")])).toMatchObject({
      code: "unconfirmed",
    });
  });
});
