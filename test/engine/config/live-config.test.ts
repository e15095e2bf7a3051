import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { describe, expect, test } from "vitest";

import { ConfigHolder, type ConfigUpdate } from "../../../engine/config/config-holder.ts";
import {
  LiveControl,
  type LiveSettings,
  liveSettings,
} from "../../../engine/config/live-control.ts";
import { type Answer, answers } from "../../../engine/config/live-layout.ts";
import { LiveReader } from "../../../engine/config/live-reader.ts";
import type { Config } from "../../../engine/config/schema.ts";
import { effective } from "./effective.ts";
import { counter, counterBytes, following } from "./live-counters.ts";

const updateOf = (version: number, n: number): ConfigUpdate => ({
  version,
  config: effective(following(n)).config,
  changed: [],
});

type Vote = (next: Config) => Answer;

/** Control and readers on one thread; `turn` is what the readers do while control waits. */
const joined = (votes: readonly Vote[], turn?: (readers: readonly LiveReader[]) => void) => {
  const first = updateOf(1, 1);
  const live = liveSettings(first.config);
  const applied: number[][] = votes.map(() => []);
  const readers = votes.map(
    (prepare, slot) =>
      new LiveReader({
        ...live,
        slot,
        prepare,
        apply: (next) => applied[slot]?.push(next.sniffer.batch_size),
      }),
  );
  let nowMs = 0;
  const control = new LiveControl({
    memory: live.memory,
    threads: () => readers.map((_, slot) => ({ name: `market-${slot}`, slot })),
    takes: () => true,
    nowMs: () => nowMs,
    sleep: async () => {
      nowMs += 1;
      if (turn === undefined) for (const reader of readers) reader.poll();
      else turn(readers);
    },
    waitMsMax: 50,
  });
  return { live, first, readers, applied, control };
};

const accept: Vote = () => answers.accepted;

describe("live settings", () => {
  test("a thread begins with what is committed, and its other fields as it was given", () => {
    const { config } = effective({ ...following(5), "threads.market": "4" });
    const committed = liveSettings(effective(following(9)).config, 3);
    const reader = new LiveReader({ ...committed, slot: 0, config, apply: () => undefined });
    expect(reader.version).toBe(3);
    expect(reader.config).toEqual(effective({ ...following(9), "threads.market": "4" }).config);
    expect(reader.poll()).toBe(false);
  });

  test("are taken up by all threads once all have agreed", async () => {
    const { control, readers, applied } = joined([accept, accept]);
    const next = updateOf(2, 8);
    expect(await control.prepare(next)).toBeNull();
    expect(readers.map(({ version }) => version)).toEqual([1, 1]);
    await control.apply(next);
    expect(readers.map(({ version }) => version)).toEqual([2, 2]);
    expect(readers[1]?.config).toEqual(next.config);
    expect(applied).toEqual([[8], [8]]);
    expect(control.versionOf({ name: "", slot: 1 })).toBe(2);
  });

  test("that one thread refuses are applied by none, and the next ones are asked for anew", async () => {
    const small: Vote = ({ sniffer }) =>
      sniffer.batch_size > 10 ? answers.limit : answers.accepted;
    const { control, first, readers, applied } = joined([accept, small]);
    expect(await control.prepare(updateOf(2, 11))).toBe(
      "market-1: a value is outside of what this thread was built for",
    );
    await control.rollback(first);
    for (const reader of readers) expect(reader.poll()).toBe(false);
    expect(await control.prepare(updateOf(2, 10))).toBeNull();
    await control.apply(updateOf(2, 10));
    expect(applied).toEqual([[10], [10]]);
  });

  test("a thread that throws while it prepares refuses", async () => {
    const fail: Vote = () => {
      throw new Error("no");
    };
    const { control } = joined([fail]);
    expect(await control.prepare(updateOf(2, 2))).toBe("market-0: it failed to prepare for it");
  });

  test("a thread that does not answer in time is a refusal", async () => {
    const { control, first, readers } = joined([accept, accept], ([one]) => one?.poll());
    expect(await control.prepare(updateOf(2, 2))).toBe("market-1: no answer within 50 ms");
    await control.rollback(first);
    for (const reader of readers) reader.poll();
    expect(readers.map(({ version }) => version)).toEqual([1, 1]);
  });

  test("that another part fails to apply are taken back from the threads", async () => {
    const { control, first, readers, applied } = joined([accept]);
    await control.prepare(updateOf(2, 8));
    await control.apply(updateOf(2, 8));
    await control.rollback(first);
    expect(applied).toEqual([[8, 1]]);
    expect(readers[0]?.version).toBe(1);
  });

  test("a thread that slept through a commit takes it up before it votes on the next", async () => {
    const isAsleep = { value: false };
    const { control, readers, applied } = joined([accept, accept], ([one, two]) => {
      one?.poll();
      if (!isAsleep.value) two?.poll();
    });
    await control.prepare(updateOf(2, 8));
    isAsleep.value = true;
    await control.apply(updateOf(2, 8));
    expect(await control.prepare(updateOf(3, 9))).toBe("market-1: no answer within 50 ms");
    expect(readers[1]?.poll()).toBe(true);
    await control.rollback(updateOf(2, 8));
    readers[1]?.poll();
    expect(applied).toEqual([[8], [8]]);
  });

  test("a thread that starts while others vote takes what is committed, then what is agreed on", async () => {
    const { control, live } = joined([accept]);
    await control.prepare(updateOf(2, 8));
    const applied: number[] = [];
    const apply = ({ sniffer }: Config): void => void applied.push(sniffer.batch_size);
    const late = new LiveReader({ ...live, slot: 5, apply });
    expect(late.config.sniffer.batch_size).toBe(1);
    await control.apply(updateOf(2, 8));
    expect(late.poll()).toBe(true);
    expect([late.version, applied]).toEqual([2, [8]]);
  });

  test("a line that is not there is refused", () => {
    const { config } = effective();
    const live = liveSettings(config);
    for (const slot of [-1, 128, 0.5]) {
      expect(() => new LiveReader({ ...live, slot, apply: () => undefined })).toThrow(/slot=/);
    }
  });
});

describe("live settings of running threads", () => {
  const start = (live: LiveSettings, slot: number, batchSizeMax: number) => {
    const counters = new SharedArrayBuffer(counterBytes);
    const file = new URL("live-reader.thread.ts", import.meta.url);
    const workerData = { ...live, counters, slot, batchSizeMax };
    const worker = new Worker(file, { workerData });
    const exit = new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("exit", resolve);
    });
    return { worker, exit, counts: new Int32Array(counters), slot };
  };

  test("300 reloads under load: none is seen in part, none that was refused is run", async () => {
    const reloads = 300;
    const refusedAbove = 900;
    const first = effective(following(1));
    const live = liveSettings(first.config);
    const threads = [start(live, 0, 1024), start(live, 1, refusedAbove)];
    try {
      while (threads.some(({ counts }) => Atomics.load(counts, counter.ready) === 0))
        await sleep(5);
      let n = 1;
      const holder = new ConfigHolder({
        first,
        read: async () => ({ ok: true, ...effective(following(n)) }),
      });
      const control = new LiveControl({
        memory: live.memory,
        threads: () => threads.map(({ slot }) => ({ name: `market-${slot}`, slot })),
        takes: () => true,
        nowMs: () => performance.now(),
        sleep: (ms) => sleep(ms),
        waitMsMax: 120_000,
      });
      holder.subscribe(control);
      let refused = 0;
      for (let i = 1; i <= reloads; i += 1) {
        n = ((i * 379) % 1000) + 1;
        const outcome = await holder.reload();
        if (outcome.kind === "refused") refused += 1;
        else expect(outcome.kind).toBe("applied");
        expect([n, outcome.kind === "refused"]).toEqual([n, n > refusedAbove]);
        expect(threads.map((thread) => control.versionOf({ name: "", ...thread }))).toEqual([
          holder.version,
          holder.version,
        ]);
      }
      for (const { counts } of threads) Atomics.store(counts, counter.stop, 1);
      await Promise.all(threads.map(({ exit }) => exit));
      const { batch_size: last } = holder.config.sniffer;
      for (const { counts } of threads) {
        expect([counts[counter.torn], counts[counter.forced]]).toEqual([0, 0]);
        expect(counts[counter.batchSize]).toBe(last);
        expect(counts[counter.batches]).toBeGreaterThan(reloads);
      }
      expect(refused).toBeGreaterThan(10);
      expect(holder.version).toBe(1 + reloads - refused);
    } finally {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    }
  });

  test("a thread that hangs makes a reload fail, and the others go on with the old settings", async () => {
    const first = effective(following(1));
    const live = liveSettings(first.config);
    const thread = start(live, 0, 1024);
    try {
      while (Atomics.load(thread.counts, counter.ready) === 0) await sleep(5);
      const read = async () => ({ ok: true, ...effective(following(2)) }) as const;
      const holder = new ConfigHolder({ first, read });
      const names = [
        { name: "market-0", slot: 0 },
        { name: "hung", slot: 1 },
      ];
      // Time goes on only while we look, so that a machine that stands still hangs no thread.
      let nowMs = 0;
      const control = new LiveControl({
        memory: live.memory,
        threads: () => names,
        takes: () => true,
        nowMs: () => nowMs,
        sleep: async () => {
          await sleep(1);
          nowMs += 1;
        },
        waitMsMax: 1000,
      });
      holder.subscribe(control);
      expect(await holder.reload()).toEqual({
        kind: "refused",
        version: 1,
        by: "part",
        reasons: ["threads: hung: no answer within 1000 ms"],
      });
      names.pop();
      expect(await holder.reload()).toMatchObject({ kind: "applied", version: 2 });
      expect(control.versionOf({ name: "market-0", slot: 0 })).toBe(2);
    } finally {
      await thread.worker.terminate();
    }
  });
});
