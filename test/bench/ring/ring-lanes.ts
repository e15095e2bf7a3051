// The rows of the ring benchmark by name; both threads read this table.
import { expectedSum, messageLane, slotLane } from "./ring-loops.ts";
import type { Lane } from "./ring-loops.ts";
import { hasPrototype, prototypeLane, ringbufLane } from "./ring-rivals.ts";

export type Row = {
  readonly lane: Lane;
  /** So many records that a round lasts tens of milliseconds. */
  readonly records: number;
};

const batchLarge = 128;
const batchSmall = 32;

export const rows: { readonly [name: string]: Row } = {
  "slot ring, batch 128": { lane: slotLane(batchLarge), records: 3_000_000 },
  "slot ring, batch 32": { lane: slotLane(batchSmall), records: 3_000_000 },
  "slot ring, each record": { lane: slotLane(1), records: 750_000 },
  "message ring, batch 128": { lane: messageLane, records: 1_500_000 },
  "ringbuf.js, each record": { lane: ringbufLane(1), records: 400_000 },
  "ringbuf.js, batch 128": { lane: ringbufLane(batchLarge), records: 1_280_000 },
  ...(hasPrototype
    ? {
        "prototype, batch 32": { lane: prototypeLane("batch32", expectedSum), records: 1_500_000 },
        "prototype, each record": { lane: prototypeLane("cached", expectedSum), records: 750_000 },
      }
    : {}),
};
