import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import {
  createEventMemory,
  eventCapacity,
  EventCollector,
} from "../../../engine/events/event-collector.ts";
import { eventType, reason } from "../../../engine/events/event-layout.ts";
import { eventsWritten, readEvents } from "../../../engine/events/event-reader.ts";

const all = { type: null, limit: 10_000 } as const;

describe("event collector", () => {
  it("keeps the newest events of its capacity, 10,000 by default", () => {
    const memory = createEventMemory();
    const collector = new EventCollector(memory);
    const total = eventCapacity * 2 + 345;
    for (let i = 0; i < total; i += 1) {
      collector.stamp(i);
      collector.record(eventType.bytesReceived, i);
    }
    const lines = readEvents([memory], all);
    expect(eventCapacity).toBe(10_000);
    expect(lines).toHaveLength(10_000);
    expect(lines[0]?.trace_id).toBe(String(total - 10_000));
    expect(lines.at(-1)?.trace_id).toBe(String(total - 1));
    expect(eventsWritten(memory)).toBe(total);
  });

  it("says of each event what it has, and clears details behind it", () => {
    const memory = createEventMemory(8);
    const collector = new EventCollector(memory);
    collector.stamp(5.5);
    collector.detail.value = 12;
    collector.detail.priority = 1;
    collector.record(eventType.candidateExtracted, 1);
    collector.detail.reason = reason.malformed;
    collector.record(eventType.extractionFailed, 2);
    collector.detail.value = 3;
    collector.detail.depth = 4;
    collector.record(eventType.handoffSent, 3);
    collector.record(eventType.handoffDropped, 2 ** 53 - 1);
    const at = { timestamp_us: 5.5 };
    expect(readEvents([memory], all)).toEqual([
      { event_type: "candidate_extracted", trace_id: "1", ...at, latency_us: 12, priority: "HIGH" },
      { event_type: "extraction_failed", trace_id: "2", ...at, error: "malformed" },
      { event_type: "handoff_sent", trace_id: "3", ...at, latency_us: 3, queue_depth: 4 },
      { event_type: "handoff_dropped", trace_id: "9007199254740991", ...at },
    ]);
  });

  it("records all events of a sampled trace and none of the others", () => {
    const memory = createEventMemory(100);
    const collector = new EventCollector(memory, 4);
    for (let trace = 0; trace < 12; trace += 1) {
      collector.record(eventType.bytesReceived, trace);
      collector.record(eventType.prefilterPassed, trace);
    }
    const traces = readEvents([memory], all).map(({ trace_id: id }) => id);
    expect(traces).toEqual(["0", "0", "4", "4", "8", "8"]);
    const none = new EventCollector(memory, 0);
    none.record(eventType.bytesReceived, 0);
    expect(eventsWritten(memory)).toBe(6);
  });

  it("samples otherwise once it is told so", () => {
    const memory = createEventMemory(64);
    const collector = new EventCollector(memory, 0);
    for (let i = 0; i < 16; i += 1) {
      if (i === 4) collector.configure(1);
      if (i === 8) collector.configure(5);
      collector.record(eventType.bytesReceived, i);
    }
    const ids = readEvents([memory], all).map((line) => line.trace_id);
    expect(ids).toEqual(["4", "5", "6", "7", "10", "15"]);
  });

  it("goes on where a collector before it stopped, and joins several memories by time", () => {
    const first = createEventMemory(4);
    const second = createEventMemory(4);
    const collectors = [first, second].map((memory) => new EventCollector(memory));
    for (let i = 0; i < 6; i += 1) {
      collectors[i % 2]?.stamp(i);
      collectors[i % 2]?.record(eventType.bytesReceived, i);
    }
    const again = new EventCollector(first);
    again.stamp(9);
    again.record(eventType.bytesReceived, 9);
    again.record(eventType.bytesReceived, 10);
    const ids = (limit: number) =>
      readEvents([first, second], { type: null, limit }).map(({ trace_id: id }) => id);
    expect(ids(10)).toEqual(["1", "2", "3", "4", "5", "9", "10"]);
    expect(ids(2)).toEqual(["9", "10"]);
  });

  it("is read whole while another thread writes: no event with parts of two", async () => {
    const memory = createEventMemory(64);
    const file = new URL("event-writer.thread.ts", import.meta.url);
    const worker = new Worker(file, { workerData: memory });
    const state = { isRunning: true };
    worker.once("exit", () => {
      state.isRunning = false;
    });
    let read = 0;
    for (let isLast = false; !isLast;) {
      isLast = !state.isRunning;
      for (const line of readEvents([memory], all)) {
        // The writer makes all parts of an event from one number.
        expect(line.timestamp_us).toBe(Number(line.trace_id) * 2);
        expect(line.size).toBe(Number(line.trace_id) % 1000);
        read += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read).toBeGreaterThan(0);
    expect(eventsWritten(memory)).toBe(300_000);
  });

  it("refuses a capacity out of range", () => {
    expect(() => createEventMemory(0)).toThrow("capacity=0, limits 1 to 1000000");
  });
});
