// Custom stages one behind the other, on real threads: what goes in comes out, in order, and is
// counted where the control server shows it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, describe, expect, it } from "vitest";

import { type ControlServer, startControlServer } from "../../../engine/control/server.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { loadStage } from "../../../engine/threads/load-stage.ts";
import { startStageChain } from "../../../engine/threads/stage-chain.ts";
import { pumpRecords } from "./pump-records.ts";
import { adderSource, writeModule } from "./stage-modules.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-chain-"));
afterAll(() => rmSync(folder, { recursive: true }));

let server: ControlServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const adder = (step: number, more = {}) =>
  loadStage(writeModule(folder, "adder", adderSource("adder")), { step, ...more }, folder);

describe("a chain of custom stages", () => {
  it("hands every record through all of them, in order, and stops from the front", async () => {
    const shown = new StageMetricsSet();
    const stages = [await adder(1), await adder(10), await adder(100)];
    const chain = startStageChain({ stages, shown, slots: 16 });
    const threads = shown.read().map(({ thread }) => thread);
    expect(threads).toEqual(["adder-0", "adder-1", "adder-2"]);
    const seen = await pumpRecords(chain, 500, () => chain.stop());
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i + 111));
    await chain.ended;
    expect(shown.read()).toEqual([]);
  });

  it("takes stages of one name as long as a name may be", async () => {
    const name = "a".repeat(40);
    const source = writeModule(folder, "long", adderSource(name));
    const stages = [1, 2].map(() => loadStage(source, { step: 1 }, folder));
    const shown = new StageMetricsSet();
    const chain = startStageChain({ stages: await Promise.all(stages), shown });
    expect(shown.read().map(({ thread }) => thread)).toEqual([`${name}-0`, `${name}-1`]);
    expect(await chain.stop(Infinity)).toBe(true);
  });

  it("waits without a deadline as long as it takes, and refuses one that is no number", async () => {
    const chain = startStageChain({ stages: [await adder(1)], shown: new StageMetricsSet() });
    await expect(chain.stop(Number.NaN)).rejects.toThrow("deadlineMs=NaN, 0 at least");
    expect(await pumpRecords(chain, 1000, () => chain.stop(Infinity))).toHaveLength(1000);
  });

  it("shows its counts in the running control server without further code", async () => {
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
    const chain = startStageChain({ stages: [await adder(7)], shown: stages });
    const source = new SlotRingWriter(chain.input);
    const sink = new SlotRingReader(chain.output);
    source.claim(3);
    source.publish(3);
    while (sink.available() < 3) await sink.waitForSlotsAsync(100);
    // The count is written after the records: a scrape may come between the two.
    const read = async (): Promise<string> => (await fetch(`${server?.url}/metrics`)).text();
    await expect.poll(read).toContain('adder_added_total{stage="adder"} 3');
    const status = (await (await fetch(`${server.url}/status`)).json()) as { stages: unknown };
    expect(status.stages).toMatchObject([{ stage: "adder", counters: { added: 3 } }]);
    sink.release(3);
    await chain.stop();
    expect(await read()).not.toContain("adder_added_total");
  });

  it("tells what one of its stages died of, and stops the others all the same", async () => {
    const shown = new StageMetricsSet();
    const stages = [await adder(1, { dies: true }), await adder(1)];
    const chain = startStageChain({ stages, shown });
    await expect(chain.ended).rejects.toThrow("as it was told");
    // A dead stage's last counts stay to be seen until somebody stops the chain.
    expect(shown.read()).toHaveLength(2);
    await expect(chain.stop(5000)).rejects.toThrow("as it was told");
    expect(shown.read()).toEqual([]);
  });

  it("refuses stages that do not fit, none, and too many", async () => {
    const shown = new StageMetricsSet();
    const one = await adder(1);
    const wide = { ...one, name: "wide", inputBytes: 16 };
    expect(() => startStageChain({ stages: [one, wide], shown })).toThrow(
      "stage=adder gives records of 8 bytes, stage=wide takes 16",
    );
    expect(() => startStageChain({ stages: [], shown })).toThrow("stages=0, limits 1 to 8");
    const many = Array.from({ length: 9 }, () => one);
    expect(() => startStageChain({ stages: many, shown })).toThrow("stages=9, limits 1 to 8");
    expect(shown.read()).toEqual([]);
  });
});
