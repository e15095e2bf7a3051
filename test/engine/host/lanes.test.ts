import { describe, expect, it } from "vitest";

import { inputOf, Lanes, outputOf } from "../../../engine/host/lanes.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";

describe("lanes", () => {
  it("begin with the engine's own memory and have rings of their own", () => {
    const memory = createEngineMemory();
    const lanes = new Lanes(memory);
    lanes.resize("market", 3);
    const active = lanes.active("market");
    expect(active.map(({ name }) => name)).toEqual(["market", "market-2", "market-3"]);
    expect(active[0]?.memory).toBe(memory);
    expect(new Set(active.map(inputOf)).size).toBe(3);
    expect(new Set(active.map(outputOf)).size).toBe(3);
    // What belongs to partitions, whoever handles them, is one.
    for (const lane of active) {
      expect(lane.memory.positions).toBe(memory.positions);
      expect(lane.memory.items).toBe(memory.items);
      expect(lane.memory.replays).toBe(memory.replays);
    }
    expect(memory.replays).toHaveLength(6);
    expect(lanes.events).toHaveLength(3);
  });

  it("keep what was given up: its rings are read on, and it is taken up again", () => {
    const lanes = new Lanes(createEngineMemory());
    lanes.resize("stream", 2);
    const second = lanes.active("stream")[1];
    lanes.resize("stream", 1);
    expect(lanes.active("stream")).toHaveLength(1);
    expect(lanes.inputs().stream).toHaveLength(1);
    expect(lanes.outputs()).toHaveLength(3);
    expect(lanes.dead("stream", new Set())).toEqual([second]);
    lanes.resize("stream", 2);
    expect(lanes.active("stream")[1]).toBe(second);
  });
});
