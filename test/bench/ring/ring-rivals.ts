// The rings that ours is compared with, driven over the same records: ringbuf.js as its documentation
// shows it (a record per push) and in batches, and the prototype ring where it is at hand.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { RingBuffer } from "ringbuf.js";

import { fill, recordBytes, ringRecords, sumOf } from "./ring-loops.ts";
import type { Lane } from "./ring-loops.ts";

const doubles = recordBytes / 8;

/** `push` and `pop` are all or nothing here: capacity and batches are multiples of a record. */
export const ringbufLane = (batch: number): Lane => ({
  memory: () => RingBuffer.getStorageForCapacity(ringRecords * doubles, Float64Array),
  produce: (memory, records) => {
    const ring = new RingBuffer(memory, Float64Array);
    const staged = new Float64Array(batch * doubles);
    for (let x = 0; x < records; x += batch) {
      for (let i = 0; i < batch; i += 1) fill(staged, i * doubles, x + i);
      for (let sent = 0; sent < staged.length;)
        sent += ring.push(staged, staged.length - sent, sent);
    }
  },
  consume: (memory, records) => {
    const ring = new RingBuffer(memory, Float64Array);
    const staged = new Float64Array(batch * doubles);
    let sum = 0;
    for (let x = 0; x < records;) {
      const got = ring.pop(staged, staged.length);
      for (let at = 0; at < got; at += doubles) sum += sumOf(staged, at);
      x += got / doubles;
    }
    return sum;
  },
});

type PrototypeRing = {
  push(x: number): boolean;
  pop(): boolean;
  flush(): void;
  readonly s: number;
};
type Prototype = {
  build(
    variant: string,
    view: string,
    bytes: number,
  ): new (memory: SharedArrayBuffer, capacity: number) => PrototypeRing;
  makeSab(capacity: number, bytes: number): SharedArrayBuffer;
};

const prototypeFile = new URL("../../../../shared/prototypes/ring/rings.cjs", import.meta.url);
export const hasPrototype: boolean = existsSync(prototypeFile);

/** The prototype sums in 32 bits; `consume` lifts that to "right or NaN" against the true sum. */
export const prototypeLane = (variant: string, sumExpected: (records: number) => number): Lane => {
  const load = (): Prototype =>
    createRequire(import.meta.url)(fileURLToPath(prototypeFile)) as Prototype;
  return {
    memory: () => load().makeSab(ringRecords, recordBytes),
    produce: (memory, records) => {
      const ring = new (load().build(variant, "f64", recordBytes))(memory, ringRecords);
      for (let x = 0; x < records; x += 1) while (!ring.push(x)) continue;
      ring.flush();
    },
    consume: (memory, records) => {
      const ring = new (load().build(variant, "f64", recordBytes))(memory, ringRecords);
      for (let x = 0; x < records;) if (ring.pop()) x += 1;
      const sum = sumExpected(records);
      return Number(BigInt.asIntN(32, BigInt(sum))) === ring.s ? sum : Number.NaN;
    },
  };
};
