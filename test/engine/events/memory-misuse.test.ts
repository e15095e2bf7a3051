// Memories of events, stage counts and handoffs have one type: the one in the place of another is an
// error at construction, where its cells would be overwritten and its numbers be nobody's.
import { expect, it } from "vitest";

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
