// Wrong use of the rings as in production, where the expensive invariants are off: what would lose
// or double records without a sign is an error that names the argument, and changes nothing.
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import type * as Door from "../../../engine/doors/ring.ts";

let ring: typeof Door;

beforeAll(async () => {
  vi.stubEnv("NODE_ENV", "production");
  vi.resetModules();
  ring = await import("../../../engine/doors/ring.ts");
});

afterAll(() => vi.unstubAllEnvs());

const message = () => {
  const memory = ring.createMessageRing({ capacityBytes: 1024, policy: "block" });
  const reader = new ring.MessageRingReader(memory);
  const read = (): [number, number][] => {
    const got: [number, number][] = [];
    reader.drain((type, _index, length) => got.push([type, length]), 100);
    return got;
  };
  return { memory, writer: new ring.MessageRingWriter(memory), reader, read };
};

const slot = () => {
  const memory = ring.createSlotRing({ slotBytes: 8, slots: 4, policy: "block" });
  const writer = new ring.SlotRingWriter(memory);
  return { memory, writer, reader: new ring.SlotRingReader(memory) };
};

it("a claim with a wrong type, priority or length is an error, and the ring goes on", () => {
  const { memory, writer, read } = message();
  const eight = new Uint8Array(8);
  for (const type of [0, -1, 1.5, 32_768, 65_537, Number.NaN])
    expect(() => writer.tryWrite(type, eight)).toThrow(`type=${type} is not 1..32767`);
  for (const priority of [-1, 2, Number.NaN])
    expect(() => writer.claim(1, 8, priority)).toThrow(`priority=${priority} is not 0 or 1`);
  for (const length of [Number.NaN, 1.5, Infinity])
    expect(() => writer.claim(1, length)).toThrow(`length=${length} is no integer`);
  for (const length of [-1, 2 ** 31, 2 ** 32 + 8]) {
    expect(writer.claim(1, length)).toBe(-1);
    expect(writer.waitForSpace(length, 1000)).toBe(false);
  }
  expect(writer.waitForSpace(Number.NaN, 1000)).toBe(false);
  expect(writer.tryWrite(7, eight)).toBe(true);
  writer.publish();
  expect(read()).toEqual([[7, 8]]);
  expect(ring.readRingStats(memory)).toMatchObject({ written: 1, read: 1, inFlight: 0 });
});

it("a write of more bytes than its source has sends none of an earlier message", () => {
  const { writer, read } = message();
  expect(() => writer.tryWrite(1, new Uint8Array(4), 100)).toThrow(
    "length=100 of a source of 4 bytes",
  );
  writer.publish();
  expect(read()).toEqual([]);
});

it("a refused claim that is committed does not silence the ring", () => {
  const { writer } = message();
  writer.commit(writer.claim(1, 500));
  writer.tryWrite(1, new Uint8Array(8));
  expect(() => writer.publish()).toThrow("closed=2 of 1 claims");
});

it("a drain without a limit or inside a drain is an error", () => {
  const { writer, reader, read } = message();
  writer.tryWrite(3, new Uint8Array(8));
  writer.publish();
  for (const limit of [undefined, Number.NaN, -1])
    expect(() => reader.drain(() => undefined, limit as number)).toThrow(`limit=${limit}`);
  expect(() => reader.drain(() => reader.drain(() => undefined, 1), 1)).toThrow("from a handler");
  writer.tryWrite(4, new Uint8Array(8));
  writer.publish();
  expect(read()).toEqual([[4, 8]]);
});

it("slots are claimed, published and released as whole numbers of those that are there", () => {
  const { memory, writer, reader } = slot();
  for (const wanted of [0, -1, 1.5, Number.NaN, Infinity])
    expect(() => writer.claim(wanted)).toThrow(`wanted=${wanted} slots`);
  expect(writer.claim(2)).toBe(2);
  for (const filled of [3, -1, 0.5, Number.NaN])
    expect(() => writer.publish(filled)).toThrow(`filled=${filled} of 2 slots granted`);
  writer.publish(2);
  expect(() => writer.publish(1)).toThrow("filled=1 of 0 slots granted");
  expect(reader.available()).toBe(2);
  for (const slots of [3, -1, 0.5, Number.NaN])
    expect(() => reader.release(slots)).toThrow(`slots=${slots} are not available`);
  reader.release(2);
  expect(ring.readRingStats(memory)).toMatchObject({ written: 2, read: 2, inFlight: 0 });
});

it("a refused claim counts under a priority that there is, and nowhere else", () => {
  const memory = ring.createSlotRing({ slotBytes: 8, slots: 4, policy: "drop-newest" });
  const writer = new ring.SlotRingWriter(memory);
  writer.publish(writer.claim(4));
  for (const priority of [-1, 2, 4, 8, 0.5, Number.NaN])
    expect(() => writer.claim(1, priority)).toThrow(`priority=${priority} is not 0 or 1`);
  expect(() => writer.publish(1)).toThrow("filled=1 of 0 slots granted");
  expect(writer.claim(3, ring.priorityHigh)).toBe(0);
  expect(ring.readRingStats(memory)).toMatchObject({
    read: 0,
    inFlight: 4,
    dropped: {
      full: { low: 0, high: 3 },
      oversize: { low: 0, high: 0 },
      oldest: { low: 0, high: 0 },
    },
  });
});

it("a ring's size is a number: text of digits would make a larger one", () => {
  const text = (digits: string): number => digits as unknown as number;
  const policy = "drop-oldest";
  expect(() => ring.createMessageRing({ capacityBytes: text("1024"), policy })).toThrow(
    "capacityBytes=1024 must be a power of two",
  );
  expect(() => ring.createSlotRing({ slotBytes: text("8"), slots: 4, policy })).toThrow(
    "slotBytes=8 must be a multiple of 8",
  );
  expect(() => ring.createSlotRing({ slotBytes: 8, slots: text("4"), policy })).toThrow(
    "slots=4 must be a power of two",
  );
});

it("a wait for a time that is no number is an error, not for ever", async () => {
  const { reader } = slot();
  expect(() => reader.waitForSlots(Number.NaN)).toThrow("timeoutMs=NaN must be milliseconds");
  await expect(reader.waitForSlotsAsync(undefined as unknown as number)).rejects.toThrow(
    "timeoutMs=undefined must be milliseconds",
  );
});

it("a reader or writer of no ring is an error that says how to make one", () => {
  const { MessageRingReader, MessageRingWriter, SlotRingReader, SlotRingWriter } = ring;
  for (const memory of [undefined as unknown as SharedArrayBuffer, new SharedArrayBuffer(64)]) {
    for (const End of [MessageRingReader, MessageRingWriter])
      expect(() => new End(memory)).toThrow("memory is no message ring: make it with");
    for (const End of [SlotRingReader, SlotRingWriter])
      expect(() => new End(memory)).toThrow("memory is no slot ring: make it with");
  }
  for (const bytes of [0, 100, 4096])
    expect(() => ring.readRingStats(new SharedArrayBuffer(bytes))).toThrow(
      "memory is no ring: make it with createMessageRing or createSlotRing",
    );
});
