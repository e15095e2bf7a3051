import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

import { afterEach, describe, expect, it } from "vitest";

import { UnreachableError } from "../../../engine/cli/command.ts";
import type { ControlServer } from "../../../engine/control/server.ts";
import { startControlServer } from "../../../engine/control/server.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { EventCollector } from "../../../engine/events/event-collector.ts";
import { eventType, reason } from "../../../engine/events/event-layout.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { ItemCounts, noneRefused } from "../../../engine/ledger/item-counts.ts";
import { topicPartitionId } from "../../../engine/ledger/positions.ts";
import { cellOf, MetricCells } from "../../../engine/metrics/cells.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";

let server: ControlServer | null = null;
let isReady = true;

const start = async (port = 0) => {
  const memory = createEngineMemory();
  server = await startControlServer({
    port,
    snapshot: () => takeSnapshot(memory),
    isReady: () => isReady,
    about: () => ({ runId: "r" }),
    events: [memory.events],
  });
  return { memory, url: server.url };
};

/** With the path as it stands: fetch would mend it. */
const statusOf = async (url: string, path: string): Promise<number | undefined> => {
  const asked = request({ host: "127.0.0.1", port: new URL(url).port, path }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
};

afterEach(async () => {
  isReady = true;
  await server?.close();
  server = null;
});

describe("control server", () => {
  it("VX12: shows what the threads count, under Prometheus names and labels", async () => {
    const { memory, url } = await start();
    const cells = new MetricCells(memory.metrics);
    const items = new ItemCounts(memory.items);
    const add = (partition: number, offset: number, of: { items: number; ownRun: boolean }) =>
      items.add({
        id: topicPartitionId("otlp_spans", partition),
        offset,
        refused: noneRefused,
        ...of,
      });
    add(0, 0, { items: 41, ownRun: true });
    add(1, 0, { items: 1, ownRun: true });
    add(1, 1, { items: 2, ownRun: false });
    cells.add(cellOf("rejectedVote"), 7);
    const read = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    const text = await read();
    expect(text).toContain('weir_items_handled_total{signal="spans"} 42');
    expect(text).toContain('weir_items_foreign_total{signal="spans"} 2');
    expect(text).toContain('weir_sniffer_rejected_total{reason="vote"} 7');
    expect(text).toContain("# TYPE weir_items_handled_total counter");
    // A second scrape must not add the same counts again.
    expect(await read()).toContain('weir_items_handled_total{signal="spans"} 42');
  });

  it("shows rings, positions and latencies in /status", async () => {
    const { memory, url } = await start();
    const ring = new MessageRingWriter(memory.ingestMarket);
    ring.commit(ring.claim(1, 100));
    ring.publish();
    new MetricCells(memory.metrics).histogram("ingestMarket").record(50);
    const status = (await (await fetch(`${url}/status`)).json()) as {
      runId: string;
      rings: { ingestMarket: { usedBytes: number } };
      latencyUs: { ingestMarket: { p50: number } };
      positions: unknown[];
    };
    expect(status.runId).toBe("r");
    expect(status.rings.ingestMarket.usedBytes).toBeGreaterThanOrEqual(100);
    expect(status.latencyUs.ingestMarket.p50).toBe(50);
    expect(status.positions.length).toBeGreaterThan(0);
  });

  it("shows the newest events by type and limit, and names what it does not know", async () => {
    const { memory, url } = await start();
    const events = new EventCollector(memory.events);
    for (let traceId = 0; traceId < 20; traceId += 1) {
      events.stamp(1_000 + traceId);
      events.detail.value = 700 + traceId;
      events.record(eventType.bytesReceived, traceId);
      events.detail.reason = reason.vote;
      events.record(eventType.prefilterRejected, traceId);
    }
    const read = async (query: string): Promise<unknown[]> => {
      const response = await fetch(`${url}/events${query}`);
      expect(response.status).toBe(200);
      return (await response.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    };
    expect(await read("")).toHaveLength(40);
    expect(await read("?type=bytes_received&limit=2")).toEqual([
      { event_type: "bytes_received", trace_id: "18", timestamp_us: 1018, size: 718 },
      { event_type: "bytes_received", trace_id: "19", timestamp_us: 1019, size: 719 },
    ]);
    expect(await read("?limit=1")).toEqual([
      { event_type: "prefilter_rejected", trace_id: "19", timestamp_us: 1019, reason: "vote" },
    ]);
    const unknown = await fetch(`${url}/events?type=nothing`);
    expect(unknown.status).toBe(400);
    expect(await unknown.text()).toContain("handoff_dropped");
    for (const limit of ["0", "10001", "1e3", "0x10", "-1", "1.5"]) {
      const wrong = await fetch(`${url}/events?limit=${limit}`);
      expect(wrong.status).toBe(400);
      expect(await wrong.text()).toBe(`limit=${limit}; limits 1 to 10000\n`);
    }
  });

  it("is live always and ready only while it serves", async () => {
    const { url } = await start();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    isReady = false;
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it("names the known paths to who asks for another, and allows only reading", async () => {
    const { url } = await start();
    const missing = await fetch(`${url}/metric`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain("/metrics");
    const posted = await fetch(`${url}/status`, { method: "POST" });
    expect(posted.status).toBe(405);
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
  });

  it("answers 400 for what is no path, and goes on", async () => {
    const { url } = await start();
    for (const path of ["//", "http://[", "/\\", "http://a:99999/"]) {
      expect(await statusOf(url, path)).toBe(400);
    }
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it("says which option to use when the port is taken", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const memory = createEngineMemory();
    const again = startControlServer({
      port,
      snapshot: () => takeSnapshot(memory),
      isReady: () => true,
      about: () => ({}),
      events: [],
    });
    await expect(again).rejects.toThrow(UnreachableError);
    await expect(again).rejects.toThrow("--control-port");
  });
});
