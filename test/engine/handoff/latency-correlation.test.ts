import { describe, expect, it } from "vitest";

import {
  correlationCells,
  CorrelationCells,
  type CorrelationSample,
  correlationSamplesMax,
  correlationSamplesOf,
  dropRate,
  latencyConfidencePearson,
  meanLatencyUs,
} from "../../../engine/handoff/latency-correlation.ts";
import { HIGH, LOW, setup } from "./handoff-rig.ts";

const sample = (latencyUs: number, confidence: number, wasDropped = false): CorrelationSample => ({
  latencyUs,
  confidence,
  wasDropped,
});

describe("samples", () => {
  it("come back as they were given, the newest thousand of them, oldest first", () => {
    const cells = new Float64Array(correlationCells);
    const writer = new CorrelationCells(cells);
    expect(correlationSamplesOf(cells)).toEqual([]);
    const given = Array.from({ length: correlationSamplesMax + 7 }, (_, i) =>
      sample(i * 4_000_000, i % 2, i % 3 === 0),
    );
    for (const { latencyUs, confidence, wasDropped } of given)
      writer.record(latencyUs, confidence, wasDropped);
    const kept = given
      .slice(7)
      .map(({ latencyUs, confidence, wasDropped }) =>
        sample(Math.min(latencyUs, 2 ** 32 - 1), confidence, wasDropped),
      );
    expect(correlationSamplesOf(cells)).toEqual(kept);
  });

  it("have a confidence to a millionth, and nothing outside its range", () => {
    const cells = new Float64Array(correlationCells);
    const writer = new CorrelationCells(cells);
    for (const confidence of [0.3, 2, -1, Number.NaN]) writer.record(1.9, confidence, true);
    writer.record(-5, 1, false);
    const [third = sample(0, 0), ...rest] = correlationSamplesOf(cells);
    expect(third.confidence).toBeCloseTo(0.3, 6);
    expect(third).toMatchObject({ latencyUs: 1, wasDropped: true });
    expect(rest).toEqual([
      sample(1, 1, true),
      sample(1, 0, true),
      sample(1, 0, true),
      sample(0, 1),
    ]);
  });

  it("go on behind those of a thread that ended", () => {
    const cells = new Float64Array(correlationCells);
    new CorrelationCells(cells).record(1, 0, false);
    new CorrelationCells(cells).record(2, 1, false);
    expect(correlationSamplesOf(cells)).toEqual([sample(1, 0), sample(2, 1)]);
  });
});

describe("what they tell", () => {
  // By hand: means 3 and 0.5; products 0.4 + 0.1 + 0 - 0.1 + 0 = 0.4; squares 10 and 0.22.
  const samples = [0.3, 0.4, 0.9, 0.4, 0.5].map((confidence, i) =>
    sample(i + 1, confidence, i === 4),
  );

  it("is Pearson's r of latency and confidence", () => {
    const r = 0.4 / Math.sqrt(10 * 0.22);
    expect(latencyConfidencePearson(samples)).toBeCloseTo(r, 12);
    expect(latencyConfidencePearson([sample(1, 1), sample(2, 0)])).toBe(-1);
    expect(
      latencyConfidencePearson([sample(10, 0.2), sample(20, 0.4), sample(30, 0.6)]),
    ).toBeCloseTo(1, 12);
  });

  it("is the mean latency of the sure ones, and how many of the slow ones were dropped", () => {
    expect(meanLatencyUs(samples, 0.5)).toBe(4);
    expect(meanLatencyUs(samples, 0)).toBe(3);
    expect(dropRate(samples, 4)).toBe(0.5);
    expect(dropRate(samples, 1)).toBe(0.2);
  });

  it("is nothing where there is nothing to tell", () => {
    expect(latencyConfidencePearson([])).toBeNull();
    expect(latencyConfidencePearson([sample(1, 0.5)])).toBeNull();
    expect(latencyConfidencePearson([sample(1, 0.5), sample(2, 0.5)])).toBeNull();
    expect(meanLatencyUs(samples, 0.95)).toBeNull();
    expect(dropRate(samples, 6)).toBeNull();
  });
});

it("a handoff keeps what it sent and what it dropped, with waits and confidence", () => {
  const { stage, clock, room, offer, diagnostics, samples } = setup({
    capacity: 2,
    batchSize: 1,
    batchTimeoutUs: 0,
    dropPolicy: "drop-oldest",
    adapts: false,
    sendMaxRetries: 0,
  });
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat64(0, 9, true);
  view.setFloat64(8, -9, true);
  stage.offer({ view, at: 0, bytes: 16, traceId: 9, queuedUs: 0, confidence: 0.75 }, HIGH);
  clock.us = 2000;
  stage.work();
  room.left = 0;
  for (const id of [1, 2, 3]) offer(id, LOW);
  clock.us = 5000;
  offer(4, LOW);
  stage.work();
  stage.stop();
  const kept = samples();
  expect(kept[0]).toMatchObject({ latencyUs: 2000, wasDropped: false });
  expect(kept[0]?.confidence).toBeCloseTo(0.75, 6);
  expect(kept.slice(1)).toEqual(
    kept.slice(1).map(() => expect.objectContaining({ confidence: 0, wasDropped: true })),
  );
  expect(kept).toHaveLength(5);
  const { correlation } = diagnostics();
  expect(correlation).toMatchObject({ samples: 5, meanLatencyUsHigh: 2000 });
  expect(correlation.pearson).toBe(latencyConfidencePearson(kept));
  expect(correlation.dropRateSlow).toBe(dropRate(kept, 1000));
});
