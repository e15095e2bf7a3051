// A handoff on one thread with a clock, a receiver and sleeps that the test turns.
import { expect } from "vitest";

import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import type { EventLine } from "../../../engine/events/event-line.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import {
  createHandoffMemory,
  type HandoffDiagnostics,
  type LaneDiagnostics,
  readCorrelationSamples,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import { handoffDefaults, type HandoffOptions } from "../../../engine/handoff/handoff-options.ts";
import { type HandoffResult, HandoffStage } from "../../../engine/handoff/handoff-stage.ts";
import { type HandoffBatch, laneRecordBytesMax } from "../../../engine/handoff/lane.ts";
import type { CorrelationSample } from "../../../engine/handoff/latency-correlation.ts";
import type { HandoffSenders } from "../../../engine/handoff/sender.ts";

export const LOW = 0;
export const HIGH = 1;

export type Sent = { readonly id: number; readonly priority: number };

/** A receiver that takes as much as `room` says. */
const receiver = (room: { left: number }) => {
  const sent: Sent[] = [];
  const batches: number[] = [];
  const trySend = (batch: HandoffBatch): number => {
    const take = Math.min(batch.count, room.left);
    room.left -= take;
    batches.push(batch.count);
    for (let i = 0; i < take; i += 1) {
      const id = batch.view.getFloat64(batch.recordAt(i), true);
      expect(id).toBe(batch.traceIdAt(i));
      expect(batch.view.getFloat64(batch.recordAt(i) + batch.lengthAt(i) - 8, true)).toBe(-id);
      sent.push({ id, priority: batch.priority });
    }
    return take;
  };
  return { sent, batches, trySend };
};

type Setup = Partial<HandoffOptions> & { readonly senders?: HandoffSenders };

export type HandoffRig = {
  readonly stage: HandoffStage;
  readonly clock: { us: number };
  /** How many more records the receiver takes. */
  readonly room: { left: number };
  readonly sleeps: number[];
  readonly offer: (id: number, priority: number, bytes?: number) => HandoffResult;
  readonly sent: Sent[];
  readonly batches: number[];
  readonly ids: () => number[];
  readonly diagnostics: () => HandoffDiagnostics;
  readonly samples: () => readonly CorrelationSample[];
  readonly events: () => readonly EventLine[];
};

export const setup = ({ senders, ...change }: Setup = {}): HandoffRig => {
  const clock = { us: 0 };
  const room = { left: Number.POSITIVE_INFINITY };
  const sleeps: number[] = [];
  const sender = receiver(room);
  const memory = createHandoffMemory();
  const eventMemory = createEventMemory();
  const stage = new HandoffStage(
    {
      senders: senders ?? { mode: "sync", sender },
      events: new EventCollector(eventMemory),
      memory,
      nowUs: () => clock.us,
      sleepUs: (us) => {
        sleeps.push(us);
        clock.us += us;
      },
    },
    { ...handoffDefaults, ...change },
  );
  stage.start();
  const view = new DataView(new ArrayBuffer(laneRecordBytesMax));
  const offer = (id: number, priority: number, bytes = 320) => {
    view.setFloat64(0, id, true);
    view.setFloat64(bytes - 8, -id, true);
    return stage.offer({ view, at: 0, bytes, traceId: id, queuedUs: clock.us }, priority);
  };
  return {
    stage,
    clock,
    room,
    sleeps,
    offer,
    sent: sender.sent,
    batches: sender.batches,
    ids: () => sender.sent.map(({ id }) => id),
    diagnostics: () => readHandoffDiagnostics(memory),
    samples: () => readCorrelationSamples(memory),
    events: () => readEvents([eventMemory], { type: null, limit: 10_000 }),
  };
};

export const dropsOf = ({ dropped }: LaneDiagnostics): number =>
  Object.values(dropped).reduce((total, count) => total + count, 0);

export const checkLaw = (diagnostics: HandoffDiagnostics): void => {
  for (const lane of [diagnostics.high, diagnostics.low]) {
    expect(lane.sent + lane.queued + lane.onTheWay + dropsOf(lane)).toBe(lane.offered);
    expect(lane.sojourn.reduce((a, b) => a + b)).toBe(lane.sent);
  }
};
