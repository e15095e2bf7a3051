// One-way latency: half a round trip of one record through two slot rings, and of one bare word, the
// probe that says how far the two cores are apart at this moment.
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { fill, recordBytes, sumOf } from "./ring-loops.ts";

export type Pair = { readonly there: SharedArrayBuffer; readonly back: SharedArrayBuffer };

const latencySlots = 64;
const ring = (): SharedArrayBuffer =>
  createSlotRing({ slotBytes: recordBytes, slots: latencySlots, policy: "block" });
export const latencyPair = (): Pair => ({ there: ring(), back: ring() });

const send = (writer: SlotRingWriter, x: number): void => {
  while (writer.claim(1) === 0) continue;
  fill(writer.f64, writer.slotBase(0) >> 3, x);
  writer.publish(1);
};
const receive = (reader: SlotRingReader): number => {
  while (reader.available() === 0) continue;
  const sum = sumOf(reader.f64, reader.slotBase(0) >> 3);
  reader.release(1);
  return sum;
};

/** The far end: returns each record. */
export const echo = ({ there, back }: Pair, trips: number): number => {
  const reader = new SlotRingReader(there);
  const writer = new SlotRingWriter(back);
  let sum = 0;
  for (let x = 0; x < trips; x += 1) {
    sum += receive(reader);
    send(writer, x);
  }
  return sum;
};

const clockRounds = 20;
/** What one reading of the clock adds to a timed round trip, in ns: the least of several means. */
const clockNs = (readings: number): number => {
  let least = Infinity;
  for (let round = 0; round < clockRounds; round += 1) {
    const start = performance.now();
    for (let i = 0; i < readings; i += 1) performance.now();
    least = Math.min(least, ((performance.now() - start) * 1e6) / readings);
  }
  return least;
};

/** Nearest-rank percentiles of the one-way time in ns, the clock's own cost taken off. */
export const pingPong = ({ there, back }: Pair, trips: number): { p50: number; p99: number } => {
  const writer = new SlotRingWriter(there);
  const reader = new SlotRingReader(back);
  const oneWay = new Float64Array(trips);
  const clock = clockNs(Math.ceil(trips / clockRounds));
  for (let x = 0; x < trips; x += 1) {
    const start = performance.now();
    send(writer, x);
    receive(reader);
    oneWay[x] = ((performance.now() - start) * 1e6 - clock) / 2;
  }
  oneWay.sort();
  const at = (share: number): number => oneWay[Math.ceil(share * trips) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
};

const pongWord = 32;
export const probeMemory = (): SharedArrayBuffer => new SharedArrayBuffer(256);

export const probeEcho = (memory: SharedArrayBuffer, trips: number): number => {
  const words = new Int32Array(memory);
  for (let i = 1; i <= trips; i += 1) {
    while (Atomics.load(words, 0) !== i) continue;
    Atomics.store(words, pongWord, i);
  }
  return 0;
};
/** One-way ns of one word, through the same Atomics that the rings use. */
export const probe = (memory: SharedArrayBuffer, trips: number): number => {
  const words = new Int32Array(memory);
  const start = performance.now();
  for (let i = 1; i <= trips; i += 1) {
    Atomics.store(words, 0, i);
    while (Atomics.load(words, pongWord) !== i) continue;
  }
  return ((performance.now() - start) * 1e6) / trips / 2;
};
