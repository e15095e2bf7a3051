// Stages from modules: good ones run, on this thread and on one of their own; bad ones are named with
// what is wrong with them, before anything runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

import { StageMetrics, StageMetricsReader } from "../../../engine/metrics/stage-metrics.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { startStageThread } from "../../../engine/threads/custom-stage.ts";
import { loadStage, StageLoadError } from "../../../engine/threads/load-stage.ts";
import { runDutyCycle } from "../../../engine/threads/stage.ts";
import { pumpRecords } from "./pump-records.ts";
import { adderSource, writeModule } from "./stage-modules.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-stages-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a module and returns how a configuration in its folder would name it. */
const moduleOf = (name: string, source: string): string => writeModule(folder, name, source);

const adder = moduleOf("adder", adderSource("adder"));

const ring = (slotBytes = 8): SharedArrayBuffer =>
  createSlotRing({ slotBytes, slots: 64, policy: "block" });

const load = (specifier: string, options = {}) => loadStage(specifier, options, folder);

const refusal = async (specifier: string, options = {}): Promise<[string, string]> => {
  const error: unknown = await load(specifier, options).catch((caught: unknown) => caught);
  if (!(error instanceof StageLoadError)) throw new Error(`no refusal of ${specifier}`);
  return [error.code, error.message];
};

describe("a stage from a module", () => {
  it("may take any time to load, or the time that it is given", async () => {
    const slow = "await new Promise((resolve) => setTimeout(resolve, 50));\n";
    const specifier = moduleOf("slow", slow + adderSource("slow"));
    for (const loadMsMax of [Number.NaN, -1, "soon" as unknown as number])
      await expect(loadStage(specifier, { step: 1 }, folder, loadMsMax)).rejects.toThrow(
        `loadMsMax=${loadMsMax}, 0 at least`,
      );
    expect((await loadStage(specifier, { step: 1 }, folder, Infinity)).name).toBe("slow");
  });

  it("runs on the thread of who loaded it", async () => {
    const stage = await load(adder, { step: 5 });
    const [before, after] = [ring(), ring()];
    const metrics = stage.createMetrics();
    const running = stage.create({
      input: new SlotRingReader(before),
      output: new SlotRingWriter(after),
      metrics: new StageMetrics(metrics),
      nowUs: () => 0,
    });
    const source = new SlotRingWriter(before);
    source.claim(1);
    source.i32[source.slotBase(0) >> 2] = 37;
    source.publish(1);
    expect([running.work(), running.work()]).toEqual([1, 0]);
    const sink = new SlotRingReader(after);
    expect([sink.available(), sink.i32[sink.slotBase(0) >> 2]]).toEqual([1, 42]);
    expect(new StageMetricsReader(metrics).read()).toMatchObject({
      stage: "adder",
      counters: { added: 1 },
    });
  });

  it("runs on a thread of its own, waits for room, and empties its input before it ends", async () => {
    const stage = await load(pathToFileURL(join(folder, "adder.mjs")).href, { step: 1 });
    const [input, output] = [ring(), ring()];
    const metrics = stage.createMetrics("second");
    const thread = startStageThread({ stage, input, output, metrics });
    const records = 1000;
    const seen = await pumpRecords({ input, output }, records, () => thread.stop());
    expect(seen).toEqual(Array.from({ length: records }, (_, i) => i + 1));
    expect(new StageMetricsReader(metrics).read()).toMatchObject({
      thread: "second",
      counters: { added: records },
    });
  });

  it("is killed at the deadline when nobody reads its output", async () => {
    const stage = await load(adder, { step: 1 });
    const [input, output] = [ring(), ring()];
    const metrics = stage.createMetrics();
    const thread = startStageThread({ stage, input, output, metrics });
    const source = new SlotRingWriter(input);
    for (let value = 0; value < 128; value += 1) {
      while (source.claim(1) === 0) await source.waitForSpaceAsync(20);
      source.publish(1);
    }
    expect(await thread.stop(50)).toBe(false);
    expect(new StageMetricsReader(metrics).value("counters", "added")).toBe(64);
  });

  it("that throws ends its thread, and who started it hears why", async () => {
    const stage = await load(adder, { step: 1, dies: true });
    const [input, output] = [ring(), ring()];
    const metrics = stage.createMetrics();
    const thread = startStageThread({ stage, input, output, metrics });
    await expect(thread.ended).rejects.toThrow("thread of stage=adder: as it was told");
    await expect(thread.stop()).rejects.toThrow("as it was told");
  });

  it.each(["start", "work"])(
    "that exits in %s though its work is not done has failed",
    async (exits) => {
      const stage = await load(adder, { step: 1, exits });
      const [input, output] = [ring(), ring()];
      const source = new SlotRingWriter(input);
      source.claim(1);
      source.publish(1);
      const metrics = stage.createMetrics();
      const thread = startStageThread({ stage, input, output, metrics });
      await expect(thread.ended).rejects.toThrow("thread of stage=adder: exit code=0");
      await expect(thread.stop()).rejects.toThrow("thread of stage=adder: exit code=0");
    },
  );

  it("that exits in its stop, when its work is done, has ended in order", async () => {
    const stage = await load(adder, { step: 1, exits: "stop" });
    const metrics = stage.createMetrics();
    const thread = startStageThread({ stage, input: ring(), output: ring(), metrics });
    expect(await thread.stop()).toBe(true);
    await thread.ended;
  });

  it("whose top-level await never settles is refused after a limit", async () => {
    const source = `await new Promise(() => {}); ${adderSource("never")}`;
    const module = moduleOf("never", source);
    const error: unknown = await loadStage(module, { step: 1 }, folder, 50).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({
      code: "failed",
      message: `stage=${module}: its module failed: its top-level await has not settled within loadMsMax=50`,
    });
  });

  it("has loaded before it moves, and has not when its thread ends before", async () => {
    const stage = await load(adder, { step: 1 });
    const metrics = stage.createMetrics();
    const thread = startStageThread({ stage, input: ring(), output: ring(), metrics });
    expect(thread.heartbeat()).toBe(0);
    await thread.loaded;
    expect(thread.heartbeat()).toBeGreaterThan(0);
    await thread.stop();
    const gone = { ...stage, url: `${stage.url}.gone` };
    const failing = startStageThread({ stage: gone, input: ring(), output: ring(), metrics });
    await expect(failing.loaded).rejects.toThrow("no such module");
  });

  it("whose work says nothing ends its thread with that, instead of never stopping", async () => {
    const source = adderSource("silent").replace("return count;", "");
    const stage = await load(moduleOf("silent", source), { step: 1 });
    const metrics = stage.createMetrics();
    const thread = startStageThread({ stage, input: ring(), output: ring(), metrics });
    await expect(thread.ended).rejects.toThrow(
      "stage=silent: work returned undefined, expected a number of 0 or more",
    );
  });

  it("is never left idle for ever", () => {
    const idled: number[] = [];
    const stage = { name: "idle", start() {}, work: () => 0, idleMs: () => Number.NaN, stop() {} };
    runDutyCycle(
      stage,
      (ms) => idled.push(ms),
      () => idled.length > 0,
    );
    expect(idled).toEqual([20]);
  });

  it("comes from a package that is for import alone, from any of its entries", async () => {
    const home = join(folder, "node_modules/@acme/stages");
    mkdirSync(join(home, "dist/more"), { recursive: true });
    const exports = {
      ".": { types: "./dist/index.d.ts", import: "./dist/index.mjs" },
      "./more/*": [{ browser: "./none.mjs" }, { node: { default: "./dist/more/*.mjs" } }],
      "./more/hidden": null,
    };
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "@acme/stages", exports }));
    writeModule(home, "dist/index", adderSource("first"));
    writeModule(home, "dist/more/second", adderSource("second"));
    expect((await load("@acme/stages", { step: 1 })).name).toBe("first");
    expect((await load("@acme/stages/more/second", { step: 1 })).name).toBe("second");
    for (const path of ["more/hidden", "other"])
      expect((await refusal(`@acme/stages/${path}`))[0]).toBe("not-found");
  });

  it("refuses rings whose slots are not its records", async () => {
    const stage = await load(adder, { step: 1 });
    const metrics = stage.createMetrics();
    expect(() => startStageThread({ stage, input: ring(16), output: ring(), metrics })).toThrow(
      "adder input: slotBytes=16 must be 8",
    );
  });
});

describe("a module that is no stage", () => {
  let shapes = 0;

  it("is named with its path when it is missing, as is a package", async () => {
    const [code, message] = await refusal("./lost.mjs");
    expect(code).toBe("not-found");
    expect(message).toMatch(/^stage=\.\/lost\.mjs: no such module: file:.*lost\.mjs$/);
    expect(await refusal("weir-no-such-package")).toEqual([
      "not-found",
      expect.stringContaining("stage=weir-no-such-package: no such package from"),
    ]);
  });

  it("is named with what it threw, also when a module that it needs is missing", async () => {
    const throwing = moduleOf("throwing", 'throw new Error("not today");');
    expect(await refusal(throwing)).toEqual([
      "failed",
      "stage=./throwing.mjs: its module failed: not today",
    ]);
    const needing = moduleOf("needing", 'import "./lost.mjs"; export const stage = {};');
    expect((await refusal(needing))[0]).toBe("failed");
  });

  it.each([
    ["export const other = 1;", 'export "stage" is undefined, expected an object'],
    ["export const stage = {};", "name is undefined, expected a string"],
    ['export const stage = { name: "a" };', "configure is undefined, expected a function"],
    [
      'export const stage = { name: "a", inputBytes: 12, outputBytes: 8, configure() {} };',
      "inputBytes=12, expected a multiple of 8 from 8 to 65536",
    ],
    [
      'export const stage = { name: "A", inputBytes: 8, outputBytes: 8, configure() {} };',
      "metrics: stage=A: expected lower-case words",
    ],
    [
      'export const stage = { name: "a", inputBytes: 8, outputBytes: 8, configure() {} };',
      "configure returned undefined",
    ],
  ])("is named with what it lacks: %s", async (source, expected) => {
    shapes += 1;
    const name = `shape-${shapes}`;
    const [code, message] = await refusal(moduleOf(name, source));
    expect(code).toBe("shape");
    expect(message).toContain(`stage=./${name}.mjs: ${expected}`);
  });

  it("is told apart from options that it refuses", async () => {
    expect(await refusal(adder, { step: "much" })).toEqual([
      "options",
      "stage=./adder.mjs: options: step=much: expected an integer",
    ]);
  });
});
