import { describe, expect, it } from "vitest";

import { SliceWriter } from "../../../schemas/otlp/slice-writer.ts";
import { runSeed, seeded } from "../../random.ts";

/** What a page holds, and a little less than what it does not. */
const sourceSizes = [0, 1, 700, 100_000, 600_000];

describe("slice writer", () => {
  it("writes heads, slices and other bytes in order, behind a page's copy of the source or not", () => {
    const random = seeded(runSeed("slice writer"));
    const writer = new SliceWriter();
    for (let i = 0; i < 200; i += 1) {
      const source = random.bytes(random.pick(sourceSizes));
      const other = random.bytes(100);
      const parts: Uint8Array[] = [];
      const steps: (() => void)[] = [];
      for (let step = random.below(20); step >= 0; step -= 1) {
        const start = random.below(source.length + 1);
        const end = start + random.below(Math.min(5000, source.length - start) + 1);
        const addEnd = random.below(101);
        const addStart = random.below(addEnd + 1);
        parts.push(Uint8Array.of(0x12, 100), source.subarray(start, end));
        parts.push(other.subarray(addStart, addEnd));
        steps.push(() => {
          writer.head(0x12, 100);
          writer.copy(start, end);
          writer.add(other, addStart, addEnd);
        });
      }
      const expected = Buffer.concat(parts);
      writer.begin(source, expected.length);
      for (const step of steps) step();
      const written = writer.end();
      expect(Buffer.compare(written, expected)).toBe(0);
      expect(written.buffer.byteLength).toBe(expected.length);
    }
  });

  it("leaves what it gave before as it is", () => {
    const writer = new SliceWriter();
    writer.begin(Uint8Array.of(1, 2, 3), 2);
    writer.copy(1, 3);
    const first = writer.end();
    writer.begin(Uint8Array.of(7, 8, 9), 2);
    writer.copy(0, 2);
    expect([...first, ...writer.end()]).toEqual([2, 3, 7, 8]);
  });
});
