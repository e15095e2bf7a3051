// Memories of events, stage counts and handoffs have one type: the one in the place of another is an
// error at construction, where its cells would be overwritten and its numbers be nobody's.
import { expect, it } from "vitest";

import { createMessageRing, MessageRingWriter } from "../../../engine/doors/ring.ts";
import {
  createHandoffMemory,
  handoffDefaults,
  HandoffStage,
  readHandoffDiagnostics,
} from "../../../engine/doors/sniff.ts";
import {
  createEventMemory,
  createStageMemory,
  EventCollector,
  readEvents,
  readStageCounts,
  StageCells,
  StageOutput,
} from "../../../engine/doors/stage.ts";

const others = (own: () => SharedArrayBuffer): readonly SharedArrayBuffer[] => [
  ...[createEventMemory, createStageMemory, createHandoffMemory]
    .filter((create) => create !== own)
    .map((create) => create()),
  ...[0, 4, 7, 8, 128, 1024].map((bytes) => new SharedArrayBuffer(bytes)),
];

it("events are written to and read from memory for events alone", () => {
  for (const memory of others(createEventMemory)) {
    expect(() => new EventCollector(memory)).toThrow("make it with createEventMemory");
    expect(() => readEvents([memory], { type: null, limit: 1 })).toThrow("holds no events");
  }
});

it("events of a type that there is not are refused, instead of all being given", () => {
  const query = { type: "nonsense" as "bundle_submitted", limit: 1 };
  expect(() => readEvents([createEventMemory()], query)).toThrow("type=nonsense, one of ");
});

it("events are read up to a limit that there is", () => {
  for (const limit of [0, -1, 1.5, 10_001, Number.NaN, undefined as unknown as number])
    expect(() => readEvents([createEventMemory(1)], { type: null, limit })).toThrow(
      `limit=${limit}, integers from 1 to 10000`,
    );
});

it("a share of the traces is one in an integer, and the old one holds when it is none", () => {
  const events = new EventCollector(createEventMemory(1), 2);
  for (const sampleEvery of [Number.NaN, -1, 0.5, Infinity]) {
    const message = `sampleEvery=${sampleEvery}, an integer of 0 or more`;
    expect(() => new EventCollector(createEventMemory(1), sampleEvery)).toThrow(message);
    expect(() => events.configure(sampleEvery)).toThrow(message);
  }
  expect([1, 2].map((traceId) => events.isSampled(traceId))).toEqual([false, true]);
});

it("a stage's output waits for a time that is one, and claims no bytes below 0", () => {
  const memory = createMessageRing({ capacityBytes: 1024, policy: "block" });
  const ring = new MessageRingWriter(memory);
  for (const waitMs of [Number.NaN, -1, undefined as unknown as number])
    expect(() => new StageOutput({ ring, waitMs })).toThrow(`waitMs=${waitMs}, 0 at least`);
  const output = new StageOutput({ ring, waitMs: 0, makeRoom: () => undefined });
  expect([output.claim(1, -1), output.claim(1, 500)]).toEqual([-1, -1]);
});

it("stage counts are written to and read from memory for them alone", () => {
  for (const memory of others(createStageMemory)) {
    expect(() => new StageCells(memory)).toThrow("make it with createStageMemory");
    expect(() => readStageCounts(memory)).toThrow("holds no stage counts");
    expect(() => readStageCounts(createStageMemory(), memory)).toThrow("holds no stage counts");
  }
});

it("a handoff counts in memory for it alone", () => {
  const events = new EventCollector(createEventMemory(1));
  const senders = { mode: "sync", sender: { trySend: () => 0 } } as const;
  for (const memory of others(createHandoffMemory)) {
    const parts = { senders, events, memory };
    expect(() => new HandoffStage(parts, handoffDefaults)).toThrow("make it with createHandoff");
    expect(() => readHandoffDiagnostics(memory)).toThrow("holds no handoff");
  }
});
