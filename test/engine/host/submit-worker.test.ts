// The submit worker with stages on real threads; its own thread is a stand-in.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { SubmitWorker } from "../../../engine/host/submit-worker.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";
import type { Worker } from "../../../engine/supervise/worker.ts";
import { writeModule } from "../threads/stage-modules.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-submit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const started = async (stop: string): Promise<{ worker: Worker; asked: string[] }> => {
  const source = `export const stage = {
    name: "idle", inputBytes: 32, outputBytes: 32, metrics: {},
    configure: () => () => ({ name: "idle", start() {}, work: () => 0, stop() { ${stop} } }),
  };`;
  const asked: string[] = [];
  const worker = new SubmitWorker({
    settings: {
      stages: [{ module: writeModule(folder, `idle-${stop.length}`, source), options: {} }],
      stageFolder: folder,
      outlet: { kind: "none" },
      eventSampleEvery: 0,
      bundleTimeoutUs: 100,
    },
    shown: new StageMetricsSet(),
    start: async () => undefined,
    ask: async (order) => {
      asked.push(order.do);
    },
    expectExit: () => asked.push("expect exit"),
    kill: async () => undefined,
    heartbeat: () => 0,
    onDied: () => undefined,
  }).worker();
  await worker.start();
  return { worker, asked };
};

const inOrder = ["drain", "expect exit", "stop"];

describe("the end of the submit worker", () => {
  it("is in order when its stages stop", async () => {
    const { worker, asked } = await started("");
    await expect(worker.stop()).resolves.toBeUndefined();
    expect(asked).toEqual(inOrder);
    await worker.kill();
  });

  it("fails when a stage had to be killed, after everything else was stopped", async () => {
    const { worker, asked } = await started("for (;;);");
    await expect(worker.stop()).rejects.toThrow("a stage did not stop within 1000 ms");
    expect(asked).toEqual(inOrder);
    await worker.kill();
  });
});
