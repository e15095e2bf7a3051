// A population of a million spans, some already sampled by their SDK, goes through the head sampler;
// the adjusted counts of what comes out estimate the population. The variance of one span that is
// kept with probability p and then weighs 1/p is (1 - p) / p.
import { describe, expect, it } from "vitest";

import { spanWord } from "../../../schemas/otlp/record-layout.ts";
import { Regroup } from "../../../schemas/otlp/regroup.ts";
import { createTraceScan } from "../../../schemas/otlp/signal-scan.ts";
import { HeadRules } from "../../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../../schemas/sampling/head-sampler.ts";
import { defaultPolicy } from "../../../schemas/sampling/head-settings.ts";
import { adjustedCountOf } from "../../../schemas/sampling/threshold.ts";
import { TraceState } from "../../../schemas/sampling/trace-state.ts";
import type { Random } from "../../random.ts";
import { runSeed, seeded } from "../../random.ts";

const population = 1_000_000;
const requestSpans = 2000;
const classes = ["error", "slow", "base"] as const;
type Class = (typeof classes)[number];
type Counts = { [name in Class]: number };

const utf8 = new TextEncoder();
const durationNs: { readonly [name in Class]: bigint } = {
  error: 5n,
  slow: 2_000_000_000n,
  base: 1000n,
};

/** One span as bytes, its trace id at offset 4: it is filled in later. */
const spanBytes = (name: Class, traceState: string): Uint8Array => {
  const state = utf8.encode(traceState);
  const times = new DataView(new ArrayBuffer(18));
  times.setUint8(0, 0x39);
  times.setBigUint64(1, 10n ** 18n, true);
  times.setUint8(9, 0x41);
  times.setBigUint64(10, 10n ** 18n + durationNs[name], true);
  const body = [
    0x0a,
    16,
    ...new Uint8Array(16),
    ...(state.length === 0 ? [] : [0x1a, state.length, ...state]),
    ...new Uint8Array(times.buffer),
    ...(name === "error" ? [0x7a, 2, 0x18, 2] : []),
  ];
  return Uint8Array.from([0x12, body.length, ...body]);
};

// What the SDK did before: nothing, or kept a half or a 64th and said so.
const upstream = [
  { state: "", above: 0 },
  { state: "vendor=1", above: 0 },
  { state: "ot=th:8", above: 0x80 },
  { state: "ot=th:fc", above: 0xfc },
] as const;

const templates = new Map(
  classes.flatMap((name) =>
    upstream.map(({ state }, index) => [`${name}${index}`, spanBytes(name, state)] as const),
  ),
);

const classOf = (random: Random): Class => {
  const draw = random.below(100);
  if (draw < 3) return "error";
  return draw < 12 ? "slow" : "base";
};

/** A request of the spans that the SDKs let through; all are counted. */
const request = (random: Random, originals: Counts): Uint8Array => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; i < requestSpans; i += 1) {
    const name = classOf(random);
    const sdk = random.below(upstream.length);
    originals[name] += 1;
    const high = random.below(2 ** 28);
    if (high >>> 20 < (upstream[sdk]?.above ?? 0)) continue;
    const span = (templates.get(`${name}${sdk}`) ?? new Uint8Array()).slice();
    const view = new DataView(span.buffer);
    view.setUint32(4 + 9, high << 4);
    view.setUint32(4 + 12, (random.below(2 ** 28) | (high << 28)) >>> 0);
    view.setUint8(4, 1);
    parts.push(span);
    size += span.length;
  }
  const envelope = (tag: number, body: number): number[] => [
    tag,
    ...[0, 7, 14].map((shift) => ((body >>> shift) & 127) | (shift < 14 ? 128 : 0)),
  ];
  const head = [...envelope(0x0a, size + 4), ...envelope(0x12, size)];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

type Outcome = { readonly originals: Counts; readonly estimates: Counts; readonly kept: number };

/** Reads classes and weights from the bytes that go on. */
const sampleAll = (random: Random, base: number): Outcome => {
  const originals = { error: 0, slow: 0, base: 0 };
  const estimates = { error: 0, slow: 0, base: 0 };
  const rules = new HeadRules({ ...defaultPolicy, rates: { ...defaultPolicy.rates, base } });
  const sampler = new HeadSampler({ hasDecisions: false });
  const scan = createTraceScan();
  const after = createTraceScan();
  const regroup = new Regroup(1 << 24);
  const state = new TraceState();
  let kept = 0;
  for (let sent = 0; sent < population; sent += requestSpans) {
    const bytes = request(random, originals);
    expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
    const partitionOf = new Int32Array(scan.count);
    sampler.passSpans(scan, rules, partitionOf);
    for (const message of regroup.build(scan, partitionOf, 1, sampler.edits)) {
      expect(after.scan(message.bytes, 0, message.bytes.length)).toBe(0);
      kept += after.count;
      for (let i = 0; i < after.count; i += 1) {
        const row = after.records.subarray(i * after.layout.stride);
        const cell = (word: number): number => row[word] ?? 0;
        const isSlow = cell(spanWord.endTimeLow) - cell(spanWord.startTimeLow) > 1e9;
        const isError = cell(spanWord.statusCode) === 2;
        const name = isError ? "error" : isSlow ? "slow" : "base";
        state.read(message.bytes, cell(spanWord.traceStateStart), cell(spanWord.traceStateEnd));
        expect(state.hasThreshold).toBe(true);
        estimates[name] += adjustedCountOf(state.threshold);
      }
    }
  }
  return { originals, estimates, kept };
};

const total = (counts: Counts): number => counts.error + counts.slow + counts.base;

/** Standard deviation of a class's estimate: rates of class and SDK, a quarter of spans each. */
const deviation = (count: number, rate: number): number => {
  const rates = [rate, rate, Math.min(rate, 1 / 2), Math.min(rate, 1 / 64)];
  return Math.sqrt(rates.reduce((sum, p) => sum + ((count / 4) * (1 - p)) / p, 0));
};

const check = ({ originals, estimates }: Outcome, base: number): void => {
  const rates = { error: 1, slow: 0.5, base };
  for (const name of classes) {
    const sd = deviation(originals[name], rates[name]);
    expect(Math.abs(estimates[name] - originals[name])).toBeLessThan(5 * sd + 1e-4 * population);
  }
};

describe("adjusted counts", () => {
  it.each([
    [0.01, 7],
    [0.05, 1],
    [0.25, 1],
  ])(
    "at base rate %f estimate a million spans with less than a hundredth of error",
    (base, seed) => {
      const outcome = sampleAll(seeded(seed), base);
      const { originals, estimates, kept } = outcome;
      expect(total(originals)).toBe(population);
      expect(kept).toBeLessThan(0.4 * population);
      expect(Math.abs(total(estimates) - population) / population).toBeLessThan(0.01);
      check(outcome, base);
    },
  );

  it("are within five standard deviations whatever the seed", () => {
    check(sampleAll(seeded(runSeed("adjusted counts")), 0.02), 0.02);
  });
});
