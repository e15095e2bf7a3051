import { describe, expect, it } from "vitest";

import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { readTops } from "../../../engine/book/top-reader.ts";
import { reason } from "../../../engine/events/event-layout.ts";
import { readStageCounts, StageCells } from "../../../engine/events/stage-cells.ts";
import {
  HandoffCells,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import { handOver } from "../../../engine/host/hand-over.ts";
import { Lanes } from "../../../engine/host/lanes.ts";
import {
  createEngineMemory,
  memoryDefaults,
  type MemorySizes,
  ringNames,
} from "../../../engine/host/memory.ts";
import type { Order } from "../../../engine/host/thread-data.ts";
import { cellOf, MetricCells } from "../../../engine/metrics/cells.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { priorityHigh } from "../../../engine/ring/ring-control-layout.ts";
import { readRingStats } from "../../../engine/ring/ring-stats.ts";

/** Memory whose rings hold three messages each, and an ingest that writes down what it is asked. */
const leftBehind = (sizes: MemorySizes = memoryDefaults) => {
  const memory = createEngineMemory(0, sizes);
  for (const name of ringNames) {
    const writer = new MessageRingWriter(memory[name]);
    for (let i = 0; i < 3; i += 1) writer.tryWrite(1, new Uint8Array(100));
    writer.publish();
    // Claimed and never published: what a thread that is killed leaves behind.
    writer.claim(1, 50);
  }
  const orders: string[] = [];
  const asked = (thread: string) => ({
    ask: async (order: Order): Promise<void> => {
      if (order.do === "rewind") {
        orders.push(`${order.role} has ${order.inputs.length}, dead ${order.dead.join(" ")}`);
      } else orders.push(`${thread} ${order.do}`);
    },
  });
  const lanes = new Lanes(memory, sizes);
  const ingest = asked("ingest");
  const egress = asked("egress");
  // In the order of ringNames: inputs of market and stream, outputs of market and stream.
  const left = () => ringNames.map((name) => readRingStats(memory[name]).inFlight);
  return { memory, lanes, ingest, egress, orders, left };
};

describe("hand-over", () => {
  it("of a stage leaves its outputs and has its input fed again", async () => {
    const { lanes, ingest, egress, orders, left } = leftBehind();
    await handOver(lanes, new Set(["market"]), { ingest, egress });
    expect(orders).toEqual(["egress read", "market has 1, dead 0"]);
    expect(left()).toEqual([3, 3, 3, 3]);
  });

  it("of egress empties both output rings: a mark in them may stand behind a lost output", async () => {
    const { lanes, ingest, orders, left } = leftBehind();
    await handOver(lanes, new Set(["egress", "market", "stream"]), { ingest, egress: null });
    expect(orders).toEqual(["market has 1, dead 0", "stream has 1, dead 0"]);
    expect(left()).toEqual([3, 3, 0, 0]);
  });

  it("of ingest empties all rings: the new one begins at the committed positions", async () => {
    const { lanes, left } = leftBehind();
    const dead = new Set(["ingest", "egress", "market", "stream"]);
    await handOver(lanes, dead, { ingest: null, egress: null });
    expect(left()).toEqual([0, 0, 0, 0]);
  });

  it("of one lane leaves the others; a lane that is given up counts as dead", async () => {
    const { lanes, ingest, egress, orders } = leftBehind();
    lanes.resize("stream", 3);
    await handOver(lanes, new Set(["stream-2"]), { ingest, egress });
    lanes.resize("stream", 1);
    await handOver(lanes, new Set(["stream"]), { ingest, egress });
    expect(orders).toEqual([
      "egress read",
      "stream has 3, dead 1",
      "egress read",
      "stream has 1, dead 0 1 2",
    ]);
  });

  it("completes what a dead market thread counted, also when its lane is given up", async () => {
    const { lanes, ingest, egress } = leftBehind({ ...memoryDefaults, hasTap: true });
    lanes.resize("market", 2);
    const { sniff, tap, metrics } = lanes.active("market")[1]?.memory ?? createEngineMemory();
    const secure = new StageCells(sniff.secure);
    for (let i = 0; i < 5; i += 1) secure.received();
    secure.passed();
    secure.rejected(reason.signature);
    const handoff = new HandoffCells(sniff.handoff);
    for (let i = 0; i < 3; i += 1) handoff.offered(priorityHigh);
    handoff.sent(priorityHigh, 1);
    handoff.depth(priorityHigh, 2, 0);
    // Published by the tap, and not counted any more.
    const writer = new MessageRingWriter(tap?.high ?? new SharedArrayBuffer(0));
    writer.tryWrite(1, new Uint8Array(100));
    writer.publish();
    lanes.resize("market", 1);
    const cells = new MetricCells(metrics);
    for (let times = 0; times < 2; times += 1) {
      await handOver(lanes, new Set(["stream"]), { ingest, egress });
      const { dropped, inFlight } = readStageCounts(sniff.secure);
      expect([dropped.restart, inFlight]).toEqual([3, 0]);
      const { high } = readHandoffDiagnostics(sniff.handoff);
      expect([high.dropped.restart, high.queued]).toEqual([2, 0]);
      expect(cells.read("candidates")).toBe(1);
      expect(cells.read("rejectedSignature")).toBe(1);
      expect(cells.read("submitOfferedHigh")).toBe(1);
    }
  });

  it("keeps the counters of the dead, and forgets their books", async () => {
    const { memory, lanes, ingest, egress } = leftBehind();
    const message = new DepthMessage();
    message.kind = depthKind.snapshot;
    message.symbol = "BTCUSDT";
    message.venue = 1;
    message.firstId = 5;
    message.lastId = 5;
    message.receiveNs = 1n;
    message.addBid(100, 1);
    message.addAsk(101, 1);
    const item = depthItemOf(message);
    if (typeof item === "number") throw new Error(`code ${item}`);
    new MarketBooks({ memory: memory.books }).apply(new DataView(item.buffer), 0, item.length);
    const cells = new MetricCells(memory.metrics);
    cells.add(cellOf("malformedFrames"), 7);
    expect(readTops(memory.books)).toHaveLength(1);
    await handOver(lanes, new Set(["market"]), { ingest, egress });
    expect(readTops(memory.books)).toEqual([]);
    cells.set(cellOf("malformedFrames"), 1);
    expect(cells.read("malformedFrames")).toBe(8);
  });
});
