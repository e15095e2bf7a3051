// Drives custom stages on their threads: numbers go in, what comes out is kept.
import { expect } from "vitest";

import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";

type Rings = { readonly input: ConstructorParameters<typeof SlotRingWriter>[0] } & {
  readonly output: ConstructorParameters<typeof SlotRingReader>[0];
};

/** Writes 0, 1, 2 ... and reads the first word of what comes out until `stop` has ended all. */
export const pumpRecords = async (
  { input, output }: Rings,
  records: number,
  stop: () => Promise<boolean>,
): Promise<readonly number[]> => {
  const source = new SlotRingWriter(input);
  const sink = new SlotRingReader(output);
  const seen: number[] = [];
  const drain = (): void => {
    for (let count = sink.available(); count > 0; count = sink.available()) {
      for (let i = 0; i < count; i += 1) seen.push(sink.i32[sink.slotBase(i) >> 2] ?? 0);
      sink.release(count);
    }
  };
  for (let value = 0; value < records; value += 1) {
    while (source.claim(1) === 0) {
      drain();
      await source.waitForSpaceAsync(20);
    }
    source.i32[source.slotBase(0) >> 2] = value;
    source.publish(1);
  }
  const timer = setInterval(drain, 1);
  expect(await stop()).toBe(true);
  clearInterval(timer);
  drain();
  return seen;
};
