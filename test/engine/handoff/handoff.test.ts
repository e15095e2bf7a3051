import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type LaneDiagnostics, noRoom } from "../../../engine/handoff/handoff-diagnostics.ts";
import { handoffDefaults, type HandoffOptions } from "../../../engine/handoff/handoff-options.ts";
import { handoffResult } from "../../../engine/handoff/handoff-stage.ts";
import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import { runSeed } from "../../random.ts";
import { checkLaw, dropsOf, HIGH, LOW, type Sent, setup } from "./handoff-rig.ts";

const seed = runSeed("handoff");

describe("batches", () => {
  it("leave when they are full", () => {
    const { stage, offer, batches } = setup({ batchSize: 4 });
    for (let i = 0; i < 11; i += 1) offer(i, LOW);
    stage.work();
    expect(batches).toEqual([4, 4]);
  });

  it("never stick on a quiet stream: the clock alone sends them", () => {
    const { stage, offer, clock, ids } = setup({ batchTimeoutUs: 10_000 });
    clock.us = 500;
    offer(1, LOW);
    expect(stage.idleUs()).toBe(10_000);
    clock.us = 10_499;
    stage.work();
    expect(ids()).toEqual([]);
    expect(stage.idleUs()).toBe(1);
    clock.us = 10_500;
    stage.work();
    expect(ids()).toEqual([1]);
    expect(stage.idleUs()).toBe(Number.POSITIVE_INFINITY);
  });

  it("keep order within a priority, and HIGH goes first", () => {
    const { stage, offer, sent } = setup({ batchSize: 3, batchTimeoutUs: 0 });
    for (let i = 0; i < 12; i += 1) offer(i, i % 3 === 0 ? HIGH : LOW);
    stage.work();
    expect(sent.map(({ id }) => id)).toEqual([0, 3, 6, 9, 1, 2, 4, 5, 7, 8, 10, 11]);
  });

  it("of the same records come out, whatever their length", () => {
    const { stage, offer, ids } = setup({ batchSize: 5, batchTimeoutUs: 0 });
    for (let i = 1; i <= 9; i += 1) offer(i, LOW, 320 + 32 * (i - 1));
    stage.work();
    expect(ids()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("other options", () => {
  it("hold from the next turn on, and nothing is lost over them", () => {
    const rig = setup({ batchSize: 2, batchTimeoutUs: 1_000_000, capacity: 16 });
    const { stage, offer, batches, clock, room, diagnostics, ids } = rig;
    room.left = 1;
    for (let i = 0; i < 3; i += 1) offer(i, LOW);
    stage.work();
    const options = { ...handoffDefaults, capacity: 16, batchTimeoutUs: 50, sendRetryDelayUs: 7 };
    stage.configure({ ...options, batchSize: 9 });
    room.left = 100;
    for (let i = 3; i < 15; i += 1) offer(i, LOW);
    clock.us = 200;
    stage.work();
    expect(batches).toEqual([2, 1, 9, 4]);
    expect(ids()).toEqual(Array.from({ length: 15 }, (_, i) => i));
    checkLaw(diagnostics());
  });

  it("that are bad, or of another capacity, leave the old ones", () => {
    const { stage, offer, batches } = setup({ batchSize: 2, capacity: 16 });
    const options = { ...handoffDefaults, batchSize: 1, capacity: 16 };
    expect(() => stage.configure({ ...options, capacity: 32 })).toThrow("capacity=32 must stay 16");
    expect(() => stage.configure({ ...options, batchSize: 17 })).toThrow("must not be above");
    for (let i = 0; i < 4; i += 1) offer(i, LOW);
    stage.work();
    expect(batches).toEqual([2, 2]);
  });
});

describe("a receiver that refuses", () => {
  it("is tried again after a delay, without holding the thread, and goes on behind what it took", () => {
    const { stage, offer, clock, room, ids, sleeps } = setup({
      batchSize: 4,
      sendRetryDelayUs: 100,
    });
    room.left = 1;
    for (let i = 0; i < 4; i += 1) offer(i, LOW);
    stage.work();
    expect(ids()).toEqual([0]);
    expect(stage.idleUs()).toBe(100);
    room.left = 10;
    clock.us = 99;
    stage.work();
    expect(ids()).toEqual([0]);
    clock.us = 100;
    stage.work();
    expect(ids()).toEqual([0, 1, 2, 3]);
    expect(sleeps).toEqual([]);
  });

  it("loses a batch after the configured tries, with a reason", () => {
    const { stage, offer, clock, room, diagnostics, events } = setup({
      batchSize: 2,
      sendMaxRetries: 3,
    });
    room.left = 0;
    offer(1, HIGH);
    offer(2, HIGH);
    for (let i = 0; i < 10; i += 1) {
      stage.work();
      clock.us += 100;
    }
    expect(diagnostics().high).toMatchObject({ dropped: { retries: 2 }, refusals: 4, sent: 0 });
    expect(diagnostics().recommendation).toContain("receiver refuses HIGH");
    expect(events()).toMatchObject([
      { event_type: "handoff_dropped", reason: "retries", trace_id: "1" },
      { event_type: "handoff_dropped", reason: "retries", trace_id: "2" },
    ]);
    checkLaw(diagnostics());
  });

  it("costs LOW before HIGH: the whole of one priority, batch by batch, then the other", () => {
    const { stage, offer, clock, room, diagnostics, ids } = setup({ batchSize: 2 });
    room.left = 0;
    for (let i = 0; i < 6; i += 1) offer(i, i < 2 ? HIGH : LOW);
    for (let i = 0; i < 8; i += 1) {
      stage.work();
      clock.us += 100;
    }
    expect(diagnostics()).toMatchObject({
      high: { dropped: {} },
      low: { dropped: { retries: 4 } },
    });
    room.left = 1;
    stage.work();
    expect(ids()).toEqual([0]);
    for (let i = 0; i < 4; i += 1, clock.us += 100) stage.work();
    expect(diagnostics().high).toMatchObject({ dropped: { retries: 1 }, sent: 1 });
    checkLaw(diagnostics());
  });

  it("does not let LOW overtake a HIGH batch that waits", () => {
    const { stage, offer, clock, room, sent } = setup({ batchTimeoutUs: 0 });
    room.left = 0;
    offer(1, HIGH);
    stage.work();
    room.left = 10;
    offer(2, LOW);
    stage.work();
    expect(sent).toEqual([]);
    clock.us += 100;
    stage.work();
    expect(sent).toEqual([
      { id: 1, priority: HIGH },
      { id: 2, priority: LOW },
    ]);
  });

  it("that answers nonsense counts as one that took nothing", () => {
    const answers = [Number.NaN, -3, 99];
    const sender = { trySend: () => answers.shift() ?? 0 };
    const { stage, offer, clock, diagnostics } = setup({
      senders: { mode: "sync", sender },
      batchTimeoutUs: 0,
    });
    offer(1, LOW);
    for (let i = 0; i < 3; i += 1) {
      stage.work();
      clock.us += 100;
    }
    expect(diagnostics().low).toMatchObject({ sent: 1, refusals: 2 });
    checkLaw(diagnostics());
  });
});

describe("a full queue", () => {
  const full = (dropPolicy: HandoffOptions["dropPolicy"], kinds: string) => {
    const rig = setup({ capacity: 4, batchSize: 4, batchTimeoutUs: 1_000_000, dropPolicy });
    rig.room.left = 0;
    // A HIGH batch is on its way and refused, so LOW waits too; four more fill the queue.
    for (let i = -4; i < 0; i += 1) rig.offer(i, HIGH);
    rig.stage.work();
    kinds.split("").forEach((kind, i) => rig.offer(i, kind === "H" ? HIGH : LOW));
    return rig;
  };
  const rest = (rig: ReturnType<typeof full>): number[] => {
    rig.room.left = Number.POSITIVE_INFINITY;
    rig.clock.us += 2_000_000;
    rig.stage.work();
    checkLaw(rig.diagnostics());
    return rig.ids().filter((id) => id >= 0);
  };

  it("drop-newest refuses LOW, and HIGH takes the place of the newest LOW", () => {
    const rig = full("drop-newest", "LLLL");
    expect(rig.offer(4, LOW)).toBe(handoffResult.dropped);
    expect(rig.offer(5, HIGH)).toBe(handoffResult.backpressure);
    expect(rig.diagnostics().low.dropped).toEqual({ full: 1, evicted: 1 });
    expect(rest(rig)).toEqual([5, 0, 1, 2]);
  });

  it("drop-oldest really takes the oldest LOW, then the oldest HIGH, and never HIGH for LOW", () => {
    const rig = full("drop-oldest", "LLHH");
    expect(rig.offer(4, LOW)).toBe(handoffResult.backpressure);
    expect(rig.offer(5, HIGH)).toBe(handoffResult.backpressure);
    expect(rig.offer(6, HIGH)).toBe(handoffResult.backpressure);
    expect(rig.offer(7, LOW)).toBe(handoffResult.dropped);
    expect(rig.offer(8, HIGH)).toBe(handoffResult.backpressure);
    expect(rig.diagnostics().high.dropped).toEqual({ evicted: 1 });
    expect(rest(rig)).toEqual([3, 5, 6, 8]);
  });

  it("block drops LOW at once and waits a bounded time for HIGH", () => {
    const rig = full("block", "HHHH");
    expect(rig.offer(4, LOW)).toBe(handoffResult.dropped);
    expect(rig.sleeps).toEqual([]);
    expect(rig.offer(5, HIGH)).toBe(handoffResult.dropped);
    expect(rig.sleeps).toEqual([100, 100]);
    expect(rig.diagnostics().high.dropped).toEqual({ blocked: 1 });
    rig.room.left = Number.POSITIVE_INFINITY;
    expect(rig.offer(6, HIGH)).toBe(handoffResult.backpressure);
    expect(rig.diagnostics().high.dropped).toEqual({ blocked: 1 });
    expect(rest(rig)).toEqual([0, 1, 2, 3, 6]);
  });
});

describe("asynchronous senders", () => {
  const slow = () => {
    const sent: Sent[] = [];
    const open: { batch: HandoffBatch; settle: (taken: number) => void; fail: () => void }[] = [];
    return {
      sent,
      open,
      send: (batch: HandoffBatch): Promise<number> =>
        new Promise((resolve, reject) => {
          const settle = (taken: number): void => {
            for (let i = 0; i < taken; i += 1) {
              sent.push({ id: batch.traceIdAt(i), priority: batch.priority });
            }
            resolve(taken);
          };
          open.push({ batch, settle, fail: () => reject(new Error("no")) });
        }),
    };
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("have one send in flight for each priority: a slow LOW one never holds up HIGH", async () => {
    const [high, low] = [slow(), slow()];
    const { stage, offer, diagnostics } = setup({
      senders: { mode: "async", high, low },
      batchSize: 2,
      batchTimeoutUs: 0,
    });
    for (let i = 0; i < 6; i += 1) offer(i, i % 2);
    stage.work();
    expect([high.open.length, low.open.length]).toEqual([1, 1]);
    stage.work();
    expect([high.open.length, low.open.length]).toEqual([1, 1]);
    high.open[0]?.settle(2);
    await turn();
    stage.work();
    expect([high.open.length, low.open.length]).toEqual([2, 1]);
    expect(diagnostics().low.onTheWay).toBe(2);
    high.open[1]?.settle(1);
    low.open[0]?.settle(2);
    await turn();
    stage.work();
    low.open[1]?.settle(1);
    await turn();
    expect(high.sent.map(({ id }) => id)).toEqual([1, 3, 5]);
    expect(low.sent.map(({ id }) => id)).toEqual([0, 2, 4]);
    checkLaw(diagnostics());
  });

  it("that fail are tried again in order, then given up", async () => {
    const [high, low] = [slow(), slow()];
    const { stage, offer, clock, diagnostics } = setup({
      senders: { mode: "async", high, low },
      batchTimeoutUs: 0,
      sendMaxRetries: 1,
    });
    offer(1, HIGH);
    stage.work();
    high.open[0]?.fail();
    await turn();
    offer(2, HIGH);
    stage.work();
    expect(high.open).toHaveLength(1);
    clock.us += 100;
    stage.work();
    expect(high.open[1]?.batch.traceIdAt(0)).toBe(1);
    high.open[1]?.fail();
    await turn();
    expect(diagnostics().high.dropped).toEqual({ retries: 1 });
    stage.work();
    high.open[2]?.settle(1);
    await turn();
    expect(high.sent).toEqual([{ id: 2, priority: HIGH }]);
    checkLaw(diagnostics());
  });
});

describe("shutdown", () => {
  it("drains at once, and counts what could not be drained", () => {
    const rig = setup({ batchTimeoutUs: 1_000_000 });
    for (let i = 0; i < 25; i += 1) rig.offer(i, LOW);
    expect(rig.stage.drain()).toBe(true);
    expect(rig.ids()).toHaveLength(25);
    rig.room.left = 3;
    for (let i = 25; i < 45; i += 1) rig.offer(i, i % 2);
    expect(rig.stage.drain()).toBe(false);
    rig.stage.stop();
    const { high, low } = rig.diagnostics();
    expect(dropsOf(high) + dropsOf(low)).toBe(17);
    expect(Object.keys({ ...high.dropped, ...low.dropped })).toEqual(["shutdown"]);
    checkLaw(rig.diagnostics());
  });
});

/** Losses for want of room, or to a receiver that takes nothing. */
const shed = (lane: LaneDiagnostics): number => noRoom(lane) + (lane.dropped.retries ?? 0);

describe("any course of events", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("offer" as const), priority: fc.integer({ min: 0, max: 1 }) }),
    fc.record({ do: fc.constant("wait" as const), us: fc.integer({ min: 0, max: 20_000 }) }),
    fc.record({ do: fc.constant("room" as const), left: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ do: fc.constant("work" as const) }),
  );

  it("keeps the law, the order within a priority, and sheds HIGH last", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("drop-oldest" as const, "drop-newest" as const, "block" as const),
        fc.array(step, { maxLength: 200 }),
        (dropPolicy, steps) => {
          const rig = setup({ dropPolicy, capacity: 6, batchSize: 3, sendMaxRetries: 2 });
          let id = 0;
          for (const one of steps) {
            if (one.do === "offer") {
              rig.stage.work();
              const before = rig.diagnostics();
              rig.offer(id, one.priority);
              // While a LOW candidate was there to go, no HIGH one went.
              if (before.low.queued > 0) {
                expect(shed(rig.diagnostics().high)).toBe(shed(before.high));
              }
              id += 1;
            } else if (one.do === "wait") rig.clock.us += one.us;
            else if (one.do === "room") rig.room.left = one.left;
            else rig.stage.work();
          }
          rig.stage.work();
          checkLaw(rig.diagnostics());
          for (const priority of [LOW, HIGH]) {
            const ids = rig.sent.filter((one) => one.priority === priority).map((one) => one.id);
            expect(ids).toEqual(ids.toSorted((a, b) => a - b));
            expect(new Set(ids).size).toBe(ids.length);
          }
          rig.room.left = Number.POSITIVE_INFINITY;
          rig.clock.us += 1_000_000;
          rig.stage.drain();
          rig.stage.work();
          const { high, low } = rig.diagnostics();
          expect([high.queued, high.onTheWay, low.queued, low.onTheWay]).toEqual([0, 0, 0, 0]);
          checkLaw(rig.diagnostics());
        },
      ),
      { seed, numRuns: 300 },
    );
  });
});

describe("options", () => {
  it("are refused out of range and against each other, naming the field", () => {
    expect(() => setup({ batchSize: 0 })).toThrow("batchSize=0, limits 1 to 1024");
    expect(() => setup({ capacity: 5 })).toThrow("batchSize=10 must not be above capacity=5");
    expect(() => setup({ adaptiveLowUs: 1000 })).toThrow("must be below adaptiveHighUs=1000");
    expect(() => setup({ sendRetryDelayUs: Number.NaN })).toThrow("sendRetryDelayUs=NaN");
    // Half a place is none: candidates would be lost and sent twice.
    expect(() => setup({ capacity: 20.5 })).toThrow("capacity=20.5, limits 1 to 65536, integers");
    expect(() => setup({ batchSize: 2.5 })).toThrow("batchSize=2.5");
    expect(() => setup({ dropPolicy: "DropOldest" as "drop-oldest" })).toThrow(
      "dropPolicy=DropOldest, one of drop-oldest, drop-newest, block",
    );
  });
});
