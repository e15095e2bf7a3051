import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import {
  createStageMetrics,
  StageMetrics,
  StageMetricsReader,
} from "../../../engine/metrics/stage-metrics.ts";
import { stageMetricsPage } from "../../../engine/metrics/stage-metrics-page.ts";
import { StageMetricsSet } from "../../../engine/metrics/stage-metrics-set.ts";
import type { StageMetricsTable } from "../../../engine/metrics/stage-table.ts";

const table = {
  stage: "price-filter",
  counters: {
    passed: { name: "filter_passed_total", help: "Records passed on" },
    busy: { name: "filter_busy_seconds_total", help: "Time at work", unit: "us" },
  },
  gauges: { held: { name: "filter_held_bytes", help: "Bytes held", unit: "bytes" } },
  histograms: { wait: { name: "filter_wait_seconds", help: "Time in the ring", unit: "us" } },
} as const satisfies StageMetricsTable;

const filled = (thread = ""): SharedArrayBuffer => {
  const memory = createStageMetrics(table, thread);
  const metrics = new StageMetrics<typeof table>(memory);
  const passed = metrics.counter("passed");
  passed.add(2);
  passed.add(40);
  metrics.counter("busy").add(1_500_000);
  metrics.gauge("held").set(7);
  metrics.gauge("held").set(5);
  const wait = metrics.histogram("wait");
  for (const us of [0, 3, 4, 200, 1_000_000]) wait.record(us);
  return memory;
};

/** Sample lines of a page, name and labels to value. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );

describe("stage metrics", () => {
  it("keep a counter a number that only grows, whatever is added", () => {
    const memory = filled();
    const passed = new StageMetrics<typeof table>(memory).counter("passed");
    for (const amount of [Number.NaN, -1, Infinity])
      expect(() => passed.add(amount)).toThrow(`counters.passed: amount=${amount}, a finite`);
    passed.add(0);
    expect(new StageMetricsReader(memory).value("counters", "passed")).toBe(42);
  });

  it("are read back as they were declared, without the declaration", () => {
    const reading = new StageMetricsReader(filled()).read();
    expect(reading).toEqual({
      stage: "price-filter",
      thread: "",
      counters: { passed: 42, busy: 1_500_000 },
      gauges: { held: 5 },
      histograms: {
        wait: {
          count: 5,
          p50: 4,
          p99: expect.any(Number),
          max: expect.any(Number),
          sum: 1_000_207,
        },
      },
    });
    expect(reading.histograms["wait"]?.max).toBeGreaterThanOrEqual(1_000_000);
  });

  it("keep a histogram's sum in step with its counts, whatever is recorded", () => {
    const memory = createStageMetrics(table);
    const wait = new StageMetrics<typeof table>(memory).histogram("wait");
    for (const value of [5, Number.NaN, -7, 2 ** 40]) wait.record(value);
    const { count, sum } = new StageMetricsReader(memory).read().histograms["wait"] ?? {};
    expect({ count, sum }).toEqual({ count: 4, sum: 5 + 2 ** 32 - 1 });
  });

  it("are the same cells in another thread", async () => {
    const memory = filled();
    const file = JSON.stringify(
      new URL("../../../engine/metrics/stage-metrics.ts", import.meta.url).href,
    );
    const source = `
      const { workerData } = require("node:worker_threads");
      import(${file}).then(({ StageMetrics }) =>
        new StageMetrics(workerData).counter("passed").add(58));`;
    const worker = new Worker(source, { eval: true, workerData: memory });
    await new Promise((resolve) => worker.once("exit", resolve));
    expect(new StageMetricsReader(memory).value("counters", "passed")).toBe(100);
  });

  it("appear in Prometheus' units, with exact buckets", async () => {
    const page = stageMetricsPage([filled()]);
    const text = await page.render();
    expect(text).toContain("# TYPE filter_passed_total counter");
    expect(text).toContain("# HELP filter_wait_seconds Time in the ring");
    expect(text).toContain("# TYPE filter_wait_seconds histogram");
    const samples = samplesOf(text);
    const at = (name: string, more = ""): number | undefined =>
      samples.get(`${name}{stage="price-filter"${more}}`);
    expect(at("filter_passed_total")).toBe(42);
    expect(at("filter_busy_seconds_total")).toBe(1.5);
    expect(at("filter_held_bytes")).toBe(5);
    const bucket = (le: string) => at("filter_wait_seconds_bucket", `,le="${le}"`);
    expect([bucket("0"), bucket("0.000003"), bucket("0.000015")]).toEqual([1, 2, 3]);
    expect([bucket("0.000255"), bucket("0.262143"), bucket("1.048575")]).toEqual([4, 4, 5]);
    expect(bucket("+Inf")).toBe(5);
    expect(at("filter_wait_seconds_count")).toBe(5);
    expect(at("filter_wait_seconds_sum")).toBeCloseTo(1.000207, 9);
  });

  it("of one stage on two threads are told apart by a label, under one heading", async () => {
    const text = await stageMetricsPage([filled("market-1"), filled("market-2")]).render();
    expect(text.match(/# TYPE filter_passed_total/g)).toHaveLength(1);
    const samples = samplesOf(text);
    for (const thread of ["market-1", "market-2"]) {
      const labels = `stage="price-filter",thread="${thread}"`;
      expect(samples.get(`filter_passed_total{${labels}}`)).toBe(42);
    }
  });

  it("leave the page when their stage is removed", async () => {
    const memory = filled();
    const stages = new StageMetricsSet([memory]);
    expect(stages.read()).toHaveLength(1);
    expect(stages.remove(memory)).toBe(true);
    expect(stages.remove(memory)).toBe(false);
    expect(stages.read()).toEqual([]);
  });

  it("name the key that is not declared, and other memory", () => {
    const metrics = new StageMetrics(filled());
    expect(() => metrics.counter("lost")).toThrow(
      "counters.lost is not declared by stage=price-filter",
    );
    expect(() => new StageMetrics(new SharedArrayBuffer(4096))).toThrow("createStageMetrics");
    const reader = new StageMetricsReader(filled());
    expect(() => reader.value("gauges", "lost")).toThrow("gauges.lost is not declared");
    for (const key of ["lost", "passed"])
      expect(() => reader.histogram(key)).toThrow(`histograms.${key} is not declared`);
    expect(reader.histogram("wait").summary().count).toBe(5);
  });
});

describe("a stage's table", () => {
  const counter = { name: "a_total", help: "A" };
  const declared = (more: object): (() => unknown) => {
    const bad = { stage: "a", ...more } as StageMetricsTable;
    return () => createStageMetrics(bad);
  };

  it.each([
    [{ stage: "A b" }, "stage=A b: expected lower-case words"],
    [{ counters: { a: { ...counter, name: "a" } } }, "ends in _total"],
    [{ counters: { a: { ...counter, unit: "ms" } } }, "ends in _seconds_total"],
    [{ gauges: { a: { name: "a", help: "A", unit: "bytes" } } }, "ends in _bytes"],
    [{ counters: { a: { ...counter, unit: "hours" } } }, "unit=hours: expected 1, bytes, ns"],
    [{ counters: { a: { ...counter, name: "weir_a_total" } } }, "snake_case without weir_"],
    [{ counters: { a: { ...counter, help: "" } } }, "counters.a: help: expected one line"],
    [{ counters: { "a b": counter } }, "counters.a b: expected a camelCase key"],
    [{ counters: { a: counter, b: counter } }, "counters.b: name=a_total twice"],
    [{ counters: { a: undefined } }, "counters.a: undefined: expected name and help"],
    [{ stage: undefined }, "stage=undefined: expected lower-case words"],
  ])("is refused with the metric and what is expected: %j", (more, message) => {
    expect(declared(more)).toThrow(message);
  });

  it("has 64 metrics at most", () => {
    const counters = Object.fromEntries(
      Array.from({ length: 65 }, (_, i) => [`c${i}`, { name: `c${i}_total`, help: "C" }]),
    );
    expect(declared({ counters })).toThrow("declares 65 metrics, limit 64");
  });

  it("has no metric under a name that a histogram's samples have", () => {
    const histograms = { batch: { name: "batch_bytes", help: "Sizes", unit: "bytes" } } as const;
    const batch = { name: "batch_bytes_count", help: "Batches" };
    expect(declared({ gauges: { batch }, histograms })).toThrow(
      "histograms.batch: name=batch_bytes_count twice",
    );
    const stages = new StageMetricsSet([createStageMetrics({ stage: "one", histograms })]);
    expect(() => stages.add(createStageMetrics({ stage: "two", gauges: { batch } }))).toThrow(
      "batch_bytes_count: stage=two and stage=one declare it differently",
    );
    expect(() => stages.add(createStageMetrics({ stage: "two", histograms }))).not.toThrow();
  });

  it("may not say otherwise than another stage about a name, nor come twice", () => {
    const stages = new StageMetricsSet([filled()]);
    expect(() => stages.add(filled())).toThrow("stage=price-filter thread= is there already");
    const gauges = { passed: { name: "filter_held_bytes", help: "Other", unit: "bytes" } } as const;
    expect(() => stages.add(createStageMetrics({ stage: "other", gauges }))).toThrow(
      "filter_held_bytes: stage=other and stage=price-filter declare it differently",
    );
    expect(() => stages.add(createStageMetrics({ stage: "other" }))).not.toThrow();
  });
});
