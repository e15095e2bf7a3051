// Single writer per word: what each end changes in the shared memory is compared with the table of
// ring-control-layout.ts, operation by operation.
import { describe, expect, it } from "vitest";

import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { controlBytes, lineBytes, ringPolicies } from "../../../engine/ring/ring-control-layout.ts";
import type { RingPolicy } from "../../../engine/ring/ring-control-layout.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";

/** Lines of the control block that each end writes; "records" and "copies" behind it. */
const shared = (policy: RingPolicy): readonly string[] =>
  policy === "drop-oldest" ? ["read"] : [];
const lines = ["shape", "published", "read", "readerSleeps", "writerSleeps"];
const counters = ["writerCounts", "writerDrops", "readerCounts"];
const writerLines = ["published", "writerSleeps", "writerCounts", "writerDrops", "records"];
const readerLines = ["read", "readerSleeps", "readerCounts", "copies"];

const placeOf = (index: number, recordsEnd: number): string => {
  if (index < controlBytes) return [...lines, ...counters][Math.floor(index / lineBytes)] ?? "none";
  return index < recordsEnd ? "records" : "copies";
};

const changedBy = (memory: SharedArrayBuffer, recordsEnd: number, act: () => void): Set<string> => {
  const before = new Uint8Array(memory).slice();
  act();
  const changed = new Set<string>();
  for (const [index, byte] of new Uint8Array(memory).entries())
    if (byte !== before[index]) changed.add(placeOf(index, recordsEnd));
  return changed;
};

describe("each word of a ring has one writer", () => {
  for (const policy of ringPolicies) {
    const writerMay = new Set([...writerLines, ...shared(policy)]);
    const readerMay = new Set(readerLines);
    const capacityBytes = 1024;
    const slots = 16;

    it(`message ring, ${policy}${policy === "drop-oldest" ? " (read position by exchange)" : ""}`, () => {
      const memory = createMessageRing({ capacityBytes, policy });
      const end = controlBytes + capacityBytes;
      const writer = new MessageRingWriter(memory);
      const reader = new MessageRingReader(memory);
      for (let round = 0; round < 20; round += 1) {
        const written = changedBy(memory, end, () => {
          for (let i = 0; i < 4 + round; i += 1)
            writer.tryWrite(1 + i, new Uint8Array(50).fill(i + 1));
          writer.claim(1, 200);
          const index = writer.claim(1, 8);
          if (index >= 0) writer.abort(index);
          writer.publish();
          writer.waitForSpace(100, 1);
        });
        expect([...written].filter((place) => !writerMay.has(place))).toEqual([]);
        expect(written).toContain("published");
        const read = changedBy(memory, end, () => {
          reader.drain(() => {}, 3 + round);
          if (round % 3 === 0) while (reader.drain(() => {}, 100) > 0) continue;
          reader.waitForMessages(1);
        });
        expect([...read].filter((place) => !readerMay.has(place))).toEqual([]);
        expect(read).toContain("read");
      }
    });

    it(`slot ring, ${policy}${policy === "drop-oldest" ? " (read position by exchange)" : ""}`, () => {
      const slotBytes = 8;
      const memory = createSlotRing({ slotBytes, slots, policy });
      const end = controlBytes + slots * slotBytes;
      const writer = new SlotRingWriter(memory);
      const reader = new SlotRingReader(memory);
      for (let round = 0; round < 20; round += 1) {
        const written = changedBy(memory, end, () => {
          for (let i = 0; i < 3; i += 1) {
            const granted = writer.claim(1 + round);
            for (let k = 0; k < granted; k += 1)
              writer.i32[writer.slotBase(k) >> 2] = round + k + 1;
            writer.publish(granted);
          }
          writer.waitForSpace(1);
        });
        expect([...written].filter((place) => !writerMay.has(place))).toEqual([]);
        const read = changedBy(memory, end, () => {
          reader.release(Math.min(reader.available(), 1 + round));
          reader.release(reader.available());
          reader.waitForSlots(1);
        });
        expect([...read].filter((place) => !readerMay.has(place))).toEqual([]);
        expect(read).toContain("read");
      }
    });
  }
});
