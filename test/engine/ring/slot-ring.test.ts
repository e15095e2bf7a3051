import { describe, expect, it } from "vitest";

import {
  priorityHigh,
  publishedWord,
  readWord,
  ringPolicies,
} from "../../../engine/ring/ring-control-layout.ts";
import type { RingPolicy } from "../../../engine/ring/ring-control-layout.ts";
import { readRingStats } from "../../../engine/ring/ring-stats.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { PlainSlotRing } from "../../oracles/plain-slot-ring.ts";
import { runSeed, seeded } from "../../random.ts";

const slots = 16;
const slotBytes = 24;
const canary = 0xa5;
const canaryBytes = 1024;

const ends = (policy: RingPolicy): [SharedArrayBuffer, SlotRingWriter, SlotRingReader] => {
  const memory = createSlotRing({ slotBytes, slots, policy });
  return [memory, new SlotRingWriter(memory), new SlotRingReader(memory)];
};

/** Writes each value into a slot of its own, as far as granted. */
const write = (writer: SlotRingWriter, values: readonly number[]): number => {
  const granted = writer.claim(values.length);
  for (let i = 0; i < granted; i += 1) {
    const base = writer.slotBase(i);
    writer.f64[base >> 3] = values[i]!;
    writer.i32[(base + slotBytes - 4) >> 2] = ~values[i]!;
  }
  writer.publish(granted);
  return granted;
};

const read = (reader: SlotRingReader, limit = Infinity): number[] => {
  const run = Math.min(reader.available(), limit);
  const got: number[] = [];
  for (let i = 0; i < run; i += 1) {
    const base = reader.slotBase(i);
    got.push(reader.f64[base >> 3]!);
    expect(reader.i32[(base + slotBytes - 4) >> 2]).toBe(~got[i]!);
  }
  reader.release(run);
  return got;
};

const from = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

describe("a slot ring", () => {
  it("hands out what was published, in order, in runs up to the wrap", () => {
    const [, writer, reader] = ends("block");
    expect(write(writer, from(0, 10))).toBe(10);
    expect(read(reader)).toEqual(from(0, 10));
    expect(write(writer, from(10, 10))).toBe(6);
    expect(write(writer, from(16, 4))).toBe(4);
    expect(read(reader)).toEqual(from(10, 6));
    expect(read(reader)).toEqual(from(16, 4));
    expect(read(reader)).toEqual([]);
  });

  it("uses all its slots, then grants none under block and counts nothing", () => {
    const [memory, writer, reader] = ends("block");
    expect(write(writer, from(0, slots))).toBe(slots);
    expect(writer.claim(1)).toBe(0);
    expect(readRingStats(memory)).toMatchObject({
      usedBytes: slots * slotBytes,
      capacityBytes: slots * slotBytes,
      dropped: { full: { low: 0, high: 0 } },
    });
    expect(read(reader, 3)).toEqual([0, 1, 2]);
    expect(writer.claim(5)).toBe(3);
  });

  it("grants a claim again that was not published, and shows nothing of it", () => {
    const [, writer, reader] = ends("block");
    expect(writer.claim(4)).toBe(4);
    writer.f64[writer.slotBase(0) >> 3] = 99;
    expect(write(writer, [1])).toBe(1);
    expect(read(reader)).toEqual([1]);
  });

  it("publishes the filled part of a claim", () => {
    const [, writer, reader] = ends("block");
    writer.claim(8);
    writer.publish(0);
    writer.publish(2);
    expect(reader.available()).toBe(2);
  });

  it("drops the newest under drop-newest and counts them by priority", () => {
    const [memory, writer, reader] = ends("drop-newest");
    write(writer, from(0, slots));
    expect(writer.claim(5)).toBe(0);
    expect(writer.claim(2, priorityHigh)).toBe(0);
    expect(readRingStats(memory).dropped.full).toEqual({ low: 5, high: 2 });
    expect(read(reader)).toEqual(from(0, slots));
  });

  it("drops the oldest under drop-oldest and keeps what the reader has taken", () => {
    const [memory, writer, reader] = ends("drop-oldest");
    write(writer, from(0, slots));
    expect(reader.available()).toBe(slots / 4);
    expect(write(writer, from(slots, 7))).toBe(7);
    expect(read(reader)).toEqual([0, 1, 2, 3]);
    expect(read(reader)).toEqual([7, 8, 9, 10]);
    expect(readRingStats(memory)).toMatchObject({ read: 8, dropped: { oldest: { low: 3 } } });
  });

  it("loses nothing published and shows nothing unpublished when a writer dies in mid-claim", () => {
    const [memory, writer, reader] = ends("block");
    write(writer, [1, 2]);
    expect(writer.claim(3)).toBe(3);
    writer.bytes.fill(0xff, writer.slotBase(0), writer.slotBase(2));
    write(new SlotRingWriter(memory), [3]);
    expect(read(reader)).toEqual([1, 2, 3]);
  });

  it("gives a new reader what the dead one had not released", () => {
    const [memory, writer, reader] = ends("block");
    write(writer, [1, 2, 3]);
    read(reader, 1);
    expect(reader.available()).toBe(2);
    expect(read(new SlotRingReader(memory))).toEqual([2, 3]);
  });

  it("gives a new reader under drop-oldest only what the dead one had not taken", () => {
    const memory = createSlotRing({ slotBytes: 8, slots: 16, policy: "drop-oldest" });
    const writer = new SlotRingWriter(memory);
    writer.publish(writer.claim(10));
    const taken = new SlotRingReader(memory).available();
    expect(taken).toBeGreaterThan(0);
    const reader = new SlotRingReader(memory);
    let left = 0;
    for (let n = reader.available(); n > 0; n = reader.available()) {
      left += n;
      reader.release(n);
    }
    expect(taken + left).toBe(10);
    expect(readRingStats(memory)).toMatchObject({ read: 10, inFlight: 0 });
  });

  it("waits no longer than asked, and wakes an event loop on either end", async () => {
    const [memory, writer, reader] = ends("block");
    expect(reader.waitForSlots(1)).toBe(false);
    const woken = reader.waitForSlotsAsync(60_000);
    write(writer, from(0, slots));
    expect(await woken).toBe(true);
    expect(writer.waitForSpace(1)).toBe(false);
    const room = writer.waitForSpaceAsync(60_000);
    read(reader, 1);
    expect(await room).toBe(true);
    expect(writer.waitForSpace(1)).toBe(true);
    expect(readRingStats(memory)).toMatchObject({
      parks: { reader: 2, writer: 2 },
      wakes: { reader: 1, writer: 1 },
    });
  });

  it("is refused where the memory or the options are wrong", () => {
    const make = (bytes: number, count: number) => (): unknown =>
      createSlotRing({ slotBytes: bytes, slots: count, policy: "block" });
    expect(make(12, 16)).toThrow("slotBytes=12 must be a multiple of 8");
    expect(make(0, 16)).toThrow("slotBytes=0");
    expect(make(8, 12)).toThrow("slots=12 must be a power of two");
    expect(make(65_536, 2 ** 15)).toThrow("1073741824 at most");
    expect(() => new SlotRingReader(new SharedArrayBuffer(4096))).toThrow("no slot ring");
  });

  it("asserts its invariants under test", () => {
    const [, writer, reader] = ends("block");
    writer.claim(2);
    expect(() => writer.slotBase(2)).toThrow("offset=2 of 2");
    expect(() => writer.publish(3)).toThrow("filled=3 of 2");
    expect(() => writer.claim(0)).toThrow("wanted=0");
    expect(() => reader.slotBase(0)).toThrow("not available");
    expect(() => reader.release(1)).toThrow("not available");
  });
});

describe("a slot ring and its plain twin", () => {
  const steps = 4_000;
  for (const policy of ringPolicies)
    for (const start of [-64, 2 ** 31 - 64, 0])
      it(`agree at every step, ${policy}, positions from ${start}`, () => {
        const random = seeded(runSeed(`slot ring ${policy} ${start}`));
        const made = createSlotRing({ slotBytes, slots, policy });
        const memory = new SharedArrayBuffer(made.byteLength + canaryBytes);
        const bytes = new Uint8Array(memory);
        bytes.set(new Uint8Array(made));
        bytes.fill(canary, made.byteLength);
        const words = new Int32Array(memory);
        words[publishedWord] = start | 0;
        words[readWord] = start | 0;
        let writer = new SlotRingWriter(memory);
        let reader = new SlotRingReader(memory);
        const twin = new PlainSlotRing(slots, policy, start | 0);
        let next = 0;
        for (let step = 0; step < steps; step += 1) {
          if (random.below(2) === 0) {
            const values = from(next, 1 + random.below(slots + 3));
            const granted = twin.claim(values.length);
            expect(write(writer, values)).toBe(granted);
            twin.publish(values.slice(0, granted));
            next += granted;
          } else {
            const got = read(reader, policy === "drop-oldest" ? slots : 1 + random.below(slots));
            if (got.length === 0) expect(twin.held).toBe(0);
            expect(got).toEqual(twin.read(got.length));
          }
          if (random.below(50) === 0) {
            writer = new SlotRingWriter(memory);
            reader = new SlotRingReader(memory);
          }
          const { counts } = twin;
          expect(readRingStats(memory)).toMatchObject({
            written: counts.written,
            read: counts.read,
            inFlight: twin.held,
            usedBytes: twin.held * slotBytes,
            dropped: { full: { low: counts.full }, oldest: { low: counts.oldest } },
          });
          expect(counts.written).toBe(counts.read + counts.oldest + twin.held);
        }
        expect(bytes.subarray(made.byteLength).every((byte) => byte === canary)).toBe(true);
      });
});
