import { describe, expect, it } from "vitest";

import { topics } from "../../../schemas/topics.ts";
import {
  consumedTopics,
  createPositionsMemory,
  Positions,
  topicPartitionId,
  topicPartitions,
} from "../../../engine/ledger/positions.ts";

describe("positions", () => {
  it("gives every consumed partition an id of its own", () => {
    const total = consumedTopics.reduce((sum, topic) => sum + topics[topic].partitions, 0);
    expect(topicPartitions.length).toBe(total);
    topicPartitions.forEach(({ topic, partition }, id) => {
      expect(topicPartitionId(topic, partition)).toBe(id);
    });
  });

  it("has no id for a topic that the engine writes", () => {
    expect(topicPartitionId("weir-candidates", 0)).toBe(-1);
  });

  it("lets nothing be committed that a stage has not finished", () => {
    const positions = new Positions(createPositionsMemory());
    positions.set("read", 3, 100);
    positions.set("handled", 3, 90);
    positions.set("done", 3, 70);
    expect(positions.minimum(3)).toBe(70);
    positions.set("done", 3, 95);
    expect(positions.minimum(3)).toBe(90);
  });

  it("keeps offsets beyond 32 bits", () => {
    const positions = new Positions(createPositionsMemory());
    positions.set("read", 0, 2 ** 45 + 1);
    expect(positions.get("read", 0)).toBe(2 ** 45 + 1);
  });
});
