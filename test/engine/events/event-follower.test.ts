import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import type { EventLine } from "../../../engine/events/event-line.ts";
import { EventFollower } from "../../../engine/events/event-follower.ts";
import { eventType, nextSlotWord, writtenWord } from "../../../engine/events/event-layout.ts";
import { runSeed, seeded } from "../../random.ts";

const write = (collector: EventCollector, from: number, count: number): void => {
  for (let i = 0; i < count; i += 1) {
    collector.stamp(from + i);
    collector.record(eventType.bytesReceived, from + i);
  }
};

const follow = (memory: SharedArrayBuffer) => {
  const follower = new EventFollower(memory);
  const seen: number[] = [];
  const all = {
    wants: () => true,
    take: ({ trace_id }: { readonly trace_id: string }) => void seen.push(Number(trace_id)),
  };
  return { follower, seen, read: (limit = 1000) => follower.read(all, limit) };
};

describe("event follower", () => {
  it("gives each event once, in order, from where it began", () => {
    const memory = createEventMemory(16);
    const collector = new EventCollector(memory);
    write(collector, 0, 5);
    const { follower, seen, read } = follow(memory);
    expect(read()).toBe(0);
    write(collector, 5, 10);
    expect(follower.lag).toBe(10);
    expect(read(4)).toBe(4);
    write(collector, 15, 3);
    expect(read()).toBe(9);
    expect(seen).toEqual(Array.from({ length: 13 }, (_, i) => i + 5));
    expect(follower).toMatchObject({ taken: 13, lost: 0, lag: 0 });
  });

  it("counts what was overwritten before it was read", () => {
    const memory = createEventMemory(8);
    const collector = new EventCollector(memory);
    const { follower, seen, read } = follow(memory);
    write(collector, 0, 21);
    expect(read()).toBe(21);
    expect(seen).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
    expect(follower).toMatchObject({ taken: 8, lost: 13, lag: 0 });
  });

  it("loses an event that is being written, and goes on behind it", () => {
    const memory = createEventMemory(8);
    const collector = new EventCollector(memory);
    const { follower, seen, read } = follow(memory);
    write(collector, 0, 3);
    // As the writer leaves it while it writes the slot anew.
    new Int32Array(memory)[(128 + 32) >> 2] = 0;
    expect(read()).toBe(3);
    expect(seen).toEqual([0, 2]);
    expect(follower).toMatchObject({ taken: 2, lost: 1 });
  });

  it("reads on where the count of events wraps", () => {
    const memory = createEventMemory(8);
    const words = new Int32Array(memory);
    words[writtenWord] = -3;
    words[nextSlotWord] = 5;
    const collector = new EventCollector(memory);
    const { follower, seen, read } = follow(memory);
    for (let i = 0; i < 12; i += 1) {
      write(collector, i, 1);
      expect(read()).toBe(1);
    }
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(follower).toMatchObject({ taken: 12, lost: 0 });
  });

  it("begins with the first event that there ever was, when it is told so", () => {
    const memory = createEventMemory(8);
    write(new EventCollector(memory), 0, 10);
    const follower = new EventFollower(memory, "start");
    const seen: string[] = [];
    follower.read({ wants: () => true, take: ({ trace_id: trace }) => void seen.push(trace) }, 99);
    expect(seen).toEqual(["2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(follower).toMatchObject({ taken: 8, lost: 2, lag: 0 });
  });

  it("reads whole events while another thread writes, and loses none uncounted", async () => {
    const memory = createEventMemory(64);
    const follower = new EventFollower(memory);
    const worker = new Worker(new URL("event-writer.thread.ts", import.meta.url), {
      workerData: memory,
    });
    const state = { isRunning: true };
    worker.once("exit", () => {
      state.isRunning = false;
    });
    let last = -1;
    const take = ({ trace_id, timestamp_us, size }: EventLine): void => {
      const number = Number(trace_id);
      // The writer makes all parts of an event from one number.
      if (timestamp_us !== number * 2 || size !== number % 1000 || number <= last) {
        throw new Error(`torn: ${trace_id} ${timestamp_us} ${size} after ${last}`);
      }
      last = number;
    };
    while (state.isRunning) {
      for (let i = 0; i < 100; i += 1) follower.read({ wants: () => true, take }, 1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    follower.read({ wants: () => true, take }, 1000);
    expect(last).toBe(299_999);
    expect(follower.taken + follower.lost).toBe(300_000);
    // All 64 that are left at least: a machine may give the writer its whole time first.
    expect(follower.taken).toBeGreaterThanOrEqual(64);
    expect(follower.lag).toBe(0);
  });

  it("accounts for every event, however many come between two readings", () => {
    const random = seeded(runSeed("event follower"));
    const memory = createEventMemory(32);
    const collector = new EventCollector(memory);
    const { follower, seen, read } = follow(memory);
    let written = 0;
    for (let turn = 0; turn < 500; turn += 1) {
      const count = random.below(80);
      write(collector, written, count);
      written += count;
      read(random.below(60));
      expect(follower.taken + follower.lost + follower.lag).toBe(written);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.length).toBe(follower.taken);
  });
});
