// The rings between real threads, run as in production (invariant checks off). The race tests list
// what may happen and what must not, and print what did.
import { Worker } from "node:worker_threads";

import { afterEach, describe, expect, it } from "vitest";

import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { publishedWord, readWord } from "../../../engine/ring/ring-control-layout.ts";
import { readRingStats } from "../../../engine/ring/ring-stats.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { runSeed } from "../../random.ts";
import type { Outcome, Task } from "./ring-roles.ts";

const threads: Worker[] = [];
const start = (task: Task): Worker => {
  const env = { ...process.env, NODE_ENV: "production" };
  const thread = new Worker(new URL("ring.thread.ts", import.meta.url), { workerData: task, env });
  threads.push(thread);
  return thread;
};
const run = async (task: Task): Promise<Outcome> => {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const thread = start(task);
  thread.once("message", resolve);
  thread.once("error", reject);
  return promise;
};
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

const seed = runSeed("ring threads") | 1;
const tenMillion = 10_000_000;
/** Positions that pass the largest Int32 and, in the slot ring, zero soon after the start. */
const startAt = (memory: SharedArrayBuffer, position: number): SharedArrayBuffer => {
  const words = new Int32Array(memory);
  words[publishedWord] = position;
  words[readWord] = position;
  return memory;
};

describe("rings between two threads", () => {
  it("a message ring carries ten million messages of random length undamaged", async () => {
    const memory = createMessageRing({ capacityBytes: 2 ** 18, policy: "block" });
    startAt(memory, 2 ** 31 - 2 ** 20);
    const task = { memory, records: tenMillion, seed };
    const outcomes = await Promise.all([
      run({ ...task, role: "consumeMessages" }),
      run({ ...task, role: "produceMessages" }),
    ]);
    const right = { order: 0, type: 0, length: 0, torn: 0, lost: 0 };
    expect(outcomes).toEqual([right, { lost: 0 }]);
    expect(readRingStats(memory)).toMatchObject({
      written: tenMillion,
      read: tenMillion,
      inFlight: 0,
    });
  });

  it("a slot ring carries ten million records undamaged", async () => {
    const slotBytes = 64;
    const memory = createSlotRing({ slotBytes, slots: 4096, policy: "block" });
    startAt(memory, -5_000_000);
    const task = { memory, records: tenMillion, seed };
    const outcomes = await Promise.all([
      run({ ...task, role: "consumeSlots" }),
      run({ ...task, role: "produceSlots" }),
    ]);
    const sum = 8 * ((tenMillion * (tenMillion - 1)) / 2) + 28 * tenMillion;
    expect(outcomes).toEqual([{ words: 0, lost: 0, sum }, { lost: 0 }]);
    expect(readRingStats(memory)).toMatchObject({ written: tenMillion, read: tenMillion });
  });
});

describe("a writer that overruns its reader under drop-oldest", () => {
  const records = 2_000_000;
  // Allowed: a message is read once and whole; or it is dropped and counted, which leaves a gap.
  // Forbidden: torn (overwritten while handed out), backwards or twice, refused, unaccounted.
  const cases = [
    {
      name: "message ring",
      memory: createMessageRing({ capacityBytes: 2 ** 14, policy: "drop-oldest" }),
      write: "overrunMessages",
      read: "followMessages",
    },
    {
      name: "slot ring",
      memory: createSlotRing({ slotBytes: 64, slots: 256, policy: "drop-oldest" }),
      write: "overrunSlots",
      read: "followSlots",
    },
  ] as const;
  for (const { name, memory, write, read } of cases)
    it(`${name}: what is read is whole and in order, the rest is counted`, async () => {
      const task = { memory, other: new SharedArrayBuffer(8), records, seed };
      const inFlightSeen: number[] = [];
      const watch = setInterval(() => inFlightSeen.push(readRingStats(memory).inFlight), 2);
      const [followed, overrun] = await Promise.all([
        run({ ...task, role: read }),
        run({ ...task, role: write }),
      ]);
      clearInterval(watch);
      expect(inFlightSeen.filter((inFlight) => inFlight < 0)).toEqual([]);
      const { written, dropped, retakes } = readRingStats(memory);
      process.stderr.write(`${name}: ${JSON.stringify({ ...followed, written, retakes })}\n`);
      expect(followed).toMatchObject({ torn: 0, backwards: 0, last: records - 1 });
      expect(overrun).toEqual({ refused: 0 });
      expect(written).toBe(records);
      expect((followed["read"] ?? 0) + dropped.oldest.low).toBe(written);
    });
});

describe("parking", () => {
  // Allowed: the waiter parks and is woken, or sees the message before it sleeps.
  // Forbidden: it sleeps on although the message is there (lost wake-up).
  it("loses no wake-up in twenty thousand round trips", async () => {
    const trips = 20_000;
    const make = (): SharedArrayBuffer =>
      createMessageRing({ capacityBytes: 1024, policy: "block" });
    const task = { memory: make(), other: make(), records: trips };
    const outcomes = await Promise.all([
      run({ ...task, role: "ping", seed }),
      run({ ...task, role: "pong", seed: seed ^ 0x5555 }),
    ]);
    expect(outcomes).toEqual([
      { lost: 0, got: trips },
      { lost: 0, got: trips },
    ]);
    const { parks, wakes } = readRingStats(task.memory);
    process.stderr.write(`parking: ${JSON.stringify({ parks, wakes })}\n`);
    expect(parks.reader).toBeGreaterThan(0);
    expect(wakes.writer).toBeGreaterThan(0);
  });

  it("wakes a writer that waits for space in a ring that is always full", async () => {
    const memory = createMessageRing({ capacityBytes: 1024, policy: "block" });
    const task = { memory, records: 100_000, seed };
    const [consumed, produced] = await Promise.all([
      run({ ...task, role: "consumeMessages" }),
      run({ ...task, role: "produceMessages" }),
    ]);
    expect(consumed).toMatchObject({ order: 0, torn: 0, lost: 0 });
    expect(produced).toEqual({ lost: 0 });
    expect(readRingStats(memory).parks.writer).toBeGreaterThan(0);
  });
});

describe("a writer's thread that is killed in mid-claim", () => {
  it("leaves what it published, nothing else, and a ring that its successor can use", async () => {
    const memory = createMessageRing({ capacityBytes: 1024, policy: "block" });
    const other = new SharedArrayBuffer(8);
    const thread = start({ role: "dieInClaim", memory, other, records: 3, seed });
    await Atomics.waitAsync(new Int32Array(other), 0, 0).value;
    await thread.terminate();
    const successor = new MessageRingWriter(memory);
    successor.tryWrite(2, Uint8Array.of(9));
    successor.publish();
    const reader = new MessageRingReader(memory);
    const got: number[] = [];
    reader.drain((_type, index) => {
      got.push(reader.bytes[index] ?? -1);
    }, 100);
    expect(got).toEqual([0, 1, 2, 9]);
    expect(readRingStats(memory)).toMatchObject({ written: 4, read: 4, usedBytes: 0 });
  });
});
