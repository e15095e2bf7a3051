import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { addOutcome, BundleBuilder } from "../../../engine/bundle/bundle-builder.ts";
import { bundleTimeoutNs } from "../../../engine/bundle/bundle-layout.ts";
import { runSeed } from "../../random.ts";
import { KeepingSink, recordOf } from "./bundle-rig.ts";

const seed = runSeed("bundle-builder");

const setUp = () => {
  const sink = new KeepingSink();
  const latenciesNs: number[] = [];
  const builder = new BundleBuilder({ sink, onLatencyNs: (ns) => latenciesNs.push(ns) });
  const add = (id: number, nowNs = 0) => builder.add(recordOf(id, 0), 0, nowNs);
  const fill = (from: number, count: number, nowNs = 0) =>
    Array.from({ length: count }, (_, i) => add(from + i, nowNs));
  return { sink, builder, add, fill, latenciesNs };
};

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe("a bundle builder", () => {
  it("flushes the 16th record at once", () => {
    const { sink, builder, fill } = setUp();
    fill(0, 15);
    expect(sink.bundles).toEqual([]);
    expect(fill(15, 1)).toEqual([addOutcome.accepted]);
    expect(sink.bundles).toEqual([{ ids: numbers(0, 16), firstNs: 0 }]);
    expect(builder).toMatchObject({ accepted: 16, flushed: 16, held: 0 });
  });

  it("counts the 100 us from the first record, not from the last", () => {
    const { builder, add, sink } = setUp();
    expect(builder.shouldFlushTimeout(10 * bundleTimeoutNs)).toBe(false);
    add(1, 1000);
    add(2, 1000 + bundleTimeoutNs - 1);
    expect(builder.shouldFlushTimeout(1000 + bundleTimeoutNs - 1)).toBe(false);
    expect(builder.shouldFlushTimeout(1000 + bundleTimeoutNs)).toBe(true);
    add(3, 1000 + bundleTimeoutNs);
    expect(sink.bundles).toEqual([{ ids: [1, 2], firstNs: 1000 }]);
    expect(builder.shouldFlushTimeout(1000 + 2 * bundleTimeoutNs - 1)).toBe(false);
    expect(builder.bundles).toEqual({ size: 0, timeout: 1, shutdown: 0 });
  });

  it("takes an empty flush as done and counts no bundle", () => {
    const { builder, sink } = setUp();
    expect(builder.forceFlush("shutdown", 5)).toBe(true);
    expect([builder.bundles.shutdown, sink.bundles.length]).toEqual([0, 0]);
  });

  it("refuses bytes that are no record and keeps the rest", () => {
    const { builder, add } = setUp();
    add(1);
    const wrong = recordOf(2);
    wrong.setUint8(20, 7);
    expect(builder.add(wrong, 0, 0)).toBe(addOutcome.invalid);
    expect(builder).toMatchObject({ accepted: 1, invalid: 1, held: 1 });
  });

  it("takes another time-out for what it holds too", () => {
    const { builder, add } = setUp();
    add(1, 1000);
    builder.configure(10);
    expect(builder.shouldFlushTimeout(1009)).toBe(false);
    expect(builder.shouldFlushTimeout(1010)).toBe(true);
    expect(() => builder.configure(-1)).toThrow("timeoutNs=-1, limits 0 to 1000000000");
  });

  it("refuses a time-out that is none", () => {
    const sink = new KeepingSink();
    expect(() => new BundleBuilder({ sink, timeoutNs: -1 })).toThrow("timeoutNs=-1");
    expect(() => new BundleBuilder({ sink, timeoutNs: Number.NaN })).toThrow("timeoutNs=NaN");
  });
});

describe("the original's defects", () => {
  it("1.3 hazard: a refused record is not lost, the caller still has it and adds it again", () => {
    const { sink, builder, add, fill } = setUp();
    sink.isFull = true;
    fill(0, 16);
    expect(add(16)).toBe(addOutcome.refused);
    expect(builder).toMatchObject({ accepted: 16, refused: 1, held: 16 });
    sink.isFull = false;
    expect(add(16)).toBe(addOutcome.accepted);
    builder.forceFlush("shutdown", 1);
    expect(sink.ids).toEqual(numbers(0, 17));
  });

  it("1.3 hazard: the 16th record is said to be taken, so that nobody adds it twice", () => {
    const { sink, builder, fill } = setUp();
    sink.isFull = true;
    expect(fill(0, 16).at(-1)).toBe(addOutcome.acceptedNotFlushed);
    sink.isFull = false;
    expect(builder.shouldFlushTimeout(0)).toBe(true);
    expect(builder.forceFlush("timeout", 0)).toBe(true);
    expect(sink.ids).toEqual(numbers(0, 16));
    expect(builder.bundles).toEqual({ size: 1, timeout: 0, shutdown: 0 });
  });

  it("1.3 time-out: a flush is due without a new record", () => {
    const { builder, add, sink } = setUp();
    add(1, 0);
    expect(builder.shouldFlushTimeout(bundleTimeoutNs)).toBe(true);
    expect(builder.forceFlush("timeout", bundleTimeoutNs)).toBe(true);
    expect(sink.ids).toEqual([1]);
  });

  it("VX6: each bundle is counted once, by its true reason, those of one record too", () => {
    const { builder, add, fill, sink } = setUp();
    fill(0, 16);
    add(16, 0);
    builder.forceFlush("timeout", bundleTimeoutNs);
    add(17, bundleTimeoutNs);
    builder.forceFlush("shutdown", bundleTimeoutNs);
    expect(builder.bundles).toEqual({ size: 1, timeout: 1, shutdown: 1 });
    expect(sink.bundles.map(({ ids }) => ids.length)).toEqual([16, 1, 1]);
  });

  it("VX6: the latency is that of every record, not of the first alone", () => {
    const { builder, latenciesNs } = setUp();
    builder.add(recordOf(1, 100), 0, 500);
    builder.add(recordOf(2, 400), 0, 600);
    builder.forceFlush("timeout", 1000);
    expect(latenciesNs).toEqual([900, 600]);
  });

  it("VX8: a full sink is an outcome and a count, and gives no latency", () => {
    const { sink, builder, fill, latenciesNs } = setUp();
    sink.isFull = true;
    fill(0, 16);
    expect(builder.forceFlush("shutdown", 9)).toBe(false);
    expect([builder.sinkFull, builder.bundles.size, latenciesNs.length]).toEqual([2, 0, 0]);
  });
});

const step = fc.record({
  do: fc.constantFrom("add", "add", "add", "add", "add", "add", "poll", "flush", "spoiled"),
  afterNs: fc.oneof({ weight: 9, arbitrary: fc.nat(2000) }, fc.nat(2 * bundleTimeoutNs)),
  isFull: fc.boolean(),
});
const steps = fc.array(step, { maxLength: 300, size: "max" });

it("VX13: what went in is what came out and what is held, in order, at every step", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { sink, builder, add } = setUp();
      const taken: number[] = [];
      let nowNs = 0;
      for (const step of all) {
        nowNs += step.afterNs;
        sink.isFull = step.isFull;
        if (step.do === "poll" && builder.shouldFlushTimeout(nowNs))
          builder.forceFlush("timeout", nowNs);
        if (step.do === "flush") builder.forceFlush("shutdown", nowNs);
        if (step.do === "spoiled") builder.add(new DataView(new ArrayBuffer(32)), 0, nowNs);
        if (step.do === "add" && add(taken.length, nowNs) <= addOutcome.acceptedNotFlushed)
          taken.push(taken.length);
        expect(builder.accepted).toBe(taken.length);
        expect(builder.flushed + builder.held).toBe(taken.length);
        expect(sink.ids).toEqual(taken.slice(0, builder.flushed));
      }
      sink.isFull = false;
      expect(builder.forceFlush("shutdown", nowNs)).toBe(true);
      expect(sink.ids).toEqual(taken);
      const { size, timeout, shutdown } = builder.bundles;
      expect(size + timeout + shutdown).toBe(sink.bundles.length);
      expect(size).toBe(sink.bundles.filter(({ ids }) => ids.length === 16).length);
    }),
    { seed, numRuns: 60 },
  );
});
