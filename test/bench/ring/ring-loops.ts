// The loops that the ring benchmark times, one pair per row: what a producer and a consumer that care
// for speed write, with everything in locals. Records are eight doubles, x to x + 7.
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";

/** One row: the two ends, each run in a thread of its own over the same memory. */
export type Lane = {
  readonly memory: () => SharedArrayBuffer;
  readonly produce: (memory: SharedArrayBuffer, records: number) => void;
  /** The sum of all doubles received. */
  readonly consume: (memory: SharedArrayBuffer, records: number) => number;
};

export const recordBytes = 64;
export const ringRecords = 4096;
const drainMax = 512;
const doubles = recordBytes / 8;

/** What `consume` must return. */
export const expectedSum = (records: number): number =>
  doubles * ((records * (records - 1)) / 2) + (records * (doubles * (doubles - 1))) / 2;

export const fill = (f64: Float64Array, at: number, x: number): void => {
  f64[at] = x;
  f64[at + 1] = x + 1;
  f64[at + 2] = x + 2;
  f64[at + 3] = x + 3;
  f64[at + 4] = x + 4;
  f64[at + 5] = x + 5;
  f64[at + 6] = x + 6;
  f64[at + 7] = x + 7;
};

const one = (f64: Float64Array, at: number): number => f64[at] as number;

export const sumOf = (f64: Float64Array, at: number): number =>
  one(f64, at) +
  one(f64, at + 1) +
  (one(f64, at + 2) + one(f64, at + 3)) +
  (one(f64, at + 4) + one(f64, at + 5) + (one(f64, at + 6) + one(f64, at + 7)));

const produceSlots = (memory: SharedArrayBuffer, records: number, batch: number): void => {
  const writer = new SlotRingWriter(memory);
  const { f64 } = writer;
  for (let x = 0; x < records;) {
    const granted = writer.claim(Math.min(batch, records - x));
    let at = writer.slotBase(0) >> 3;
    for (const end = x + granted; x < end; x += 1, at += doubles) fill(f64, at, x);
    writer.publish(granted);
  }
};

const consumeSlots = (memory: SharedArrayBuffer, records: number): number => {
  const reader = new SlotRingReader(memory);
  const { f64 } = reader;
  let sum = 0;
  for (let x = 0; x < records;) {
    const run = Math.min(reader.available(), drainMax);
    let at = reader.slotBase(0) >> 3;
    for (const end = x + run; x < end; x += 1, at += doubles) sum += sumOf(f64, at);
    reader.release(run);
  }
  return sum;
};

export const slotLane = (batch: number): Lane => ({
  memory: () => createSlotRing({ slotBytes: recordBytes, slots: ringRecords, policy: "block" }),
  produce: (memory, records) => produceSlots(memory, records, batch),
  consume: consumeSlots,
});

const messageBatch = 128;

const produceMessages = (memory: SharedArrayBuffer, records: number): void => {
  const writer = new MessageRingWriter(memory);
  const f64 = new Float64Array(memory);
  for (let x = 0; x < records; x += 1) {
    let index = writer.claim(1, recordBytes);
    while (index < 0) {
      writer.publish();
      index = writer.claim(1, recordBytes);
    }
    fill(f64, index >> 3, x);
    writer.commit(index);
    if (x % messageBatch === messageBatch - 1) writer.publish();
  }
  writer.publish();
};

const consumeMessages = (memory: SharedArrayBuffer, records: number): number => {
  const reader = new MessageRingReader(memory);
  const f64 = new Float64Array(memory);
  // A captured number would be boxed anew for each message.
  const sum = new Float64Array(1);
  const handler = (_type: number, index: number): void => {
    sum[0] = one(sum, 0) + sumOf(f64, index >> 3);
  };
  for (let x = 0; x < records;) x += reader.drain(handler, drainMax);
  return one(sum, 0);
};

export const messageLane: Lane = {
  memory: () => createMessageRing({ capacityBytes: ringRecords * 128, policy: "block" }),
  produce: produceMessages,
  consume: consumeMessages,
};
