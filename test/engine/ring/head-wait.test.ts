import { describe, expect, it } from "vitest";

import { headWaitUs } from "../../../engine/ring/head-wait.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";

const rig = () => {
  const memory = createMessageRing({ capacityBytes: 1024, policy: "block" });
  const writer = new MessageRingWriter(memory);
  const reader = new MessageRingReader(memory);
  const write = (stampUs: number, length: number): void => {
    writer.stamp(stampUs);
    expect(writer.tryWrite(1, new Uint8Array(length))).toBe(true);
    writer.publish();
  };
  return { memory, writer, reader, write };
};

describe("the wait of the oldest message", () => {
  it("is 0 in an empty ring, else the time since its stamp", () => {
    const { memory, reader, write } = rig();
    expect(headWaitUs(memory, 500)).toBe(0);
    write(100, 40);
    write(300, 40);
    expect(headWaitUs(memory, 500)).toBe(400);
    reader.drain(() => undefined, 1);
    expect(headWaitUs(memory, 500)).toBe(200);
    reader.drain(() => undefined, 1);
    expect(headWaitUs(memory, 500)).toBe(0);
  });

  it("looks past padding: claims given up, and the rest before a wrap", () => {
    const { memory, writer, reader, write } = rig();
    writer.stamp(50);
    writer.abort(writer.claim(1, 16));
    write(100, 16);
    expect(headWaitUs(memory, 400)).toBe(300);
    reader.drain(() => undefined, 10);
    // Lengths that do not divide the ring, so that it wraps after padding at many places.
    for (let lap = 0; lap < 100; lap += 1) {
      write(1_000 + lap, 72);
      expect(headWaitUs(memory, 2_000)).toBe(1_000 - lap);
      reader.drain(() => undefined, 10);
    }
  });

  it("is right when the 32 bits of the stamp wrap", () => {
    const { memory, write } = rig();
    write(2 ** 31 - 10, 16);
    expect(headWaitUs(memory, (2 ** 31 + 15) | 0)).toBe(25);
  });
});
