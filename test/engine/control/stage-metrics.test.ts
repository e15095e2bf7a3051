// A stage that is not the engine's own declares its metrics; the running control server shows them.
import { afterEach, describe, expect, it } from "vitest";

import { type ControlServer, startControlServer } from "../../../engine/control/server.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { createStageMetrics, StageMetrics } from "../../../engine/metrics/stage-metrics.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";

let server: ControlServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

describe("metrics of a further stage", () => {
  it("appear in /metrics and /status of a running control server once its memory is added", async () => {
    const memory = createEngineMemory();
    const stages = new StageMetricsSet();
    server = await startControlServer({
      port: 0,
      snapshot: () => takeSnapshot(memory),
      isReady: () => true,
      about: () => ({}),
      events: [],
      stages,
    });
    const { url } = server;
    const read = async (path: string): Promise<string> => (await fetch(url + path)).text();
    expect(await read("/metrics")).not.toContain("spread_alerts_total");

    const own = createStageMetrics({
      stage: "spread-alert",
      counters: { alerts: { name: "spread_alerts_total", help: "Spreads above the limit" } },
    });
    stages.add(own);
    new StageMetrics(own).counter("alerts").add(3);
    const text = await read("/metrics");
    expect(text).toContain('spread_alerts_total{stage="spread-alert"} 3');
    // The engine's own are there as before, and the text ends as the format wants it.
    expect(text).toContain("weir_ring_used_bytes");
    expect(text.endsWith("\n") && !text.includes("\n\n\n")).toBe(true);
    const status = JSON.parse(await read("/status")) as { stages: unknown };
    expect(status.stages).toEqual([
      { stage: "spread-alert", thread: "", counters: { alerts: 3 }, gauges: {}, histograms: {} },
    ]);

    stages.remove(own);
    expect(await read("/metrics")).not.toContain("spread_alerts_total");
  });
});
