import { describe, expect, it } from "vitest";

import {
  frameFault,
  frameFaultNames,
  frameLimits,
  FrameReader,
  FrameWriter,
} from "../../../schemas/market/frame.ts";
import { runSeed, seeded } from "../../random.ts";

const small = { itemsMax: 3, bytesMax: 64, itemBytesMax: 20 };

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

describe("frame", () => {
  it("reads back what was written, in order, with indexes", () => {
    const random = seeded(runSeed("frame"));
    for (let round = 0; round < 200; round += 1) {
      const writer = new FrameWriter({ ...frameLimits, bytesMax: 1 << 14 });
      const items = Array.from({ length: random.below(30) }, () =>
        random.bytes(1 + random.below(300)),
      );
      for (const item of items) expect(writer.tryWrite(item)).toBe(true);
      // The frame lies somewhere inside a larger buffer.
      const around = new Uint8Array(writer.byteLength + 20).fill(0xaa);
      around.set(writer.frame(), 7);
      const reader = new FrameReader();
      reader.open(viewOf(around), 7, 7 + writer.byteLength);
      const read: Uint8Array[] = [];
      while (reader.next()) {
        expect(reader.index).toBe(read.length);
        read.push(around.slice(reader.itemStart, reader.itemEnd));
      }
      expect(reader.fault).toBe(frameFault.none);
      expect(read).toEqual(items);
    }
  });

  it("refuses an item beyond items, bytes or item size and keeps what it has", () => {
    const writer = new FrameWriter(small);
    expect(writer.claim(0)).toBe(-1);
    expect(writer.claim(21)).toBe(-1);
    expect(writer.tryWrite(new Uint8Array(20).fill(1))).toBe(true);
    expect(writer.tryWrite(new Uint8Array(20).fill(2))).toBe(true);
    expect(writer.tryWrite(new Uint8Array(13))).toBe(false);
    expect(writer.tryWrite(new Uint8Array(12))).toBe(true);
    expect(writer.tryWrite(new Uint8Array(1))).toBe(false);
    expect([writer.itemCount, writer.byteLength]).toEqual([3, 64]);
    writer.clear();
    expect(writer.frame().length).toBe(0);
    expect(writer.tryWrite(new Uint8Array(1))).toBe(true);
  });

  it.each([
    ["a cut length", [1, 0, 0], frameFault.lengthTruncated],
    ["a cut item", [2, 0, 0, 0, 9], frameFault.itemTruncated],
    ["a length beyond 2^31", [0, 0, 0, 0x80, 9], frameFault.itemTooLarge],
    ["an empty item", [0, 0, 0, 0], frameFault.itemEmpty],
    [
      "a fourth item",
      Array.from({ length: 4 }, () => [1, 0, 0, 0, 9]).flat(),
      frameFault.tooManyItems,
    ],
    ["65 bytes", Array.from({ length: 65 }, () => 0), frameFault.frameTooLarge],
  ])("names %s", (_what, bytes, fault) => {
    const reader = new FrameReader(small);
    const view = viewOf(Uint8Array.from(bytes));
    expect(reader.countItems(view, 0, view.byteLength)).toBe(-1);
    expect(reader.fault).toBe(fault);
    expect(frameFaultNames[reader.fault]).toBeDefined();
    expect(reader.next()).toBe(false);
  });

  it("never leaves its range on random bytes", () => {
    const random = seeded(runSeed("frame bytes"));
    const reader = new FrameReader();
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = random.bytes(random.below(64));
      for (let i = 1; i < bytes.length; i += 1) if (random.below(3) > 0) bytes[i] = 0;
      const view = viewOf(bytes);
      reader.open(view, 0, bytes.length);
      let last = 0;
      while (reader.next()) {
        expect(reader.itemStart).toBeGreaterThan(last);
        expect(reader.itemEnd).toBeLessThanOrEqual(bytes.length);
        last = reader.itemEnd;
      }
      if (reader.fault === frameFault.none) expect(reader.itemEnd).toBe(bytes.length);
    }
  });
});
