// The section `threads`: how many each role has at the start, and how many more are added when records
// wait (supervise/auto-scale.ts).
import * as z from "zod";

import { lanesMaxOf } from "../consume/deal.ts";
import { integer } from "./fields.ts";

const restart = "restart";
const dayMs = 86_400_000;
const threadsMax = 16;

const threadCount = (name: string, max: number) =>
  integer({ default: 1, min: 1, max, reload: restart, what: `${name} threads` });

const threadsAdded = (role: "market" | "stream") =>
  integer({
    default: 1,
    min: 1,
    max: lanesMaxOf(role),
    reload: restart,
    what: `${role} threads up to which more are added when records wait, and taken away again down to what weir ctl scale set last`,
  });

/** How many threads each role has, and when more are added. */
export const threads = z.strictObject({
  // More threads than partitions would have nothing to do.
  market: threadCount("market", lanesMaxOf("market")),
  stream: threadCount("stream", lanesMaxOf("stream")),
  market_max: threadsAdded("market"),
  stream_max: threadsAdded("stream"),
  scale_up_us: integer({
    default: 100_000,
    min: 10_000,
    max: 600_000_000,
    reload: restart,
    what: "a record that waits longer asks for one more thread",
  }),
  scale_down_us: integer({
    default: 1_000,
    min: 1,
    max: 9_999,
    reload: restart,
    what: "while no record waits so long, one thread less will do",
  }),
  scale_hold_ms: integer({
    default: 5_000,
    min: 100,
    max: dayMs,
    reload: restart,
    what: "for so long before a thread is added; four times as long before one is removed",
  }),
  verify: integer({
    default: 1,
    min: 0,
    max: threadsMax,
    reload: restart,
    what: "threads that verify signatures; 0 verifies none",
  }),
});
